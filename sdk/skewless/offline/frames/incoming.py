"""Any frame in, Arrow inside.

Nothing here knows a schema; `normalise` judges what fits one. So a column of mixed Python values
becomes an Arrow union, and no value is changed or lost. pandas and polars are used only if the
caller has imported them. `named` resolves names of files and tables.
"""

from __future__ import annotations

import decimal
import functools
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute

from skewless.compiler.physical import is_null
from skewless.definitions import types
from skewless.definitions.expression import INT64_MAX, INT64_MIN
from skewless.errors import InputError
from skewless.offline.tables.named import read_named
from skewless.offline.tables.named_file import NamedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from skewless.aws import Aws
    from skewless.definitions.types import ValueType

pc: Any = pyarrow.compute
_MOST_DIGITS = 76  # of a decimal in Arrow


class NoArrowFormError(InputError):
    """A column holds a value for which Arrow has no type.

    Attributes:
        what: the column and the reason, without a way out.
    """

    def __init__(self, name: str, kind: str, reason: object) -> None:
        self.what = f"column {name!r} ({kind}) has no Arrow form: {str(reason).rstrip('.')}"
        super().__init__(f"{self.what}. Drop it, or make it something that Arrow holds")


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
        kinds: the types of columns that will be used, for files that have no types. Other columns
            are read as text if they have no Arrow form. By default all are used.
        only: whether other columns of a Glue table need not be read.

    Raises:
        InputError: it cannot be read; the message names the file or column and the reason.
        StoreError: AWS refused.
    """
    table = _read(frame, aws, kinds, only=only).replace_schema_metadata(None)
    names = table.column_names
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"the frame has several columns named {', '.join(map(repr, repeated))}")
    return table


def collected(frame: Any) -> Any:
    """Return an eager frame: a LazyFrame of polars is collected."""
    return frame.collect() if nw.dependencies.is_polars_lazyframe(frame) else frame


def is_rows(frame: object) -> bool:
    """Say whether a frame is a list of dicts."""
    return (
        isinstance(frame, Sequence)
        and not isinstance(frame, str)
        and all(isinstance(row, Mapping) for row in frame)
    )


def arrow_table(
    frame: Any,
    aws: Aws | None,
    kinds: Mapping[str, ValueType] | None = None,
    *,
    only: bool = False,
) -> pa.Table:
    """Read an object that is neither pandas, polars nor rows, with its Arrow metadata.

    The arguments are those of `to_arrow`.

    Raises:
        InputError: it is no frame, or cannot be read.
        StoreError: AWS refused.
    """
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if isinstance(frame, str | Path | NamedFile):
        return read_named(frame, aws, kinds, only=only)
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


def pandas_array(series: Any, name: str, *, keeps_zone: bool = False) -> Any:
    """Return a pandas column as an Arrow array; NaN is null, zoned times are UTC unless kept.

    Raises:
        NoArrowFormError: Arrow has no type for it.
    """
    kind = series.dtype
    if kind == object:  # noqa: E721 - a dtype, which compares with types
        return column_of(series.tolist(), name)
    try:
        if hasattr(kind, "subtype") and hasattr(kind, "fill_value"):
            series = series.sparse.to_dense()  # which Arrow does not know
        if getattr(kind, "tz", None) is None:
            return pa.array(series, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise NoArrowFormError(name, f"dtype {kind}", error) from error
    # pandas warns about Arrow's use of zoned columns; the instants are the same in UTC.
    instants = pc.assume_timezone(pa.array(series.dt.tz_convert(None).to_numpy()), "UTC")
    if keeps_zone:
        try:
            zone = pa.lib.tzinfo_to_string(kind.tz)
            return instants.cast(pa.timestamp(instants.type.unit, zone))
        except (pa.ArrowException, ValueError):  # a zone that Arrow has no name for
            pass
    return instants


def polars_array(series: Any) -> Any:
    """Return a polars column as an Arrow array.

    Raises:
        NoArrowFormError: Arrow has no type for it.
    """
    # Arrow has no integer of 128 bits, and polars would give the addresses of objects.
    if str(series.dtype) in ("Object", "Int128", "UInt128"):
        return column_of(series.to_list(), series.name)
    try:
        return series.to_arrow()
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise NoArrowFormError(series.name, f"dtype {series.dtype}", error) from error


def _read(
    frame: Any, aws: Aws | None, needed: Mapping[str, ValueType] | None, *, only: bool
) -> pa.Table:
    frame = collected(frame)
    if nw.dependencies.is_pandas_dataframe(frame):
        names = [str(name) for name in frame.columns]
        series = [frame.iloc[:, index] for index in range(len(names))]
        arrays = []
        for one, name in zip(series, names, strict=True):
            found = _maps(one.tolist()) if _is_map(name, needed) else None
            if found is None:
                read = functools.partial(pandas_array, one, name)
                found = _or_text(read, one.tolist, name, needed)
            arrays.append(found)
        return pa.Table.from_arrays(arrays, names)
    if nw.dependencies.is_polars_dataframe(frame):
        return pa.table(
            {
                one.name: _or_text(
                    functools.partial(polars_array, one), one.to_list, one.name, needed
                )
                for one in frame.get_columns()
            }
        )
    if is_rows(frame):
        return _from_rows(frame, needed)
    return arrow_table(frame, aws, needed, only=only)


def _or_text(
    read: Callable[[], Any],
    values: Callable[[], list[Any]],
    name: str,
    needed: Collection[str] | None,
) -> Any:
    """Read a column, or use its text if nobody needs the column."""
    try:
        return read()
    except NoArrowFormError:
        if needed is None or name in needed:
            raise
    return pa.array([None if is_null(value) else str(value) for value in values()], pa.string())


def _from_rows(
    rows: Sequence[Mapping[str, Any]], needed: Mapping[str, ValueType] | None
) -> pa.Table:
    found = {}
    for name in names_of_rows(rows):
        values = [row.get(name) for row in rows]
        made = _maps(values) if _is_map(name, needed) else None
        found[name] = column_of(values) if made is None else made
    return pa.table(found)


def _is_map(name: str, needed: Mapping[str, ValueType] | None) -> bool:
    return isinstance((needed or {}).get(name), types.Map)


def _maps(values: Sequence[Any]) -> pa.Array[Any] | None:
    """Return dicts, or lists of pairs, as lists of entries; None if some value is neither.

    Arrow would make structs of dicts, which have all keys in all rows.
    """
    found = [_pairs(value) for value in values]
    if any(pairs is None and not is_null(v) for pairs, v in zip(found, values, strict=True)):
        return None
    inside = [pair for pairs in found for pair in pairs or ()]
    ends = pa.array([0, *accumulate(len(pairs or ()) for pairs in found)], pa.int32())
    columns = [column_of([pair[place] for pair in inside]) for place in (0, 1)]
    entries = pa.StructArray.from_arrays(columns, ["key", "value"])
    mask = pa.array([pairs is None for pairs in found], pa.bool_())
    return pa.ListArray.from_arrays(ends, entries, mask=mask)


def _pairs(value: Any) -> list[Any] | None:
    """Return the entries of a map as Python, Arrow or polars write it; None of anything else."""
    if isinstance(value, Mapping):
        return list(value.items())
    items = value.tolist() if type(value).__name__ == "ndarray" else value
    if not isinstance(items, list | tuple):
        return None
    if all(isinstance(item, tuple) and len(item) == 2 for item in items):  # noqa: PLR2004
        return list(items)
    if all(isinstance(item, Mapping) and set(item) == {"key", "value"} for item in items):
        return [(item["key"], item["value"]) for item in items]
    return None


def names_of_rows(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns of rows, in the order in which they come up."""
    return list(dict.fromkeys(name for row in rows for name in row))


def column_of(values: Sequence[Any], name: str | None = None) -> pa.Array[Any]:
    """Return Python values as an Arrow array: a union where they are of several kinds.

    Args:
        values: the values.
        name: the column's name, to refuse values without an Arrow type. Without a name, such
            values become their text, in a shape that fits no schema.

    Raises:
        NoArrowFormError: Arrow has no type for a value.
    """
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
        return _array(clean, present[0], name)
    # Nulls go to the first child.
    codes = [present.index(kind) if kind is not None else 0 for kind in kinds]
    children: list[list[Any]] = [[] for _ in present]
    offsets = []
    for value, kind, code in zip(values, kinds, codes, strict=True):
        offsets.append(len(children[code]))
        children[code].append(None if kind is None else value)
    arrays = [_array(child, kind, name) for child, kind in zip(children, present, strict=True)]
    return pa.UnionArray.from_dense(
        pa.array(codes, pa.int8()), pa.array(offsets, pa.int32()), arrays
    )


def _kind(value: Any) -> str | None:  # noqa: C901, PLR0911 - one case for each kind of value
    if is_null(value):
        return None
    match value:
        case bool():
            return "bool"
        case float():
            return "float"
        case str():
            return "string"
        case datetime():
            exact = "" if not getattr(value, "nanosecond", 0) else "nanosecond "
            return exact + ("naive" if value.tzinfo is None else "instant")
        case date():
            return "date"
        case decimal.Decimal():
            return "decimal" if value.is_finite() else "other"
        case bytes() | bytearray() | memoryview():
            return "bytes"
        case Mapping():
            return "struct"
    kind = type(value).__name__
    if kind.startswith("bool"):
        return "bool"
    if hasattr(value, "__index__") and kind != "ndarray":
        return "int" if INT64_MIN <= value <= INT64_MAX else "big"
    if hasattr(value, "__float__") and kind.startswith("float"):
        return "float"
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


def _array(values: list[Any], kind: str, name: str | None) -> pa.Array[Any]:
    reason: object = "Arrow has no type for such values"
    try:
        if kind == "big" and all(v is None or abs(v) < 10**_MOST_DIGITS for v in values):
            return pa.array([None if v is None else decimal.Decimal(int(v)) for v in values])
        if kind not in ("big", "other"):
            return pa.array(values, _TYPES.get(kind))
    except UnicodeEncodeError:
        encoded = (None if v is None else v.encode("utf-8", "surrogatepass") for v in values)
        return pa.array(list(encoded), pa.binary())
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        reason = error
    if name is not None:
        first = next(value for value in values if value is not None)
        raise NoArrowFormError(name, f"of {type(first).__name__}", reason)
    # No Arrow type holds these. They become their text, in a shape that fits no schema.
    texts = [None if v is None else {"unsupported": f"{v!r}"} for v in values]
    return pa.array(texts, pa.struct([("unsupported", pa.string())]))
