"""Columns of every type: any Arrow column made canonical, and canonical ones made physical.

Conversions run on whole columns and change no value silently. Values that do not fit are returned
as findings, not raised. Nothing here knows a source, a row, or the name of a column.
"""

from __future__ import annotations

import decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute

from skewless.compiler import arrow_types
from skewless.compiler.physical import EXACT_DOUBLE, double, is_converted, whole_number
from skewless.definitions import types
from skewless.definitions.dates import FIRST_DAY, LAST_DAY
from skewless.definitions.expression import INT64_MAX
from skewless.errors import SkewlessError
from skewless.offline.tables import nested

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from skewless.definitions.types import ValueType

    Mask: TypeAlias = NDArray[np.bool_]

pc: Any = pyarrow.compute
Array: TypeAlias = Any  # an Arrow array; Arrow ships no types
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799  # of the years 1 and 9999
_DAY = 86_400
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


class NaiveColumnError(SkewlessError, ValueError):
    """A timestamp column has no zone; the caller adds its name."""


class BadValues(NamedTuple):
    """Values of a column that do not fit, and what would fit.

    Attributes:
        bad: a mask of these values.
        allowed: what would be right.
        misfit: the kind of the values, if no value of that kind can fit; else empty.
    """

    bad: Mask
    allowed: str
    misfit: str = ""


def arrow_type(type_: ValueType) -> pa.DataType:
    """Return the canonical Arrow type."""
    return arrow_types.column_type(pa, type_)


def physical(column: Any, type_: ValueType) -> Any:
    """Return a canonical column in physical form: Timestamps, Dates and Decimals as int64."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    match type_:
        case types.Timestamp:
            return array.cast(pa.int64())
        case types.Date:
            return array.cast(pa.int32()).cast(pa.int64())
        case types.Decimal():
            # 18 digits fit in the low half of the 128 bits, which is stored first.
            end = array.offset + len(array)
            low = np.frombuffer(array.buffers()[1] or b"", np.int64, 2 * end)[::2]
            values = low[array.offset : end]
            return pa.array(values, mask=as_mask(array.is_null()))
        case types.Array(element=element) if is_converted(element):
            return nested.each(array, lambda values: physical(values, element))
        case types.Map(key=key, value=kind):
            return nested.each_entry(array, lambda x: physical(x, key), lambda x: physical(x, kind))
        case _:
            return array


def conform(  # noqa: C901, PLR0911 - one case for each type
    array: Array, type_: ValueType
) -> tuple[Array, list[BadValues]]:
    """Return a column in its canonical type, and which of its values do not fit.

    Raises:
        NaiveColumnError: times without a zone.
    """
    array = _decoded(array)
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), arrow_type(type_)), []
    if pa.types.is_union(array.type):
        return _conform_union(array, type_)
    if pa.types.is_floating(array.type) and type_ not in (types.Float64, types.Int64):
        values = _numpy_doubles(array)
        array = pa.array(values, mask=np.isnan(values)).cast(array.type)
    match type_:
        case types.Scalar() if type_ in _SCALARS:
            return _SCALARS[type_](array)
        case types.Bytes if _is_binary(array.type):
            return array.cast(pa.binary()), []
        case types.Bool if pa.types.is_boolean(array.type):
            return array, []
        case types.Decimal():
            return _decimals(array, type_)
        case types.Array(element=element) if _is_list(array.type):
            return _lists(array, element, None)
        case types.Vector(size=size) if _is_list(array.type):
            return _lists(array, types.Float64, size)
        case types.Map() if (lists := nested.entries(array)) is not None:
            return _maps(lists, type_)
    return _refused(array, type_)


def wholly_wrong(array: Array, findings: Sequence[BadValues]) -> tuple[str, ...] | None:
    """Return the kinds of a column's values if none of them can fit; None if one can.

    A column of nulls fits every type and has no kind.

    Args:
        array: the column.
        findings: what `conform` found.
    """
    misfits = [found for found in findings if found.misfit]
    present = ~_absent(array)
    refused = either([found.bad for found in misfits], len(array))
    if (present & ~refused).any():
        return None
    return tuple(dict.fromkeys(found.misfit for found in misfits if found.bad.any()))


def _absent(array: Array) -> Mask:
    """Return which values are null, or NaN, which is null."""
    found = as_mask(array.is_null())
    if pa.types.is_floating(array.type):
        found |= np.isnan(_numpy_doubles(array))
    elif pa.types.is_union(array.type):  # which has no nulls of its own
        codes = array.type_codes.to_numpy()
        for code in range(array.type.num_fields):
            rows = np.flatnonzero(codes == code)
            found[rows] = _absent(array.field(code).take(array.offsets.take(pa.array(rows))))
    return found


def _decoded(array: Array) -> Array:
    if isinstance(array, pa.ExtensionArray):
        array = _unwrapped(array)
    if pa.types.is_dictionary(array.type):
        return array.dictionary_decode()
    if pa.types.is_run_end_encoded(array.type):
        return pc.run_end_decode(array)
    return array


def _unwrapped(array: Any) -> Array:
    """Return the storage of extension types whose storage is the value, and others unchanged.

    A pandas period, for example, is stored as an ordinal, which is not a number of the user's.
    """
    match array.type.extension_name:
        case "arrow.bool8":
            return array.cast(pa.bool_())
        case "arrow.json" | "arrow.fixed_shape_tensor":
            return array.storage
        case _:
            return array


def _conform_union(array: Any, type_: ValueType) -> tuple[Array, list[BadValues]]:
    """Convert each kind of value by itself, then put the rows in order again."""
    codes = array.type_codes.to_numpy()
    places, parts, findings = [], [], []
    for code in range(array.type.num_fields):
        rows = np.flatnonzero(codes == code)
        child = array.field(code).take(array.offsets.take(pa.array(rows)))
        values, found = conform(child, type_)
        places.append(rows)
        parts.append(values)
        for bad, allowed, misfit in found:
            findings.append(BadValues(_scattered(bad, rows, len(array)), allowed, misfit))
    order = np.argsort(np.concatenate(places))
    return pa.concat_arrays(parts).take(pa.array(order)), findings


def _refused(array: Array, type_: ValueType) -> tuple[Array, list[BadValues]]:
    """Refuse every value: it is of another type altogether."""
    given = "text" if _is_text(array.type) else str(array.type)
    allowed = f"{type_} is needed, and this is {given}"
    bad = as_mask(array.is_valid())
    findings = [BadValues(bad, allowed, given)] if bad.any() else []
    return pa.nulls(len(array), arrow_type(type_)), findings


def _integers(array: Array) -> tuple[Array, list[BadValues]]:
    kind = array.type
    if pa.types.is_uint64(kind):
        beyond = as_mask(pc.greater(array, pa.scalar(INT64_MAX, pa.uint64())))
        return array.cast(pa.int64(), safe=False), _found(beyond, "Int64 ends at 2^63 - 1")
    if pa.types.is_integer(kind):
        return array.cast(pa.int64()), []
    if pa.types.is_floating(kind):
        values = _numpy_doubles(array)
        absent = np.isnan(values)
        fits = (values == np.trunc(values)) & (np.abs(values) <= EXACT_DOUBLE)
        integers = np.where(fits, values, 0.0).astype(np.int64)
        allowed = "Int64 takes whole numbers, and floats up to 2^53"
        return pa.array(integers, mask=absent), _found(~fits & ~absent, allowed)
    if pa.types.is_decimal(kind):
        allowed = "Int64 takes whole numbers of 64 bits"
        return _row_by_row(array, types.Int64, whole_number, allowed)
    return _refused(array, types.Int64)


def _doubles(array: Array) -> tuple[Array, list[BadValues]]:
    if pa.types.is_floating(array.type):
        values = _numpy_doubles(array)
        infinite = np.isinf(values)
        column = pa.array(values + 0.0, mask=np.isnan(values))
        return column, _found(infinite, "an infinity is not a value; leave it null")
    if pa.types.is_integer(array.type):
        wide, findings = _integers(array)
        inexact = as_mask(pc.or_(pc.greater(wide, EXACT_DOUBLE), pc.less(wide, -EXACT_DOUBLE)))
        if pa.types.is_uint64(array.type):
            inexact = as_mask(pc.greater(array, pa.scalar(EXACT_DOUBLE, pa.uint64())))
            findings = []
        allowed = "Float64 holds whole numbers exactly up to 2^53; give a float, or declare Int64"
        return wide.cast(pa.float64(), safe=False), [*findings, *_found(inexact, allowed)]
    if pa.types.is_decimal(array.type):
        allowed = "Float64 holds whole numbers exactly up to 2^53"
        return _row_by_row(array, types.Float64, double, allowed)
    return _refused(array, types.Float64)


def _decimals(array: Array, type_: types.Decimal) -> tuple[Array, list[BadValues]]:
    if pa.types.is_integer(array.type):
        array = array.cast(pa.decimal128(20, 0))
    if not pa.types.is_decimal(array.type):
        return _refused(array, type_)
    try:
        return array.cast(arrow_type(type_)), []
    except pa.ArrowInvalid:
        allowed = f"{type_} takes {type_.precision} digits, {type_.scale} of them after the point"
        return _row_by_row(array, type_, lambda value: _rescaled(value, type_), allowed)


def _rescaled(value: decimal.Decimal, type_: types.Decimal) -> decimal.Decimal | None:
    with decimal.localcontext(prec=80):
        unscaled = value.scaleb(type_.scale)
        fits = unscaled == int(unscaled) and abs(unscaled) < 10**type_.precision
        return value.quantize(decimal.Decimal(1).scaleb(-type_.scale)) if fits else None


def _strings(array: Array) -> tuple[Array, list[BadValues]]:
    if not _is_text(array.type) and not _is_binary(array.type):
        return _refused(array, types.String)
    try:
        column = array.cast(pa.string())
        column.validate(full=True)
    except pa.ArrowInvalid:
        raw = array.cast(pa.binary())
        return _row_by_row(raw, types.String, _utf8, "a String is valid UTF-8")
    return column, []


def _utf8(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _instants(array: Array) -> tuple[Array, list[BadValues]]:
    if not pa.types.is_timestamp(array.type):
        return _refused(array, types.Timestamp)
    if array.type.tz is None:
        raise NaiveColumnError
    present = as_mask(array.is_valid())
    ticks = np.where(present, array.cast(pa.int64()).fill_null(0).to_numpy(), 0)
    second = _PER_SECOND[array.type.unit]
    beyond = (ticks < _FIRST_SECOND * second) if second < 10**9 else np.zeros(len(ticks), np.bool_)
    if second < 10**9:  # 64 bits of nanoseconds end in 2262
        beyond |= ticks >= (_LAST_SECOND + 1) * second
    findings = _found(beyond, "a Timestamp lies in the years 1 to 9999")
    if second > 10**6:
        finer = ticks % 1000 != 0
        findings += _found(finer, "a Timestamp is whole microseconds; truncate it if that is meant")
        micros = ticks // 1000
    else:
        micros = np.where(beyond, 0, ticks) * (10**6 // second)
    column = pa.array(micros, pa.int64(), mask=~present).cast(arrow_type(types.Timestamp))
    return column, findings


def _days(array: Array) -> tuple[Array, list[BadValues]]:
    kind = array.type
    if pa.types.is_date32(kind):
        per_day = 1
    elif pa.types.is_date64(kind) or (pa.types.is_timestamp(kind) and kind.tz is None):
        per_day = _DAY * _PER_SECOND[getattr(kind, "unit", "ms")]  # midnights are pandas' dates
    else:
        return _refused(array, types.Date)
    raw = array.cast(pa.int32()) if per_day == 1 else array.cast(pa.int64())
    ticks = raw.fill_null(0).to_numpy()
    days = ticks // per_day
    beyond = (days < FIRST_DAY) | (days > LAST_DAY)
    findings = _found(ticks % per_day != 0, "a Date has no clock; truncate it if that is meant")
    findings += _found(beyond, "a Date lies in the years 1 to 9999")
    column = np.where(beyond, 0, days).astype(np.int32)
    return pa.array(column, mask=as_mask(array.is_null())).cast(pa.date32()), findings


_SCALARS: Mapping[types.Scalar, Callable[[Array], tuple[Array, list[BadValues]]]] = {
    types.Int64: _integers,
    types.Float64: _doubles,
    types.String: _strings,
    types.Timestamp: _instants,
    types.Date: _days,
}


def _lists(array: Array, element: ValueType, size: int | None) -> tuple[Array, list[BadValues]]:
    if "view" in str(array.type):
        array = pa.array(array.to_pylist(), pa.list_(array.type.value_type))
    plain: Any = array.cast(pa.list_(array.type.value_type))
    rows = nested.rows_of(plain)
    flat = plain.flatten()
    values, inner = conform(flat, element)
    count = len(array)
    findings = [
        BadValues(
            _scattered(bad, rows, count),
            f"an element does not fit: {allowed}",
            misfit and f"lists of {misfit}",
        )
        for bad, allowed, misfit in inner
    ]
    refused = either([found.bad for found in inner], len(flat))
    absent = as_mask(values.is_null()) & ~refused
    findings += _found(_scattered(absent, rows, count), "no element is null; leave it out")
    if size is not None:
        wrong = as_mask(pc.not_equal(pc.list_value_length(plain), size))
        findings += _found(wrong, f"Vector({size}) has exactly {size} elements")
    return nested.with_elements(plain, values), findings


def _maps(lists: Array, type_: types.Map) -> tuple[Array, list[BadValues]]:
    inside, rows, count = lists.flatten(), nested.rows_of(lists), len(lists)
    findings: list[BadValues] = []
    columns = []
    for what, place, kind in (("key", 0, type_.key), ("value", 1, type_.value)):
        values, inner = conform(inside.field(place), kind)
        findings += [
            BadValues(
                _scattered(bad, rows, count),
                f"a {what} does not fit: {allowed}",
                misfit and f"maps of {misfit}",
            )
            for bad, allowed, misfit in inner
        ]
        absent = as_mask(pc.or_(values.is_null(), inside.is_null()))
        absent &= ~either([found.bad for found in inner], len(inside))
        allowed = "no key and no value of a map is null; leave the entry out"
        findings += _found(_scattered(absent, rows, count), allowed)
        columns.append(values)
    order, again = nested.in_order(rows, columns[0])
    findings += _found(_scattered(again, rows[order], count), "a map has each key once")
    kept = order[~either([found.bad for found in findings], count)[rows[order]]]
    keys, values = (column.take(pa.array(kept)) for column in columns)
    return nested.maps(rows[kept], keys, values, lists.is_null()), findings


def without_incomplete(array: Array, type_: ValueType) -> Array:
    """Return a column of a user's table with null for infinities and for lists that are no values.

    These rows did not pass the front door. Lists and maps have no null, NaN or infinity in them,
    and a vector has its own length.
    """
    if pa.types.is_floating(array.type):
        return pc.if_else(pc.is_inf(array), pa.scalar(None, array.type), array)
    plain: Any
    if isinstance(type_, types.Map) and (plain := nested.entries(array)) is not None:
        inside = plain.flatten().field(1)
    elif isinstance(type_, types.Array | types.Vector) and _is_list(array.type):
        plain = array.cast(pa.list_(array.type.value_type))
        inside = plain.flatten()
    else:
        return array
    absent = _absent(without_incomplete(inside, types.Float64))
    bad = _scattered(absent, nested.rows_of(plain), len(array))
    if isinstance(type_, types.Vector):
        bad |= as_mask(pc.not_equal(pc.list_value_length(plain), type_.size))
    return pc.if_else(pa.array(bad), pa.scalar(None, plain.type), plain)


def _row_by_row(
    array: Array, type_: ValueType, convert: Callable[[Any], Any], allowed: str
) -> tuple[Array, list[BadValues]]:
    """Convert value by value if the column cannot be converted as a whole; None is a misfit."""
    given = array.to_pylist()
    values = [None if value is None else convert(value) for value in given]
    bad = [value is None and raw is not None for value, raw in zip(values, given, strict=True)]
    return pa.array(values, arrow_type(type_)), _found(np.array(bad, np.bool_), allowed)


def _numpy_doubles(array: Array) -> NDArray[np.float64]:
    """Return doubles with NaN for null."""
    return np.asarray(array.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def as_mask(condition: Any) -> Mask:
    """Return an Arrow condition as booleans; null is false."""
    if isinstance(condition, pa.ChunkedArray):
        condition = condition.combine_chunks()
    if isinstance(condition, pa.Array):
        condition = condition.fill_null(pa.scalar(value=False)).to_numpy(zero_copy_only=False)
    return np.asarray(condition, np.bool_)


def either(masks: Sequence[Mask], length: int) -> Mask:
    """Return which rows some mask marks."""
    found = np.zeros(length, np.bool_)
    for mask in masks:
        found |= mask
    return found


def _found(bad: Mask, allowed: str) -> list[BadValues]:
    return [BadValues(bad, allowed)] if bad.any() else []


def _scattered(mask: Mask, rows: NDArray[np.int64], length: int) -> Mask:
    found = np.zeros(length, np.bool_)
    found[rows[mask]] = True
    return found


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or "string_view" in str(kind)


def _is_binary(kind: pa.DataType) -> bool:
    return str(kind).startswith(("binary", "large_binary", "fixed_size_binary"))


def _is_list(kind: pa.DataType) -> bool:
    return str(kind).startswith(("list", "large_list", "fixed_size_list"))
