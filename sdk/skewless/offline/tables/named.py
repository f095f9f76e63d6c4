"""Read the data that a name stands for: a file or folder, here or on S3, or a Glue table.

Values stay as they are stored. Known types of columns are used only for values without a type of
their own: those in paths and in text files.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute

from skewless.definitions import types
from skewless.errors import InputError
from skewless.offline.tables import folders, hive_types
from skewless.offline.tables.glue_rows import open_glue_table
from skewless.offline.tables.named_file import NamedFile
from skewless.offline.tables.parquet import ParquetFile, read_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.aws import Aws
    from skewless.definitions.types import ValueType
    from skewless.offline.tables.folders import FoundFile

pc: Any = pyarrow.compute
_GLUE_TABLE = re.compile(r"[A-Za-z0-9_]+\.[A-Za-z0-9_]+")
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")


def read_named(
    name: str | Path | NamedFile,
    aws: Aws | None,
    kinds: Mapping[str, ValueType] | None = None,
    *,
    only: bool = False,
) -> pa.Table:
    """Read the Parquet file or folder, here or on S3, or the Glue table that has the name.

    Args:
        name: a path, an `s3://` address, or `"database.table"`; with a zone for its times or not.
        aws: where `s3://` and Glue are.
        kinds: the types of columns that will be used, by name.
        only: whether other columns of a Glue table need not be read.

    Raises:
        InputError: nothing has the name, or it cannot be read.
        StoreError: AWS refused.
    """
    if isinstance(name, NamedFile):
        table = read_named(name.name, aws, kinds, only=only)
        return _with_zone(table, kinds or {}, name)
    text, known = str(name), kinds or {}
    if text.startswith("s3://"):
        s3 = _needed(aws, text).client("s3")
        inside = folders.files_on_s3(text, s3)
        if inside:
            return _read_folder(inside, known)
        if (file := folders.file_on_s3(text, s3)) is not None:
            return ParquetFile(file.name, file.open).read()
        raise InputError(f"there is no Parquet file at {text}")
    path = Path(name)
    if path.is_dir():
        inside = folders.files_here(path)
        if not inside:
            raise InputError(f"the folder {text!r} holds no Parquet file")
        return _read_folder(inside, known)
    if path.is_file():
        return ParquetFile(text, lambda: str(path)).read()
    if _GLUE_TABLE.fullmatch(text) and path.suffix not in (".parquet", ".pq"):
        return _read_glue(text, _needed(aws, text), kinds, only=only)
    raise InputError(
        f"{text!r} is neither a Parquet file or folder that is here, nor an s3:// address, nor a "
        "Glue table 'database.table'"
    )


def _with_zone(table: pa.Table, kinds: Mapping[str, ValueType], named: NamedFile) -> pa.Table:
    """Give the zone to times that have none, in the columns that will be used."""
    for index, field in enumerate(table.schema):
        is_naive = pa.types.is_timestamp(field.type) and field.type.tz is None
        if not is_naive or kinds.get(field.name) != types.Timestamp:
            continue
        try:
            aware = pc.assume_timezone(table.column(index), named.timezone)
        except pa.ArrowException as error:
            raise InputError(
                f"{named.name}, column {field.name!r}: a time names no one instant in "
                f"{named.timezone}: {error}"
            ) from error
        table = table.set_column(index, field.name, aware)
    return table


def _needed(aws: Aws | None, name: str) -> Aws:
    if aws is None:
        raise InputError(f"{name!r} is on AWS: say which, by to_arrow(frame, aws)")
    return aws


def _read_glue(
    name: str, aws: Aws, kinds: Mapping[str, ValueType] | None, *, only: bool
) -> pa.Table:
    table = open_glue_table(name, aws)
    if kinds is None:
        return table.read(table.declared, table.declared)
    # Glue has lower case only: columns that will be used get the caller's spelling.
    spelled = {kind.lower(): kind for kind in kinds}
    columns = [spelled.get(lower, lower) for lower in table.declared]
    return table.read([name for name in columns if name in kinds or not only], kinds)


def _read_folder(files: Sequence[FoundFile], kinds: Mapping[str, ValueType]) -> pa.Table:
    values = folders.partition_values(files)
    typed = {
        key: _typed([own[key] for own in values], kinds.get(key)) for key in (values or [{}])[0]
    }
    parquet = [
        ParquetFile(file.name, file.open, {key: column[place] for key, column in typed.items()})
        for place, file in enumerate(files)
    ]
    return read_all(parquet, _with_constants)


def _with_constants(file: ParquetFile) -> pa.Table:
    """Read a file with the values in its path. A column in both must agree."""
    table = file.read()
    for key, value in file.constants.items():
        if key not in table.column_names:
            table = table.append_column(key, pa.repeat(value, table.num_rows))
        elif not _agree(hive_types.plain(table[key]), value):
            raise InputError(
                f"{file.name} lies in a folder {key}={value.as_py()}, and its own column {key!r} "
                "has other values"
            )
    return table


def _agree(column: pa.ChunkedArray, value: pa.Scalar[Any]) -> bool:
    try:
        expected = value.cast(pa.string()).cast(column.type)
    except pa.ArrowException:
        return False
    return all(one == expected for one in column.unique())


def _typed(texts: Sequence[str | None], kind: ValueType | None) -> pa.Array[Any]:
    """Return the values in folders' names, by the known type or by their look.

    Without a known type, plain whole numbers are Int64; a code like 007 is text.
    """
    column = pa.array(texts, pa.string())
    wanted = _CASTS.get(kind) if isinstance(kind, types.Scalar) else None
    if isinstance(kind, types.Decimal):
        wanted = pa.decimal128(kind.precision, kind.scale)
    if kind is None and all(text is None or _WHOLE.fullmatch(text) for text in texts):
        wanted = pa.int64() if any(text is not None for text in texts) else None
    try:
        return column if wanted is None else column.cast(wanted)
    except pa.ArrowException:
        return column  # the caller, which knows the type, reports the error


_CASTS: Mapping[types.Scalar, pa.DataType] = {
    types.Bool: pa.bool_(),
    types.Int64: pa.int64(),
    types.Float64: pa.float64(),
    types.Date: pa.date32(),
}
