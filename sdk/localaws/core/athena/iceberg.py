"""Iceberg tables through pyiceberg: reading at a version, creating, and replacing rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import StaticTable
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    Transform,
    TruncateTransform,
    YearTransform,
)

from localaws.core.athena import scanned
from localaws.core.athena.failure import QueryFailedError
from localaws.core.athena.transpile import to_duckdb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import duckdb
    from pyiceberg.schema import Schema
    from sqlglot import exp

    from localaws.core.athena.aws import Aws
    from localaws.core.athena.scan import Scan

_T = TypeVar("_T")
_ATTEMPTS = 8
_INSPECTIONS = frozenset({"snapshots", "history", "files", "partitions", "manifests", "refs"})
_TIME_TRANSFORMS: Mapping[str, Callable[[], Transform[Any, Any]]] = {
    "day": DayTransform,
    "days": DayTransform,
    "hour": HourTransform,
    "hours": HourTransform,
    "month": MonthTransform,
    "months": MonthTransform,
    "year": YearTransform,
    "years": YearTransform,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The snapshot that a query asks for, by id or by time."""

    snapshot_id: int | None = None
    as_of: datetime | None = None


def version_of(clause: exp.Expr | None, connection: duckdb.DuckDBPyConnection) -> Version | None:
    """`FOR TIMESTAMP AS OF ...` or `FOR VERSION AS OF ...`, evaluated."""
    if clause is None:
        return None
    asked = to_duckdb(clause.expression)
    if clause.name.upper() != "TIMESTAMP":
        return Version(snapshot_id=_scalar(connection, f"select cast({asked} as bigint)"))
    micros = _scalar(connection, f"select epoch_us(cast({asked} as timestamptz))")
    return Version(as_of=datetime.fromtimestamp(micros / 1e6, UTC))


def read(
    aws: Aws,
    described: Mapping[str, Any],
    inspected: str,
    version: Version | None,
    scan: Scan,
) -> tuple[pa.Table, int]:
    """A table's rows, or what `"table$snapshots"` and its like show, and the bytes scanned for it.

    Args:
        aws: Where the table is.
        described: The table as Glue describes it.
        inspected: The part after the dollar sign, or nothing.
        version: The snapshot asked for; none is the current one.
        scan: What the query reads of it.
    """
    table = StaticTable.from_metadata(
        described["Parameters"]["metadata_location"], properties=aws.iceberg_properties
    )
    if inspected:
        if inspected not in _INSPECTIONS:
            raise QueryFailedError.table_not_found(
                described["DatabaseName"], f"{described['Name']}${inspected}"
            )
        shown: pa.Table = getattr(table.inspect, inspected)()
        return shown, shown.nbytes
    snapshot_id = _snapshot_id(table, version)
    fields = _schema_of(table, snapshot_id).fields
    names = [field.name for field in fields]
    chosen = [name for name in names if scan.columns is None or name.lower() in scan.columns]
    # A column that has changed since then prunes nothing.
    settled = [field for field in fields if field in table.schema().fields]
    found = table.scan(
        row_filter=scan.filter_of(settled),
        snapshot_id=snapshot_id,
        # Read at least one column, or the number of rows would be lost (`select count(*)`).
        selected_fields=tuple(chosen or names[:1]),
    )
    tasks = list(found.plan_files())
    counted = scanned.bytes_of_tasks(found, tasks) if chosen else 0
    reader = ArrowScan(found.table_metadata, found.io, found.projection(), found.row_filter)
    return reader.to_table(tasks), scan.times * counted


def _schema_of(table: StaticTable, snapshot_id: int | None) -> Schema:
    """The columns that a query sees: those of the snapshot that it asks for."""
    snapshot = None if snapshot_id is None else table.snapshot_by_id(snapshot_id)
    if snapshot is None or snapshot.schema_id is None:
        return table.schema()
    return table.schemas()[snapshot.schema_id]


def create(
    aws: Aws, identifier: str, schema: pa.Schema, location: str, partitioning: str = ""
) -> None:
    """Create an empty table; `partitioning` is what PARTITIONED BY lists."""
    table = aws.iceberg.create_table(identifier, schema, location=location.rstrip("/"))
    if partitioning:
        with table.update_spec() as update:
            for column, transform in _transforms(partitioning):
                update.add_field(column, transform)


def append(aws: Aws, identifier: str, rows: pa.Table) -> None:
    """Append rows, given in any order of columns; absent columns are null."""

    def attempt() -> None:
        table = aws.iceberg.load_table(identifier)
        table.append(conform(rows, table.schema().as_arrow()))

    retrying(attempt)


def retrying(attempt: Callable[[], _T]) -> _T:
    """Try a commit again on the table's new state, if another commit came first.

    pyiceberg refuses to commit over data that it has not read, so a retry loses nothing.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except (CommitFailedException, ValidationException):
            continue
    return attempt()


def conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows in the order and types of a table."""
    given = {name.lower(): rows.column(name) for name in rows.column_names}
    columns = [
        given[field.name.lower()].cast(field.type)
        if field.name.lower() in given
        else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _snapshot_id(table: StaticTable, version: Version | None) -> int | None:
    if version is None:
        return None
    if version.as_of is None:
        return version.snapshot_id
    snapshot = table.snapshot_as_of_timestamp(int(version.as_of.timestamp() * 1000))
    if snapshot is None:
        raise QueryFailedError(
            "INVALID_ARGUMENTS", f"No version history table at or before {version.as_of}"
        )
    return snapshot.snapshot_id


def _transforms(partitioning: str) -> Iterator[tuple[str, Transform[Any, Any]]]:
    for name, arguments, column in re.findall(
        r"(\w+)\s*\(([^)]*)\)|[`\"]?(\w+)[`\"]?", partitioning
    ):
        if column:
            yield column, IdentityTransform()
            continue
        given = [argument.strip(' `"') for argument in arguments.split(",")]
        match name.lower():
            case "bucket":
                yield given[1], BucketTransform(int(given[0]))
            case "truncate":
                yield given[1], TruncateTransform(int(given[0]))
            case known if known in _TIME_TRANSFORMS:
                yield given[0], _TIME_TRANSFORMS[known]()
            case unknown:
                raise QueryFailedError.not_supported(f"Partition transform '{unknown}'")


def _scalar(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchall()[0]
    return int(row[0])
