"""Any frame in, Arrow inside, the user's own library out; and Parquet objects on S3.

Nothing here knows a schema: what does not fit one is `normalise`'s to say, so a column of mixed
Python values becomes an Arrow union, and no value is changed or lost on the way. pandas and polars
are never imported unless the caller already has them.
"""

from __future__ import annotations

import decimal
import io
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import narwhals as nw
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg.table import StaticTable

from skewless.definitions.expression import INT64_MAX, INT64_MIN
from skewless.errors import InputError, StoreError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from skewless.aws import Aws

pc: Any = pyarrow.compute
_GLUE_TABLE = re.compile(r"[A-Za-z0-9_]+\.[A-Za-z0-9_]+")
WHOLE = 8 * 1024 * 1024  # objects up to this size come in one request
_READERS = 16
_FILE_IO = {"py-io-impl": "skewless.offline.log.S3FileIO"}
S3_CLIENT = "skewless.s3"


Kind: TypeAlias = Literal["pandas", "polars", "arrow"]


def kind_of(frame: object) -> Kind:
    """Return the library to answer in: the frame's own, Arrow for all that is not a frame."""
    if nw.dependencies.is_pandas_dataframe(frame):
        return "pandas"
    return "polars" if nw.dependencies.is_polars_dataframe(frame) else "arrow"


def like(table: pa.Table, kind: str) -> Any:
    """Return the table as a frame of the library.

    In pandas, integers and booleans with nulls are `Int64` and `boolean` (never floats), times are
    UTC, and columns without nulls have NumPy's types.
    """
    match kind:
        case "pandas":
            return _to_pandas(table)
        case "polars":
            return nw.from_arrow(table, backend="polars").to_native()
        case _:
            return table


def to_arrow(frame: object, aws: Aws | None = None) -> pa.Table:
    """Read a frame.

    Args:
        frame: a pandas, polars or Arrow frame, anything with the Arrow C stream interface, a list
            of dicts, a Parquet file or folder (a path or an `s3://` address), or a Glue table
            `"database.table"`. A pandas index is not read. Times in a Glue table are UTC.
        aws: where `s3://` and Glue are.

    Raises:
        InputError: it cannot be read; the message names the file or column and the reason.
        StoreError: AWS refused.
    """
    table = _read(frame, aws).replace_schema_metadata(None)
    names = table.column_names
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"the frame has several columns named {', '.join(map(repr, repeated))}")
    return table


def _read(frame: Any, aws: Aws | None) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if isinstance(frame, str | Path):
        return _read_named(frame, aws)
    if nw.dependencies.is_pandas_dataframe(frame):
        return _from_pandas(frame)
    if isinstance(frame, Sequence) and all(isinstance(row, Mapping) for row in frame):
        return _from_rows(frame)
    native = nw.from_native(frame, eager_only=True, pass_through=True)
    if isinstance(native, nw.DataFrame):
        return native.to_arrow()
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(frame).read_all()
    hint = " Call .collect() first." if hasattr(frame, "collect") else ""
    raise InputError(
        f"a {type(frame).__name__} is not a frame; give a pandas, polars or Arrow frame, a list of "
        f"dicts, a Parquet path or s3:// address, or a Glue table 'database.table'.{hint}"
    )


def _from_pandas(frame: Any) -> pa.Table:
    names, columns = [str(name) for name in frame.columns], []
    for index, name in enumerate(names):
        series = frame.iloc[:, index]
        try:
            columns.append(_from_series(series))
        except pa.ArrowException as error:
            raise InputError(
                f"column {name!r} of dtype {series.dtype} has no Arrow form: {error}"
            ) from error
    return pa.Table.from_arrays(columns, names)


def _from_series(series: Any) -> Any:
    if series.dtype == object:
        return column_of(series.tolist())
    if getattr(series.dtype, "tz", None) is None:
        return pa.array(series, from_pandas=True)
    # pandas warns of what Arrow does with its zoned columns; instants are the same in UTC.
    return pc.assume_timezone(pa.array(series.dt.tz_convert(None).to_numpy()), "UTC")


def _from_rows(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: column_of([row.get(name) for row in rows]) for name in names})


def column_of(values: Sequence[Any]) -> pa.Array[Any]:
    """Return Python values as an Arrow array: a union where they are of several kinds."""
    found = set(map(type, values)) - {type(None)}
    if len(found) == 1 and found <= _PLAIN:
        try:
            quick: pa.Array[Any] = pa.array(values, from_pandas=True)  # NaN is null
        except (OverflowError, UnicodeEncodeError):
            pass
        else:
            return quick
    kinds = [_kind(value) for value in values]
    present = list(dict.fromkeys(kind for kind in kinds if kind is not None))
    if not present:
        return pa.nulls(len(values))
    if len(present) == 1:
        clean = [None if kind is None else v for v, kind in zip(values, kinds, strict=True)]
        return _array(clean, present[0])
    # Nulls go to the first child.
    codes = [present.index(kind) if kind is not None else 0 for kind in kinds]
    children: list[list[Any]] = [[] for _ in present]
    offsets = []
    for value, kind, code in zip(values, kinds, codes, strict=True):
        offsets.append(len(children[code]))
        children[code].append(None if kind is None else value)
    arrays = [_array(child, kind) for child, kind in zip(children, present, strict=True)]
    return pa.UnionArray.from_dense(
        pa.array(codes, pa.int8()), pa.array(offsets, pa.int32()), arrays
    )


def _kind(value: Any) -> str | None:  # noqa: C901, PLR0911, PLR0912 - one case for each kind of value
    match value:
        case None:
            return None
        case bool():
            return "bool"
        case float():
            return "float" if value == value else None  # noqa: PLR0124 - NaN, which is null
        case str():
            return "string"
        case datetime():
            if type(value).__name__ == "NaTType":
                return None
            exact = "" if not getattr(value, "nanosecond", 0) else "nanosecond "
            return exact + ("naive" if value.tzinfo is None else "instant")
        case date():
            return "date"
        case decimal.Decimal():
            return None if value.is_nan() else "decimal" if value.is_finite() else "other"
        case bytes() | bytearray() | memoryview():
            return "bytes"
        case Mapping():
            return "struct"
    kind = type(value).__name__
    if kind == "NAType":
        return None
    if kind.startswith("bool"):
        return "bool"
    if hasattr(value, "__index__"):
        return "int" if INT64_MIN <= value <= INT64_MAX else "big"
    if hasattr(value, "__float__") and kind.startswith("float"):
        return "float" if value == value else None  # noqa: PLR0124 - NumPy's NaN
    return "list" if isinstance(value, list | tuple) or hasattr(value, "tolist") else "other"


_PLAIN = frozenset({bool, int, float, str})
_TYPES: Mapping[str, pa.DataType] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bytes": pa.binary(),
    "naive": pa.timestamp("us"),
    "instant": pa.timestamp("us", "UTC"),
    "nanosecond naive": pa.timestamp("ns"),
    "nanosecond instant": pa.timestamp("ns", "UTC"),
}


def _array(values: list[Any], kind: str) -> pa.Array[Any]:
    try:
        if kind not in ("big", "other"):
            return pa.array(values, _TYPES.get(kind))
    except UnicodeEncodeError:
        encoded = (None if v is None else v.encode("utf-8", "surrogatepass") for v in values)
        return pa.array(list(encoded), pa.binary())
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        pass
    # No Arrow type holds these: their text stands for them, in a shape that fits no schema.
    texts = [None if v is None else {"unsupported": f"{v!r}"} for v in values]
    return pa.array(texts, pa.struct([("unsupported", pa.string())]))


def _to_pandas(table: pa.Table) -> Any:
    import pandas as pd  # noqa: PLC0415 - the caller's frame is pandas, so it is there

    names = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
    nullable = {getattr(pa, name.lower())(): getattr(pd, f"{name}Dtype")() for name in names}
    nullable[pa.bool_()] = pd.BooleanDtype()
    with_nulls = [
        name
        for name in table.column_names
        if table[name].null_count and table[name].type in nullable
    ]
    plain = table.drop_columns(with_nulls).to_pandas()
    if not with_nulls:
        return plain
    rest = table.select(with_nulls).to_pandas(types_mapper=nullable.get)
    return pd.concat([plain, rest], axis=1)[table.column_names]


def _read_named(name: str | Path, aws: Aws | None) -> pa.Table:
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


def describe_table(name: str, aws: Aws) -> Mapping[str, Any]:
    """Return a table as Glue describes it.

    Raises:
        InputError: there is no such table.
        StoreError: AWS refused.
    """
    database, _, table = name.partition(".")
    glue = aws.client("glue")
    try:
        answer = glue.get_table(DatabaseName=database.lower(), Name=table.lower())
    except glue.exceptions.EntityNotFoundException as error:
        raise InputError(f"there is no Glue table {name!r}") from error
    except (ClientError, BotoCoreError) as error:
        raise StoreError(f"the Glue table {name!r} could not be read: {error}") from error
    described: Mapping[str, Any] = answer["Table"]
    return described


def is_iceberg(described: Mapping[str, Any]) -> bool:
    """Say whether a Glue table is an Iceberg table."""
    kind: str = described.get("Parameters", {}).get("table_type", "")
    return kind.upper() == "ICEBERG"


def iceberg_table(described: Mapping[str, Any], aws: Aws) -> StaticTable:
    """Return the current state of an Iceberg table that Glue describes."""
    location = described["Parameters"]["metadata_location"]
    return StaticTable.from_metadata(location, properties=iceberg_properties(aws))


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
    table = iceberg_table(described, aws)
    declared = {column.name.lower(): column.name for column in table.schema().fields}
    wanted = {column: column.lower() for column in (declared if columns is None else columns)}
    _check_declared(name, wanted, declared)
    fields = tuple(declared[lower] for lower in wanted.values()) or ("*",)
    rows = table.scan(selected_fields=fields, snapshot_id=snapshot_id).to_arrow()
    if columns is None:
        return _utc(rows)
    chosen: dict[str, Any] = {column: rows[declared[lower]] for column, lower in wanted.items()}
    return _utc(pa.table(chosen))


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
    bucket, key = split_uri(uri)
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
    return [_File(name, partial(open_object, s3, name)) for name in found]


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of an `s3://` address."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


def open_object(s3: Any, uri: str) -> pa.NativeFile:
    """Open an object: a small one with one request and no other, a large one by ranges.

    Raises:
        FileNotFoundError: there is no such object.
        OSError: S3 refused.
    """
    bucket, key = split_uri(uri)
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{WHOLE - 1}")
        head = answer["Body"].read()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "InvalidRange":  # an empty object has no first byte
            return pa.BufferReader(b"")
        if code in ("NoSuchKey", "404"):
            raise FileNotFoundError(f"there is no object {uri}") from error
        raise OSError(f"{uri}: {error}") from error
    except BotoCoreError as error:
        raise OSError(f"{uri}: {error}") from error
    size = int(answer["ContentRange"].rpartition("/")[2])
    if size <= len(head):
        return pa.BufferReader(head)
    return pa.PythonFile(_Ranges(s3, uri, head, size), mode="r")


class _Ranges(io.RawIOBase):
    """A large object, read by range requests; what was read to learn its size is kept."""

    def __init__(self, s3: Any, uri: str, head: bytes, size: int) -> None:
        super().__init__()
        self._s3, self._uri, self._head, self._size = s3, uri, head, size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        start = self._position
        end = min(start + len(buffer), self._size)
        if start >= end:
            return 0
        found = self._head[start:end] if end <= len(self._head) else self._fetch(start, end)
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)

    def _fetch(self, start: int, end: int) -> bytes:
        bucket, key = split_uri(self._uri)
        try:
            answer = self._s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{end - 1}")
            body: bytes = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise OSError(f"{self._uri}: {error}") from error
        return body


def write_bytes(uri: str, content: bytes, aws: Aws) -> None:
    """Write a file, at a path or an `s3://` address."""
    if not uri.startswith("s3://"):
        Path(uri).write_bytes(content)
        return
    bucket, key = split_uri(uri)
    try:
        aws.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
    except (ClientError, BotoCoreError) as error:
        raise StoreError(f"{uri} could not be written: {error}") from error


def iceberg_properties(aws: Aws) -> dict[str, Any]:
    """Return the properties by which pyiceberg reads and writes through the session's own client.

    Its default opens S3 by Arrow: other credentials, and five requests for a file where one does
    (7.4 s against 4.2 s for a year of days).
    """
    return {**_FILE_IO, S3_CLIENT: aws.client("s3")}
