"""Hive tables: how DuckDB reads their objects, and how Glue describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.local.athena import storage
from skewless.local.athena.types import duckdb_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

    from skewless.local.athena.aws import Aws

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
    aws: Aws, table: Mapping[str, Any], connection: duckdb.DuckDBPyConnection
) -> tuple[str, int]:
    """A SELECT over all of a table's rows, and the size of the objects that it reads."""
    stored = table["StorageDescriptor"]
    columns = _columns(stored["Columns"])
    keys = _columns(table.get("PartitionKeys", []))
    selections, size = [], 0
    for values, location in _folders(aws, table):
        objects = storage.download(aws.s3, location, is_restricted=aws.is_restricted)
        if not objects:
            continue
        size += sum(one.size for one in objects)
        paths = _list(str(one.path) for one in objects)
        chosen = [*_read_columns(connection, stored, paths, columns), *_constants(keys, values)]
        selections.append(f"select {', '.join(chosen)} from {_reader(stored, paths, columns)}")
    if not selections:
        nothing = [f'cast(null as {kind}) as "{name}"' for name, kind in (*columns, *keys)]
        selections = [f"select {', '.join(nothing)} where false"]
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


def _folders(aws: Aws, table: Mapping[str, Any]) -> list[tuple[list[str], str]]:
    if not table.get("PartitionKeys"):
        return [([], table["StorageDescriptor"]["Location"])]
    return [
        (partition["Values"], partition["StorageDescriptor"]["Location"])
        for partition in aws.partitions(table["DatabaseName"], table["Name"])
    ]


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
    return f"read_parquet({paths}, union_by_name=true)"


def _read_columns(
    connection: duckdb.DuckDBPyConnection,
    stored: Mapping[str, Any],
    paths: str,
    columns: Sequence[tuple[str, str]],
) -> list[str]:
    """The table's columns as the files have them: cast if of another type, null if absent."""
    reader = _reader(stored, paths, columns)
    described = connection.execute(f"describe select * from {reader}").fetchall()
    present = {row[0].lower() for row in described}
    return [
        f"cast({_quoted(name) if name.lower() in present else 'null'} as {kind}) as {_quoted(name)}"
        for name, kind in columns
    ]


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
