"""Any frame in, Arrow inside, the user's own library out.

Nothing here knows a schema: what does not fit one is `normalise`'s to say, so a column of mixed
Python values becomes an Arrow union, and no value is changed or lost on the way. pandas and polars
are never imported unless the caller already has them. What a name stands for is `named`'s.
"""

from __future__ import annotations

import decimal
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import narwhals as nw
import pyarrow as pa
import pyarrow.compute

from skewless.definitions.expression import INT64_MAX, INT64_MIN
from skewless.errors import InputError
from skewless.offline.named import read_named

if TYPE_CHECKING:
    from skewless.aws import Aws
    from skewless.definitions.types import ValueType

pc: Any = pyarrow.compute
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


def to_arrow(
    frame: object,
    aws: Aws | None = None,
    kinds: Mapping[str, ValueType] | None = None,
    *,
    only: bool = False,
) -> pa.Table:
    """Read a frame.

    Args:
        frame: a pandas, polars or Arrow frame, anything with the Arrow C stream interface, a list
            of dicts, a Parquet file or folder (a path or an `s3://` address), or a Glue table
            `"database.table"`. A pandas index is not read. Times in a Glue table are UTC.
        aws: where `s3://` and Glue are.
        kinds: the types of columns that will be used, for what has none in a file.
        only: whether other columns of a Glue table need not be read.

    Raises:
        InputError: it cannot be read; the message names the file or column and the reason.
        StoreError: AWS refused.
    """
    if isinstance(frame, str | Path):
        table = read_named(frame, aws, kinds, only=only)
    else:
        table = _read(frame)
    table = table.replace_schema_metadata(None)
    names = table.column_names
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"the frame has several columns named {', '.join(map(repr, repeated))}")
    return table


def _read(frame: Any) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
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
