"""Results as Athena gives them: text values, CSV objects, pages of GetQueryResults."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import csv

from localaws.core.athena import storage
from localaws.core.athena.engine import Column
from localaws.core.athena.types import athena_type, is_nested, is_timestamp

if TYPE_CHECKING:
    import duckdb

    from localaws.core.athena.engine import Relation
    from localaws.core.athena.run import Outcome, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class TextResult:
    """A result with every value as the text that Athena writes for it; null is null."""

    columns: tuple[Column, ...]
    rows: pa.Table
    has_header: bool = True

    def page(self, offset: int, limit: int) -> dict[str, Any]:
        """One answer of GetQueryResults; the first page begins with the names of the columns."""
        rows: list[dict[str, Any]] = []
        if self.has_header and offset == 0:
            rows.append({"Data": [{"VarCharValue": column.name} for column in self.columns]})
            limit -= 1
        part = self.rows.slice(offset, limit)
        rows += [
            {"Data": [{} if value is None else {"VarCharValue": value} for value in values]}
            for values in zip(*(column.to_pylist() for column in part.columns), strict=True)
        ]
        answer: dict[str, Any] = {
            "UpdateCount": 0,
            "ResultSet": {
                "Rows": rows,
                "ResultSetMetadata": {"ColumnInfo": [_described(one) for one in self.columns]},
            },
        }
        following = offset + part.num_rows
        if following < self.rows.num_rows:
            answer["NextToken"] = str(following)
        return answer


def text_of(connection: duckdb.DuckDBPyConnection, relation: Relation) -> TextResult:
    """Render a relation's values."""
    # By position: two columns of a result may have one name.
    positions = [f"c{position}" for position in range(len(relation.columns))]
    connection.register("result_rows", relation.table.rename_columns(positions))
    texts = []
    for position, column in zip(positions, relation.columns, strict=True):
        if is_nested(column.type):
            values = relation.table.column(positions.index(position)).to_pylist()
            texts.append(pa.array([_nested_text(value) for value in values], pa.string()))
        else:
            rendered = _rendered(position, column.type)
            selected = connection.sql(f"select {rendered} as value from result_rows")
            texts.append(selected.to_arrow_table().column("value"))
    names = [column.name for column in relation.columns]
    return TextResult(columns=relation.columns, rows=pa.Table.from_arrays(texts, names=names))


def store(run: Run, outcome: Outcome) -> TextResult | None:
    """Write Athena's objects at the output location; return the text result, if any."""
    if outcome.relation is not None:
        result = text_of(run.connection, outcome.relation)
        body = io.BytesIO()
        # Every value quoted, null empty and unquoted: so a reader can tell it from ''.
        csv.write_csv(result.rows, body, csv.WriteOptions(quoting_style="all_valid"))
        storage.put(run.aws.s3, outcome.output, body.getvalue())
        described = [[column.name, column.type] for column in result.columns]
        storage.put(run.aws.s3, f"{outcome.output}.metadata", json.dumps(described).encode())
        return result
    if outcome.manifest is None:
        lines = outcome.lines or ()
        storage.put(run.aws.s3, outcome.output, "".join(f"{line}\n" for line in lines).encode())
    if outcome.lines is None:
        return None
    return TextResult(
        columns=(Column(name="result", type="VARCHAR"),),
        rows=pa.table({"result": pa.array(outcome.lines, pa.string())}),
        has_header=False,
    )


def _described(column: Column) -> dict[str, Any]:
    precision, scale = _precision_and_scale(column.type)
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column.name,
        "Label": column.name,
        "Type": athena_type(column.type),
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": athena_type(column.type) == "varchar",
    }


def _precision_and_scale(kind: str) -> tuple[int, int]:
    written = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind)
    return (int(written[1]), int(written[2])) if written else (0, 0)


def _rendered(column: str, kind: str) -> str:
    if is_timestamp(kind):
        zone = " || ' UTC'" if kind.endswith("TIME ZONE") else ""
        value = column if zone else f"cast({column} as timestamp)"
        # Athena's usual timestamp has milliseconds; an Iceberg one keeps its microseconds.
        return (
            f"case when epoch_us({value}) % 1000 = 0 "
            f"then strftime({value}, '%Y-%m-%d %H:%M:%S.%g') "
            f"else strftime({value}, '%Y-%m-%d %H:%M:%S.%f') end{zone}"
        )
    if kind == "BLOB":
        return f"rtrim(regexp_replace(lower(hex({column})), '(..)', '\\1 ', 'g'))"
    if kind in {"DOUBLE", "FLOAT"}:
        return f"java_double({column})"
    return f"cast({column} as varchar)"


def _nested_text(value: Any) -> str | None:
    return None if value is None else _element_text(value)


def _element_text(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        case date():
            return value.isoformat()
        case dict():
            return "{" + ", ".join(f"{k}={_element_text(v)}" for k, v in value.items()) + "}"
        case [(_, _), *_]:
            return "{" + ", ".join(f"{k}={_element_text(v)}" for k, v in value) + "}"
        case list():
            return "[" + ", ".join(_element_text(element) for element in value) + "]"
        case _:
            return str(value)
