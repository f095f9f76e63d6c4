"""Single values of any type as bytes, for the latest row, which is no column to pack."""

from __future__ import annotations

import struct
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from skewless.definitions import types
from skewless.online.column import TEXTUAL, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skewless.definitions.types import ValueType

    _Read: TypeAlias = Callable[[bytes, int], tuple[Any, int]]
    _Step: TypeAlias = tuple[int | slice, _Read]  # where what is read goes: a value, or a run

_DOUBLE = struct.Struct("<d")
_MOST_STEPS = 64  # rows with nulls in other places are read as well, but less quickly


def pack_row(values: Sequence[Any], kinds: Sequence[ValueType]) -> bytes:
    """Pack values of different types, of which some may be null."""
    bits = sum(1 << index for index, value in enumerate(values) if value is not None)
    parts = [bits.to_bytes((len(values) + 7) // 8, "little")]
    parts.extend(
        _pack(value, kind) for value, kind in zip(values, kinds, strict=True) if value is not None
    )
    return b"".join(parts)


class RowReader:
    """Reads rows of `pack_row`, of the same types."""

    __slots__ = ("_kinds", "_nulls", "_steps")

    def __init__(self, kinds: Sequence[ValueType]) -> None:
        self._kinds = kinds
        self._nulls = (len(kinds) + 7) // 8
        self._steps: dict[int, list[_Step]] = {}

    def read(self, buffer: bytes, position: int) -> list[Any]:
        """Return the values of the row at a position."""
        begin = position + self._nulls
        bits = int.from_bytes(buffer[position:begin], "little")
        position = begin
        values: list[Any] = [None] * len(self._kinds)
        for places, read in self._steps.get(bits) or self._made(bits):
            values[places], position = read(buffer, position)
        return values

    def _made(self, bits: int) -> list[_Step]:
        """Return the steps for a row with these values that are no nulls: doubles go together."""
        there = [bool(bits >> index & 1) for index in range(len(self._kinds))]
        are_doubles = [kind == types.Float64 for kind in self._kinds]
        steps: list[_Step] = []
        for key, run in groupby(enumerate(zip(there, are_doubles, strict=True)), key=itemgetter(1)):
            places = [place for place, _ in run]
            if key == (True, True):
                steps.append((slice(places[0], places[-1] + 1), _doubles(len(places))))
            elif key[0]:
                steps.extend((place, _reader(self._kinds[place])) for place in places)
        if len(self._steps) < _MOST_STEPS:
            self._steps[bits] = steps
        return steps


def _pack(value: Any, kind: ValueType) -> bytes:
    match kind:
        case types.Vector():
            return struct.pack(f"<{len(value)}d", *value)
        case types.Array(element=types.Float64):
            return _pack_integer(len(value)) + struct.pack(f"<{len(value)}d", *value)
        case types.Array(element=element):
            return _pack_integer(len(value)) + b"".join(_pack(item, element) for item in value)
        case types.Map(key=key, value=kind):
            parts = (_pack(name, key) + _pack(item, kind) for name, item in value.items())
            return _pack_integer(len(value)) + b"".join(parts)
        case types.Float64:
            return struct.pack("<d", value)
        case _ if kind in TEXTUAL:
            text = to_bytes(value, kind)
            return _pack_integer(len(text)) + text
        case _:
            return _pack_integer(value)


def _reader(kind: ValueType) -> _Read:
    """Return what reads a value at a position, and says where the next begins; no Float64."""
    match kind:
        case types.Vector(size=size):
            return _doubles(size)
        case types.Array(element=element):
            return _array(element)
        case types.Map(key=key, value=value):
            return _map(_single(key), _single(value))
        case _ if kind in TEXTUAL:
            return _read_text if kind == types.String else _read_bytes
        case types.Bool:
            return _read_bool
        case _:
            return _read_integer


def _single(kind: ValueType) -> _Read:
    """Return what reads a value of any type, also a Float64."""
    return _read_double if kind == types.Float64 else _reader(kind)


def _read_double(buffer: bytes, position: int) -> tuple[float, int]:
    (value,) = _DOUBLE.unpack_from(buffer, position)
    return value, position + _DOUBLE.size


def _map(read_key: _Read, read_value: _Read) -> _Read:
    def entries(buffer: bytes, position: int) -> tuple[Any, int]:
        count, position = _read_integer(buffer, position)
        found = {}
        for _ in range(count):
            key, position = read_key(buffer, position)
            found[key], position = read_value(buffer, position)
        return found, position

    return entries


def _doubles(count: int) -> _Read:
    layout = struct.Struct(f"<{count}d")
    return lambda buffer, position: (layout.unpack_from(buffer, position), position + layout.size)


def _array(element: ValueType) -> _Read:
    read = None if element == types.Float64 else _reader(element)

    def array(buffer: bytes, position: int) -> tuple[Any, int]:
        count, position = _read_integer(buffer, position)
        if read is None:
            return _doubles(count)(buffer, position)
        values = []
        for _ in range(count):
            value, position = read(buffer, position)
            values.append(value)
        return tuple(values), position

    return array


def _read_text(buffer: bytes, position: int) -> tuple[str, int]:
    value, end = _read_bytes(buffer, position)
    return value.decode(), end


def _read_bytes(buffer: bytes, position: int) -> tuple[bytes, int]:
    size, position = _read_integer(buffer, position)
    return buffer[position : position + size], position + size


def _read_bool(buffer: bytes, position: int) -> tuple[bool, int]:
    number, end = _read_integer(buffer, position)
    return bool(number), end


def _pack_integer(value: int) -> bytes:
    """Pack an integer as its length and its bytes; 0 is one byte."""
    size = (value + (value < 0)).bit_length() // 8 + 1 if value else 0
    return bytes((size,)) + int(value).to_bytes(size, "little", signed=True)


def _read_integer(buffer: bytes, position: int) -> tuple[int, int]:
    end = position + 1 + buffer[position]
    return int.from_bytes(buffer[position + 1 : end], "little", signed=True), end
