"""Parquet files and Glue tables read by name, here or on AWS, into one Arrow table.

Values are as the files have them, but for times in Glue, which get their zone: UTC. Nothing here
knows a source or its schema, nor how bytes come from S3, which is for `objects` to know.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import InputError, StoreError, did_you_mean
from skewless.offline import objects
from skewless.offline.glue_table import describe_table, is_iceberg

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from pyiceberg.table import StaticTable

    from skewless.aws import Aws

pc: Any = pyarrow.compute
_GLUE_TABLE = re.compile(r"[A-Za-z0-9_]+\.[A-Za-z0-9_]+")
_READERS = 16


def read_named(name: str | Path, aws: Aws | None) -> pa.Table:
    """Read a Parquet file or folder, here or on S3, or a Glue table: whichever the name is of.

    Raises:
        InputError: it is of none, or cannot be read.
        StoreError: AWS refused.
    """
    text = str(name)
    if text.startswith("s3://"):
        return read_parquet(_objects(text, _needed(aws, text).client("s3")))
    path = Path(name)
    if path.is_dir():
        inside = sorted(file for file in path.rglob("*.parquet") if not _is_hidden(file.name))
        if not inside:
            raise InputError(f"the folder {text!r} holds no *.parquet file")
        return read_parquet([_File(str(file), file.read_bytes) for file in inside])
    if path.is_file():
        return read_parquet([_File(text, lambda: path)])
    if _GLUE_TABLE.fullmatch(text) and path.suffix not in (".parquet", ".pq"):
        return read_glue_table(text, _needed(aws, text))
    raise InputError(
        f"{text!r} is neither a Parquet file or folder that is here, nor an s3:// address, nor a "
        "Glue table 'database.table'"
    )


def _needed(aws: Aws | None, name: str) -> Aws:
    if aws is None:
        raise InputError(f"{name!r} is on AWS: say which, by to_arrow(frame, aws)")
    return aws


@dataclass(frozen=True, slots=True)
class _File:
    """A Parquet file by name, how to open it, and the partition columns that its folder names."""

    name: str
    open: Callable[[], Any]
    constants: Mapping[str, Any] = field(default_factory=dict)

    def read(self, columns: Collection[str] | None) -> pa.Table:
        """Read all columns, or those named (in lower case) that the file has."""
        try:
            source = self.open()
            source = pa.BufferReader(source) if isinstance(source, bytes) else source
            with pq.ParquetFile(source) as file:
                names = file.schema_arrow.names
                chosen = [name for name in names if columns is None or name.lower() in columns]
                table = file.read(columns=chosen)
                rows = file.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{self.name} cannot be read as Parquet: {error}") from error
        for name, scalar in self.constants.items():
            if columns is None or name in columns:
                table = table.append_column(name, pa.repeat(scalar, rows))
        return table


def read_parquet(files: Sequence[_File], columns: Collection[str] | None = None) -> pa.Table:
    """Read files side by side into one table; a column that a file lacks is null there.

    Raises:
        InputError: a file is truncated or no Parquet, or two disagree about a column's type.
    """
    with ThreadPoolExecutor(_READERS) as pool:
        tables = list(pool.map(lambda file: file.read(columns), files))
    try:
        return pa.concat_tables(tables, promote_options="default")
    except pa.ArrowException as error:
        for name in {name for table in tables for name in table.column_names}:
            found = {t.schema.field(name).type for t in tables if name in t.column_names}
            # Arrow would turn integers to doubles to unite them, and lose what is beyond 2^53.
            if any(map(pa.types.is_integer, found)) and not all(map(pa.types.is_integer, found)):
                raise InputError(
                    f"the files {files[0].name} to {files[-1].name} disagree about the type of "
                    f"column {name!r}: {', '.join(sorted(map(str, found)))}"
                ) from error
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        raise InputError(
            f"the files {files[0].name} to {files[-1].name} disagree: {error}"
        ) from error


def read_glue_table(
    name: str,
    aws: Aws,
    *,
    columns: Collection[str] | None = None,
    snapshot_id: int | None = None,
) -> pa.Table:
    """Read `"database.table"`, Iceberg or Parquet; Glue's timestamps have no zone and are UTC.

    Args:
        name: the table.
        aws: where it is.
        columns: the columns to read, in any case; they are returned as written here.
        snapshot_id: the state of an Iceberg table; the latest by default.

    Raises:
        InputError: there is no such table or column, or its files are not Parquet.
        StoreError: AWS refused.
    """
    described = describe_table(name, aws)
    if is_iceberg(described):
        return _read_iceberg(name, described, aws, columns, snapshot_id)
    stored = described["StorageDescriptor"]
    declared = {
        column["Name"].lower(): column["Type"]
        for column in (*stored["Columns"], *described.get("PartitionKeys", ()))
    }
    wanted = {column: column.lower() for column in (declared if columns is None else columns)}
    _check_declared(name, wanted, declared)
    if "parquet" not in stored.get("InputFormat", "").lower():
        raise InputError(f"the Glue table {name!r} is not Parquet: {stored.get('InputFormat')}")
    files = list(_table_files(described, aws))
    if not files:
        types = [_arrow_type(declared[lower]) for lower in wanted.values()]
        return _utc(pa.schema(list(zip(wanted, types, strict=True))).empty_table())
    table = read_parquet(files, set(wanted.values()))
    found: dict[str, Any] = {column.lower(): table[column] for column in table.column_names}
    absent = pa.nulls(table.num_rows)
    return _utc(pa.table({column: found.get(lower, absent) for column, lower in wanted.items()}))


def _check_declared(name: str, wanted: Mapping[str, str], declared: Collection[str]) -> None:
    if missing := [column for column, lower in wanted.items() if lower not in declared]:
        hints = "".join(did_you_mean(column, declared) for column in missing)
        raise InputError(
            f"the Glue table {name!r} has no column {', '.join(map(repr, missing))}.{hints}"
        )


def _read_iceberg(
    name: str,
    described: Mapping[str, Any],
    aws: Aws,
    columns: Collection[str] | None,
    snapshot_id: int | None,
) -> pa.Table:
    table = _iceberg_table(described, aws)
    declared = {column.name.lower(): column.name for column in table.schema().fields}
    wanted = {column: column.lower() for column in (declared if columns is None else columns)}
    _check_declared(name, wanted, declared)
    fields = tuple(declared[lower] for lower in wanted.values()) or ("*",)
    rows = table.scan(selected_fields=fields, snapshot_id=snapshot_id).to_arrow()
    if columns is None:
        return _utc(rows)
    chosen: dict[str, Any] = {column: rows[declared[lower]] for column, lower in wanted.items()}
    return _utc(pa.table(chosen))


def _iceberg_table(described: Mapping[str, Any], aws: Aws) -> StaticTable:
    """Return the current state of an Iceberg table that Glue describes."""
    # Deferred: where there is no room for pyiceberg, Athena reads the Iceberg tables.
    from pyiceberg.table import StaticTable  # noqa: PLC0415

    from skewless.offline.file_io import iceberg_properties  # noqa: PLC0415

    location = described["Parameters"]["metadata_location"]
    return StaticTable.from_metadata(location, properties=iceberg_properties(aws))


def _table_files(described: Mapping[str, Any], aws: Aws) -> Iterator[_File]:
    s3 = aws.client("s3")
    keys = described.get("PartitionKeys") or ()
    if not keys:
        yield from _objects(described["StorageDescriptor"]["Location"], s3, may_be_empty=True)
        return
    pages = (
        aws.client("glue")
        .get_paginator("get_partitions")
        .paginate(DatabaseName=described["DatabaseName"], TableName=described["Name"])
    )
    for partition in (partition for page in pages for partition in page["Partitions"]):
        constants = {
            key["Name"].lower(): _partition_value(value, key["Type"])
            for key, value in zip(keys, partition["Values"], strict=True)
        }
        location = partition["StorageDescriptor"]["Location"]
        for file in _objects(location, s3, may_be_empty=True):
            yield _File(file.name, file.open, constants)


def _partition_value(text: str, hive_type: str) -> Any:
    type_ = _arrow_type(hive_type)
    if text == "__HIVE_DEFAULT_PARTITION__":
        return pa.scalar(None, type_)
    return pa.scalar(text).cast(type_)


def _utc(table: pa.Table) -> pa.Table:
    """Return the table with UTC on every timestamp; in Glue they have no zone."""
    for index, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type) and column.type.tz is None:
            aware = pc.assume_timezone(table.column(index), "UTC")
            table = table.set_column(index, column.name, aware)
    return table


def _arrow_type(hive_type: str) -> pa.DataType:
    alias: Any = _ARROW_ALIASES.get(hive_type, hive_type)
    return pa.null() if "<" in alias or "(" in alias else pa.type_for_alias(alias)


_ARROW_ALIASES = {
    "tinyint": "int8",
    "smallint": "int16",
    "int": "int32",
    "integer": "int32",
    "bigint": "int64",
    "date": "date32",
    "timestamp": "timestamp[us]",
}


def _is_hidden(name: str) -> bool:
    return name.startswith(("_", "."))  # as Hive and Spark mark what is not a row


def _objects(uri: str, s3: Any, *, may_be_empty: bool = False) -> list[_File]:
    bucket, key = objects.split_uri(uri)
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        listed = [entry for page in pages for entry in page.get("Contents", ())]
    except (ClientError, BotoCoreError) as error:
        raise StoreError(f"{uri} could not be listed: {error}") from error
    folder = key if key.endswith("/") or not key else key + "/"
    found = [
        f"s3://{bucket}/{entry['Key']}"
        for entry in sorted(listed, key=lambda entry: str(entry["Key"]))
        if entry["Key"] == key or (entry["Key"].startswith(folder) and entry["Size"])
        if not _is_hidden(entry["Key"].rpartition("/")[2]) and not entry["Key"].endswith("/")
    ]
    if not found and not may_be_empty:
        raise InputError(f"there is no Parquet file at {uri}")
    return [_File(name, partial(objects.open_object, s3, name)) for name in found]
