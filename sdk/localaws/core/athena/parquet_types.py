"""The types of a Parquet file that may stand for a declared Hive type, as in Trino's reader.

Athena is Trino: types that Trino refuses, or whose values it would change, are refused here too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIMPLE: Mapping[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
_DECIMAL = re.compile(r"decimal(?:\((\d+)(?:,(\d+))?\))?")
_DEFAULT_DECIMAL = (10, 0)  # digits, and how many behind the point
_LONGEST_DECIMAL = 38
_SHORT_DECIMAL = 18  # digits; Trino does not read longer ones as integers


def fits(found: pa.DataType, declared: str) -> bool:
    """Whether a file's column may be read as the declared type; an unknown type accepts any."""
    text, found = declared.lower().replace(" ", ""), _stored(found)
    kind, _, inside = text.partition("<")
    if pa.types.is_null(found):
        return True
    if inside.endswith(">"):
        return _nested_fits(found, kind, inside[:-1])
    if text == "timestamp":
        return bool(pa.types.is_timestamp(found))
    wanted = _scalar(text)
    return wanted is None or _may_stand_for(found, wanted)


def _scalar(text: str) -> pa.DataType | None:
    if text.startswith(("varchar(", "char(")):
        return pa.string()
    if decimal := _DECIMAL.fullmatch(text):
        precision, scale = _DEFAULT_DECIMAL
        return pa.decimal128(int(decimal[1] or precision), int(decimal[2] or scale))
    return _SIMPLE.get(text)


def _nested_fits(found: pa.DataType, kind: str, inside: str) -> bool:
    match kind:
        case "array":
            return _is_list(found) and fits(found.value_type, inside)
        case "map":
            return bool(pa.types.is_map(found))
        case "struct":
            return bool(pa.types.is_struct(found))
    return True


def _stored(found: pa.DataType) -> pa.DataType:
    if isinstance(found, pa.BaseExtensionType):
        found = found.storage_type
    if pa.types.is_dictionary(found):
        found = found.value_type
    return {"string_view": pa.string(), "binary_view": pa.binary()}.get(str(found), found)


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


def _is_list(found: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(found)
        or pa.types.is_large_list(found)
        or pa.types.is_fixed_size_list(found)
        or pa.types.is_list_view(found)
        or pa.types.is_large_list_view(found)
    )
