"""Packed columns: numbers or texts as bytes that can be summed without a Python loop over tiles.

A column of integers is fixed-width, at the smallest width that fits, after a common power of ten is
taken out: minutes kept in units of a microminute take two bytes, not eight. Little endian.
"""

from __future__ import annotations

import math
import struct
import sys
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from skewless.definitions import types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.definitions.types import ValueType

# By code, from 1. 0 is a column of zeros without bytes; 9 is two columns for 128 bits, 10 three for
# 192. Sums of more than 38 digits are kept exactly; overflow is checked for the requested window.
_KINDS = tuple(
    (kind, least, greatest)
    for size, signed, unsigned in ((1, "b", "B"), (2, "h", "H"), (4, "i", "I"), (8, "q", "Q"))
    for kind, least, greatest in (
        (signed, -(1 << 8 * size - 1), (1 << 8 * size - 1) - 1),
        (unsigned, 0, (1 << 8 * size) - 1),
    )
)
_BYTES = {kind: struct.calcsize(f"<{kind}") for kind in "bBhHiIqQd"}
_POWERS = tuple(10**exponent for exponent in range(64))  # a column has 192 bits at most
_IS_LITTLE = sys.byteorder == "little"
_ZEROS, _WIDE, _WIDEST = 0, 9, 10
_LOW_64 = (1 << 64) - 1
_NO_NULLS, _ONLY_NULLS, _SOME_NULLS = 0, 1, 2
_TEXT_BYTES = 32
TEXTUAL = (types.String, types.Bytes)


class Integers:
    """A column of exact integers inside a buffer."""

    __slots__ = ("_count", "_factor", "_high", "_low", "_top")

    def __init__(self, count: int, low: Any, high: Any, factor: int, top: Any = None) -> None:
        self._count = count
        self._low = low
        self._high = high
        self._factor = factor
        self._top = top

    def total(self, start: int, end: int | None = None) -> int:
        """Return the sum from an index on, up to another or the last."""
        if self._low is None:
            return 0
        total: int = sum(self._low[start:end])
        if self._high is not None:
            total += sum(self._high[start:end]) << 64
        if self._top is not None:
            total += sum(self._top[start:end]) << 128
        return total * self._factor

    def reach(self) -> int:
        """Return the sum of magnitudes, which bounds the sum of any part of the column."""
        if self._high is not None:
            return sum(abs(self[index]) for index in range(self._count))
        return 0 if self._low is None else sum(map(abs, self._low)) * self._factor

    def least(self, start: int) -> int:
        """Return the minimum from an index on, of 64-bit numbers."""
        return 0 if self._low is None else min(self._low[start:]) * self._factor

    def greatest(self, start: int) -> int:
        """Return the maximum from an index on, of 64-bit numbers."""
        return 0 if self._low is None else max(self._low[start:]) * self._factor

    def part(self, start: int, end: int) -> list[int]:
        """Return the numbers from an index on, up to another."""
        if self._low is None or self._high is not None:
            return [self[index] for index in range(start, end)]
        numbers: list[int] = list(self._low[start:end])
        return numbers if self._factor == 1 else [number * self._factor for number in numbers]

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> int:
        if self._low is None:
            return 0
        high = 0 if self._high is None else self._high[index] << 64
        top = 0 if self._top is None else self._top[index] << 128
        return int(top + high + self._low[index]) * self._factor


class Doubles:
    """A column of doubles inside a buffer."""

    __slots__ = ("_numbers",)

    def __init__(self, numbers: Any) -> None:
        self._numbers = numbers

    def least(self, start: int) -> float:
        """Return the minimum from an index on."""
        return float(min(self._numbers[start:]))

    def greatest(self, start: int) -> float:
        """Return the maximum from an index on."""
        return float(max(self._numbers[start:]))

    def part(self, start: int, end: int) -> list[float]:
        """Return the numbers from an index on, up to another."""
        return list(self._numbers[start:end])

    def __getitem__(self, index: int) -> float:
        return float(self._numbers[index])


class Texts:
    """A column of strings, as UTF-8, or of bytes inside a buffer.

    UTF-8 sorts as code points do, so texts are compared as bytes.
    """

    __slots__ = ("_blob", "_ends")

    def __init__(self, ends: Integers, blob: memoryview) -> None:
        self._ends = ends
        self._blob = blob

    def part(self, start: int, end: int) -> list[bytes]:
        """Return the texts from an index on, up to another."""
        ends = self._ends.part(start, end)
        begins = [self._ends[start - 1] if start else 0, *ends]
        return [bytes(self._blob[begin:end]) for begin, end in zip(begins, ends, strict=False)]

    def __getitem__(self, index: int) -> bytes:
        begin = self._ends[index - 1] if index else 0
        return bytes(self._blob[begin : self._ends[index]])


def pack_integers(values: Sequence[int]) -> bytes:
    """Pack exact integers of at most 192 bits."""
    divisor = math.gcd(*values)
    if divisor == 0:
        return bytes((_ZEROS, 0))
    exponent = 0
    while divisor % 10 == 0:
        divisor //= 10
        exponent += 1
    if exponent:
        factor = 10**exponent
        values = [value // factor for value in values]
    least, greatest = min(values), max(values)
    for code, (kind, lowest, highest) in enumerate(_KINDS, 1):
        if lowest <= least and greatest <= highest:
            return bytes((code, exponent)) + struct.pack(f"<{len(values)}{kind}", *values)
    low = struct.pack(f"<{len(values)}Q", *(value & _LOW_64 for value in values))
    if least >= -(1 << 127) and greatest < 1 << 127:
        high = struct.pack(f"<{len(values)}q", *(value >> 64 for value in values))
        return bytes((_WIDE, exponent)) + high + low
    top = struct.pack(f"<{len(values)}q", *(value >> 128 for value in values))
    middle = struct.pack(f"<{len(values)}Q", *(value >> 64 & _LOW_64 for value in values))
    return bytes((_WIDEST, exponent)) + top + middle + low


def read_integers(buffer: memoryview, position: int, count: int) -> tuple[Integers, int]:
    """Return the column at a position, and the position after it."""
    code = buffer[position]
    factor = _POWERS[buffer[position + 1]]
    position += 2
    if code == _ZEROS:
        return Integers(count, None, None, 1), position
    if code == _WIDE:
        high, position = _numbers(buffer, position, count, "q")
        low, position = _numbers(buffer, position, count, "Q")
        return Integers(count, low, high, factor), position
    if code == _WIDEST:
        top, position = _numbers(buffer, position, count, "q")
        high, position = _numbers(buffer, position, count, "Q")
        low, position = _numbers(buffer, position, count, "Q")
        return Integers(count, low, high, factor, top), position
    low, position = _numbers(buffer, position, count, _KINDS[code - 1][0])
    return Integers(count, low, None, factor), position


def pack_values(values: Sequence[Any], type_: ValueType) -> bytes:
    """Pack scalars without nulls."""
    if type_ == types.Float64:
        return struct.pack(f"<{len(values)}d", *values)
    if type_ not in TEXTUAL:
        return pack_integers(values)
    texts = [to_bytes(value, type_) for value in values]
    return pack_integers(list(accumulate(map(len, texts)))) + b"".join(texts)


def read_values(
    buffer: memoryview, position: int, count: int, type_: ValueType
) -> tuple[Integers | Doubles | Texts, int]:
    """Return the column of `pack_values`, and the position after it."""
    if type_ == types.Float64:
        numbers, position = _numbers(buffer, position, count, "d")
        return Doubles(numbers), position
    integers, position = read_integers(buffer, position, count)
    if type_ not in TEXTUAL:
        return integers, position
    end = position + (integers[count - 1] if count else 0)
    return Texts(integers, buffer[position:end]), end


def pack_nullable(values: Sequence[Any], type_: ValueType) -> bytes:
    """Pack scalars of which some may be null."""
    present = [value for value in values if value is not None]
    if not present:
        return bytes((_ONLY_NULLS,))
    if len(present) == len(values):
        return bytes((_NO_NULLS,)) + pack_values(values, type_)
    bits = sum(1 << index for index, value in enumerate(values) if value is not None)
    bitmap = bits.to_bytes((len(values) + 7) // 8, "little")
    return bytes((_SOME_NULLS,)) + bitmap + pack_values(present, type_)


def read_nullable(
    buffer: memoryview, position: int, count: int, type_: ValueType
) -> tuple[list[Any], int]:
    """Return the values of `pack_nullable`, and the position after them."""
    code = buffer[position]
    position += 1
    if code == _ONLY_NULLS:
        return [None] * count, position
    is_there = [True] * count
    if code == _SOME_NULLS:
        end = position + (count + 7) // 8
        bits = int.from_bytes(buffer[position:end], "little")
        is_there = [bool(bits >> index & 1) for index in range(count)]
        position = end
    column, position = read_values(buffer, position, sum(is_there), type_)
    indexes = accumulate(is_there, initial=0)
    values = [
        from_column(column[begin], type_) if end > begin else None
        for begin, end in pairwise(indexes)
    ]
    return values, position


def to_bytes(value: Any, type_: ValueType) -> bytes:
    """Return a String's or Bytes' bytes."""
    return bytes(value.encode() if type_ == types.String else value)


def from_column(value: Any, type_: ValueType) -> Any:
    """Return the physical value of a column's element."""
    if type_ == types.Bool:
        return bool(value)
    return value.decode() if type_ == types.String else value


def part_of(
    column: Integers | Doubles | Texts, start: int, end: int, type_: ValueType
) -> list[Any]:
    """Return the physical values of a column's elements from an index on, up to another."""
    values: list[Any] = column.part(start, end)
    if type_ == types.Bool:
        return list(map(bool, values))
    return list(map(bytes.decode, values)) if type_ == types.String else values


def type_bytes(kind: ValueType | None) -> int:
    """Estimate the bytes of a value; 0 without a type."""
    match kind:
        case None:
            return 0
        case types.Vector(size=size):
            return 8 * size
        case types.Array():
            return 8 * _TEXT_BYTES
        case types.Map(key=key, value=value):
            return 8 * (type_bytes(key) + type_bytes(value))
        case _:
            return _TEXT_BYTES if kind in TEXTUAL else 8


def _numbers(buffer: memoryview, position: int, count: int, kind: str) -> tuple[Any, int]:
    end = position + count * _BYTES[kind]
    if _IS_LITTLE:
        return buffer[position:end].cast(kind), end  # type: ignore[call-overload]  # one of _KINDS
    return struct.unpack(f"<{count}{kind}", buffer[position:end]), end
