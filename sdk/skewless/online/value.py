"""Single values of any type as bytes, for the latest row, which is no column to pack."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from skewless.definitions import types
from skewless.online.column import TEXTUAL, from_column, to_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.definitions.types import ValueType


def pack_row(values: Sequence[Any], kinds: Sequence[ValueType]) -> bytes:
    """Pack values of different types, of which some may be null."""
    bits = sum(1 << index for index, value in enumerate(values) if value is not None)
    parts = [bits.to_bytes((len(values) + 7) // 8, "little")]
    parts.extend(
        _pack(value, kind) for value, kind in zip(values, kinds, strict=True) if value is not None
    )
    return b"".join(parts)


def read_row(buffer: memoryview, position: int, kinds: Sequence[ValueType]) -> tuple[Any, ...]:
    """Return the values of `pack_row`."""
    end = position + (len(kinds) + 7) // 8
    bits = int.from_bytes(buffer[position:end], "little")
    position = end
    values = []
    for index, kind in enumerate(kinds):
        value = None
        if bits >> index & 1:
            value, position = _read(buffer, position, kind)
        values.append(value)
    return tuple(values)


def _pack(value: Any, kind: ValueType) -> bytes:
    match kind:
        case types.Vector():
            return struct.pack(f"<{len(value)}d", *value)
        case types.Array(element=types.Float64):
            return _pack_integer(len(value)) + struct.pack(f"<{len(value)}d", *value)
        case types.Array(element=element):
            return _pack_integer(len(value)) + b"".join(_pack(item, element) for item in value)
        case types.Float64:
            return struct.pack("<d", value)
        case _ if kind in TEXTUAL:
            text = to_bytes(value, kind)
            return _pack_integer(len(text)) + text
        case _:
            return _pack_integer(value)


def _read(buffer: memoryview, position: int, kind: ValueType) -> tuple[Any, int]:
    match kind:
        case types.Vector(size=size):
            return _read_doubles(buffer, position, size)
        case types.Array(element=element):
            count, position = _read_integer(buffer, position)
            return _read_array(buffer, position, count, element)
        case types.Float64:
            return struct.unpack_from("<d", buffer, position)[0], position + 8
        case _ if kind in TEXTUAL:
            size, position = _read_integer(buffer, position)
            end = position + size
            return from_column(bytes(buffer[position:end]), kind), end
        case _:
            number, position = _read_integer(buffer, position)
            return from_column(number, kind), position


def _read_array(
    buffer: memoryview, position: int, count: int, element: ValueType
) -> tuple[tuple[Any, ...], int]:
    if element == types.Float64:
        return _read_doubles(buffer, position, count)
    values = []
    for _ in range(count):
        value, position = _read(buffer, position, element)
        values.append(value)
    return tuple(values), position


def _read_doubles(buffer: memoryview, position: int, count: int) -> tuple[tuple[float, ...], int]:
    return struct.unpack_from(f"<{count}d", buffer, position), position + 8 * count


def _pack_integer(value: int) -> bytes:
    """Pack an integer as its length and its bytes; 0 is one byte."""
    size = (value + (value < 0)).bit_length() // 8 + 1 if value else 0
    return bytes((size,)) + int(value).to_bytes(size, "little", signed=True)


def _read_integer(buffer: memoryview, position: int) -> tuple[int, int]:
    end = position + 1 + buffer[position]
    return int.from_bytes(buffer[position + 1 : end], "little", signed=True), end
