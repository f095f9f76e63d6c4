"""Hive tables: how DuckDB reads their objects, and how Glue describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.core.athena import parquet, partitions, scanned, storage
from localaws.core.athena.failure import QueryFailedError
from localaws.core.athena.types import duckdb_type

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import duckdb

    from localaws.core.athena.aws import Aws

_FORMATS = {
    "PARQUET": (
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "JSON": (
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.openx.data.jsonserde.JsonSerDe",
    ),
    "TEXTFILE": (
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    ),
}


def selection_of(
    aws: Aws,
    table: Mapping[str, Any],
    connection: duckdb.DuckDBPyConnection,
    named: Collection[str] | None,
) -> tuple[str, int]:
    """A SELECT over all of a table's rows, and the bytes that Athena would scan for it.

    Args:
        aws: Where the table is.
        table: It, as Glue describes it.
        connection: Where the SELECT will run.
        named: The names that the query mentions, in lower case; none is all columns.
    """
    declared = {
        column["Name"]: column["Type"]
        for column in table["StorageDescriptor"]["Columns"]
        if named is None or column["Name"].lower() in named
    }
    keys = _columns(table.get("PartitionKeys", []))
    names = frozenset(name.lower() for name in declared)
    selections, size = [], 0
    for values, stored in partitions.of_table(aws, table):
        objects = storage.download(aws.s3, stored["Location"], is_restricted=aws.is_restricted)
        if not objects:
            continue
        if _is_parquet(stored):
            parquet.check([(one.key, one.path) for one in objects], declared)
            size += sum(scanned.bytes_of_columns(one.path, names) for one in objects)
        else:
            size += sum(one.size for one in objects)
        paths = _list(str(one.path) for one in objects)
        # Text files have columns by position; Parquet has them by name.
        columns = [] if _is_parquet(stored) else _columns(table["StorageDescriptor"]["Columns"])
        reader = _reader(stored, paths, columns)
        read = _read_columns(connection, reader, declared, is_parquet=_is_parquet(stored))
        chosen = [*read, *_constants(keys, values)] or ["1"]
        selections.append(f"select {', '.join(chosen)} from {reader}")
    if not selections:
        columns = [(name, duckdb_type(kind)) for name, kind in declared.items()]
        nothing = [f"cast(null as {kind}) as {_quoted(name)}" for name, kind in (*columns, *keys)]
        selections = [f"select {', '.join(nothing or ['1'])} where false"]
    return " union all ".join(selections), size


def table_input(
    name: str,
    columns: Sequence[tuple[str, str]],
    keys: Sequence[tuple[str, str]],
    location: str,
    file_format: str,
    parameters: Mapping[str, str],
    delimiter: str | None = None,
) -> dict[str, Any]:
    """Glue's description of a Hive table; types are Hive's."""
    reads, writes, serde = _FORMATS[file_format]
    serde_parameters = {"serialization.format": "1"}
    if delimiter is not None:
        serde_parameters["field.delim"] = delimiter
    return {
        "Name": name.lower(),
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": file_format.lower(), **parameters},
        "PartitionKeys": [{"Name": key, "Type": kind} for key, kind in keys],
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": kind} for column, kind in columns],
            "Location": location,
            "InputFormat": reads,
            "OutputFormat": writes,
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": serde_parameters},
        },
    }


def add_partitions(aws: Aws, database: str, table: Mapping[str, Any]) -> None:
    """Register the `key=value/` folders under the table's location, as MSCK REPAIR TABLE does."""
    location = storage.folder_of(table["StorageDescriptor"]["Location"])
    _, prefix = storage.split(location)
    keys = [key["Name"] for key in table["PartitionKeys"]]
    folders: dict[tuple[str, ...], str] = {}
    for entry in storage.keys(aws.s3, location):
        folder = entry["Key"][len(prefix) :].rpartition("/")[0]
        pairs = [part.split("=", 1) for part in folder.split("/") if "=" in part]
        if [key for key, _ in pairs] == keys:
            folders[tuple(value for _, value in pairs)] = f"{location}{folder}/"
    partitions = [
        {
            "Values": list(values),
            "StorageDescriptor": {**table["StorageDescriptor"], "Location": at},
        }
        for values, at in folders.items()
    ]
    for start in range(0, len(partitions), 100):
        # Those that exist are reported, not raised; BatchCreatePartition takes 100 at a time.
        aws.glue.batch_create_partition(
            DatabaseName=database.lower(),
            TableName=table["Name"],
            PartitionInputList=partitions[start : start + 100],
        )


def _columns(described: Iterable[Mapping[str, str]]) -> list[tuple[str, str]]:
    return [(column["Name"], duckdb_type(column["Type"])) for column in described]


def _is_parquet(stored: Mapping[str, Any]) -> bool:
    """Whether it is Parquet, by its SerDe, or by its input format if it names none."""
    library = stored.get("SerdeInfo", {}).get("SerializationLibrary")
    return "parquet" in (library or stored.get("InputFormat", "")).lower()


def _reader(stored: Mapping[str, Any], paths: str, columns: Sequence[tuple[str, str]]) -> str:
    serde = stored.get("SerdeInfo", {})
    library = serde.get("SerializationLibrary", "").lower()
    parameters = serde.get("Parameters", {})
    types = "{" + ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in columns) + "}"
    if "json" in library:
        return f"read_json({paths}, columns={types}, format='newline_delimited')"
    if "lazysimple" in library or "csv" in library:
        delimiter = parameters.get("field.delim", "," if "csv" in library else "\x01")
        null = "" if "csv" in library else ", nullstr='\\N'"
        return f"read_csv({paths}, header=false, delim={_text(delimiter)}, columns={types}{null})"
    if not _is_parquet(stored):
        raise QueryFailedError.not_supported(f"Tables of {library or stored.get('InputFormat')}")
    return f"read_parquet({paths}, union_by_name=true)"


def _read_columns(
    connection: duckdb.DuckDBPyConnection,
    reader: str,
    declared: Mapping[str, str],
    *,
    is_parquet: bool,
) -> list[str]:
    """The table's columns as the files have them: cast if of another type, null if absent."""
    described = connection.execute(f"describe select * from {reader}").fetchall()
    present = {row[0].lower(): str(row[1]) for row in described}
    chosen = []
    for name, kind in declared.items():
        value = _quoted(name) if name.lower() in present else "null"
        if is_parquet and value != "null":
            value = parquet.as_declared(value, present[name.lower()], kind)
        chosen.append(f"cast({value} as {duckdb_type(kind)}) as {_quoted(name)}")
    return chosen


def _constants(keys: Sequence[tuple[str, str]], values: Sequence[str]) -> list[str]:
    return [
        f"cast({_text(value) if value != _NO_VALUE else 'null'} as {kind}) as {_quoted(name)}"
        for (name, kind), value in zip(keys, values, strict=True)
    ]


_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"
