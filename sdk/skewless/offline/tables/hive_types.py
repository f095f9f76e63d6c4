"""Hive's types, as Glue declares columns, in Arrow; and a file's column read as its declared type.

Trino's Parquet reader, which is Athena's, decides which file type may stand for a declared type.
Types that it refuses, or whose values it would change, are refused here as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute

from skewless.errors import SkewlessError
from skewless.offline.tables import nested

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

pc: Any = pyarrow.compute
_SIMPLE: Mapping[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "decimal": pa.decimal128(10, 0),
    "string": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
}
_DECIMAL = re.compile(r"decimal\((\d+)(?:,(\d+))?\)")
_LONGEST_DECIMAL = 38
_SHORT_DECIMAL = 18  # digits; longer ones Trino does not read as integers


class MismatchError(SkewlessError, ValueError):
    """A file's column cannot be read as its table declares; the caller adds the names."""


def arrow_type(declared: str) -> pa.DataType | None:
    """Return the Arrow type of a Hive type's values; None if the type is not supported."""
    text = declared.lower().replace(" ", "")
    if text.startswith(("varchar(", "char(")):
        return pa.string()
    if found := _DECIMAL.fullmatch(text):
        return pa.decimal128(int(found[1]), int(found[2] or 0))
    kind, _, inside = text.partition("<")
    if not inside.endswith(">"):
        return _SIMPLE.get(text)
    parts = list(_split(inside[:-1]))
    named = [part.partition(":") for part in parts] if kind == "struct" else []
    types = [arrow_type(part) for part in ([kind for *_, kind in named] or parts)]
    if any(type_ is None for type_ in types):
        return None
    match kind, types:
        case "array", [element]:
            return pa.list_(element)
        case "map", [key, value]:
            return pa.map_(key, value)
        case "struct", _:
            return pa.struct(
                [(name, type_) for (name, *_), type_ in zip(named, types, strict=True)]
            )
    return None


def _split(text: str) -> list[str]:
    """Split at commas outside brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "<(") - (character in ">)")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def as_declared(column: Any, declared: str) -> Any:
    """Return a file's column with the values that its declared type has in Athena.

    Timestamps are UTC; nanoseconds stay if some of them are no whole microseconds. A nested column
    of a fitting kind, and one of a type that is not known here, is returned as it is.

    Raises:
        MismatchError: the types are not compatible, or a value does not fit.
    """
    check(column.type, declared)
    wanted = arrow_type(declared)
    column = plain(column)
    if wanted is None or pa.types.is_null(column.type):
        return column
    if pa.types.is_nested(wanted):
        if _is_list(wanted):
            return _elements_as_declared(column, declared)
        return _entries_as_declared(column, declared) if pa.types.is_map(wanted) else column
    if pa.types.is_timestamp(wanted):
        return utc(column)
    return _limited(_cast(column, wanted, declared), declared)


def check(found: pa.DataType, declared: str) -> None:
    """Refuse a file's type that may not stand for the declared one.

    Raises:
        MismatchError: they are not compatible.
    """
    wanted, found = arrow_type(declared), _stored(found)
    if wanted is None or pa.types.is_null(found):
        return
    if pa.types.is_nested(wanted):
        fits = _nesting(found) == _nesting(wanted)
        if fits and _is_list(wanted):
            fits = _fits(found.value_type, _element(declared))
        elif fits and pa.types.is_map(wanted):
            key, value = _split(_element(declared))
            fits = _fits(found.key_type, key) and _fits(found.item_type, value)
    elif pa.types.is_timestamp(wanted):
        fits = bool(pa.types.is_timestamp(found))
    else:
        fits = _may_stand_for(found, wanted)
    if not fits:
        raise MismatchError(f"is {found} and declared {declared}, and Athena does not read that")


def _fits(found: pa.DataType, declared: str) -> bool:
    try:
        check(found, declared)
    except MismatchError:
        return False
    return True


def _stored(found: pa.DataType) -> pa.DataType:
    if isinstance(found, pa.BaseExtensionType):
        found = found.storage_type
    if pa.types.is_dictionary(found):
        found = found.value_type
    return {"string_view": pa.string(), "binary_view": pa.binary()}.get(str(found), found)


def plain(column: Any) -> Any:
    """Return a column without encodings such as dictionaries."""
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([c.storage for c in column.chunks], column.type.storage_type)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    text = str(column.type)
    if text in ("large_string", "string_view"):
        return column.cast(pa.string()) if column.nbytes < 2**31 else column
    if text in ("large_binary", "binary_view"):
        return column.cast(pa.binary()) if column.nbytes < 2**31 else column
    return column


def utc(column: Any) -> Any:
    """Return timestamps of UTC: microseconds, or nanoseconds if that would lose some."""
    if column.type.tz is None:
        column = pc.assume_timezone(column, "UTC")
    try:
        return column.cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid as error:
        if column.type.unit == "ns":
            return column.cast(pa.timestamp("ns", "UTC"))
        raise MismatchError(f"has a time that no timestamp holds: {error}") from error


def times(column: Any, convert: Callable[[Any], Any]) -> Any:
    """Convert the timestamps in a column, also in its lists and maps; nothing else changes."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return convert(column)
    if not (_is_list(kind) or pa.types.is_map(kind)) or "timestamp" not in str(kind):
        return column

    def inside(values: Any) -> Any:
        return times(values, convert)

    if isinstance(column, pa.ChunkedArray):
        made = [inside(chunk) for chunk in column.chunks]
        return pa.chunked_array(made) if made else column
    if _is_list(kind):
        return nested.each(column, inside)
    return nested.each_entry(column, inside, inside)


def to_milliseconds(column: Any) -> Any:
    """Round timestamps as Athena reads those of Hive's tables: to milliseconds, halves up."""
    if column.type.unit in ("s", "ms"):
        return column
    parts = 1_000 if column.type.unit == "us" else 1_000_000
    ticks = column.cast(pa.int64())
    rest = pc.subtract(ticks, pc.multiply(floor_divide(ticks, parts), parts))
    up = pc.cast(pc.greater_equal(rest, parts // 2), pa.int64())
    rounded = pc.multiply(pc.add(floor_divide(ticks, parts), up), 1_000)
    return rounded.cast(pa.timestamp("us", column.type.tz))


def floor_divide(ticks: Any, parts: int) -> Any:
    """Divide integers and round down; Arrow rounds towards zero."""
    quotient = pc.divide(ticks, parts)
    over = pc.less(ticks, pc.multiply(quotient, parts))
    return pc.subtract(quotient, pc.cast(over, pa.int64()))


def _may_stand_for(found: pa.DataType, wanted: pa.DataType) -> bool:
    if pa.types.is_integer(wanted):
        return pa.types.is_integer(found) or _is_short_whole(found)
    if pa.types.is_float64(wanted):
        return bool(pa.types.is_float64(found) or pa.types.is_float32(found))
    if pa.types.is_decimal(wanted):
        is_small = pa.types.is_integer(found) and found.bit_width <= pa.int32().bit_width
        is_decimal = pa.types.is_decimal(found) and found.precision <= _LONGEST_DECIMAL
        return bool(is_decimal or (is_small and wanted.precision <= _SHORT_DECIMAL))
    if pa.types.is_string(wanted):
        return _is_bytes(found)
    if pa.types.is_binary(wanted):
        return _is_bytes(found) or bool(pa.types.is_fixed_size_binary(found))
    if pa.types.is_date32(wanted):
        return bool(pa.types.is_date32(found) or pa.types.is_int32(found))
    return bool(found == wanted)


def _is_short_whole(found: pa.DataType) -> bool:
    is_decimal = pa.types.is_decimal(found)
    return bool(is_decimal and not found.scale and found.precision <= _SHORT_DECIMAL)


def _is_bytes(found: pa.DataType) -> bool:
    return str(found) in ("string", "large_string", "binary", "large_binary")


def _cast(column: Any, wanted: pa.DataType, declared: str) -> Any:
    if str(column.type).startswith("large_"):
        wanted = pa.large_string() if pa.types.is_string(wanted) else pa.large_binary()
    try:
        return column.cast(wanted)
    except pa.ArrowInvalid as error:
        raise MismatchError(f"has a value that {declared} does not hold: {error}") from error


def _limited(column: Any, declared: str) -> Any:
    """Cut text at its declared length, and strip a char's trailing blanks, as Athena does."""
    found = re.fullmatch(r"(var)?char\((\d+)\)", declared.lower().replace(" ", ""))
    if found is None:
        return column
    cut = pc.utf8_slice_codeunits(column, 0, int(found[2]))
    return cut if found[1] else pc.utf8_rtrim(cut, " ")


def _elements_as_declared(column: Any, declared: str) -> Any:
    """Read lists element by element."""
    element = _element(declared)
    chunks = []
    for chunk in column.chunks:
        lists = chunk.cast(pa.list_(chunk.type.value_type))
        chunks.append(nested.with_elements(lists, _one_as_declared(lists.flatten(), element)))
    return pa.chunked_array(chunks) if chunks else pa.chunked_array([], arrow_type(declared))


def _entries_as_declared(column: Any, declared: str) -> Any:
    """Read maps by their keys and their values."""
    key, value = _split(_element(declared))
    chunks = [
        nested.each_entry(
            chunk, lambda x: _one_as_declared(x, key), lambda x: _one_as_declared(x, value)
        )
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks) if chunks else pa.chunked_array([], arrow_type(declared))


def _one_as_declared(values: Any, declared: str) -> Any:
    found = as_declared(pa.chunked_array([values]), declared).combine_chunks()
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _element(declared: str) -> str:
    return declared.replace(" ", "").partition("<")[2][:-1]


def _nesting(kind: pa.DataType) -> str:
    return re.sub(r"^(large_|fixed_size_)", "", str(kind)).partition("<")[0].partition("_view")[0]


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind))
