"""Packed tiles: the tiles of one tile set as bytes, and a view from which a window is read.

A min, max, first or last is null if its count is 0. In place of a null numeric min or max stands
the next tile's value (at the end, the last one's). A window that reaches to the last tile contains
that value too, so the min of its slice needs no counts.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from skewless.compiler.distinct import REGISTERS
from skewless.compiler.partials import Partial, Shape
from skewless.definitions import types
from skewless.online.column import (
    TEXTUAL,
    from_column,
    pack_integers,
    pack_nullable,
    pack_values,
    part_of,
    read_integers,
    read_nullable,
    read_values,
    type_bytes,
)
from skewless.online.tiles import Tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skewless.compiler.partials import Kept
    from skewless.compiler.plan import TileSet, ViewPlan
    from skewless.definitions.types import ValueType

_HEAD = struct.Struct("<IqB")  # tiles, first start in hops, bytes of an offset (0: contiguous)
_OFFSETS = {1: "B", 2: "H", 4: "I", 8: "Q"}
_REGISTER_BYTES = REGISTERS * 6 // 8
_EMPTY = _HEAD.pack(0, 0, 0)


class PackedPicks:
    """A packed column of first or last: event times, tiebreaks and values."""

    __slots__ = ("_starts", "_tiebreaks", "_times", "_type", "_values")

    def __init__(
        self, starts: PackedTiles, times: Any, tiebreaks: Any, values: Any, type_: ValueType
    ) -> None:
        self._starts = starts
        self._times = times
        self._tiebreaks = tiebreaks
        self._values = values
        self._type = type_

    def __getitem__(self, index: int) -> tuple[int, Any, Any]:
        tiebreak = None if self._tiebreaks is None else self._tiebreaks[index]
        value = from_column(self._values[index], self._type)
        return self._starts.start(index) + self._times[index], tiebreak, value


class PackedLists:
    """A packed column of lists: how long each is, and the elements of all."""

    __slots__ = ("_ends", "_starts", "_ties", "_times", "_type", "_values")

    def __init__(
        self,
        starts: PackedTiles,
        lengths: Sequence[int],
        times: Any,
        ties: Any,
        values: Any,
        type_: Any,
    ) -> None:
        self._starts = starts
        self._ends = list(accumulate(lengths, initial=0))
        self._times = times
        self._ties = ties
        self._values = values
        self._type = type_

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        begin, end = self._ends[index], self._ends[index + 1]
        values = part_of(self._values, begin, end, self._type)
        if self._times is None:
            return tuple(values)
        places = range(begin, end)
        start = self._starts.start(index)
        times = [start + self._times[place] for place in places]
        ties = [None if self._ties is None else self._ties[place] for place in places]
        return tuple(zip(times, ties, values, strict=True))


class PackedPairs:
    """A packed column of counts of values, or of hashes; -1 is the length of what has too many."""

    __slots__ = ("_ends", "_lengths", "_numbers", "_registers", "_type", "_values")

    def __init__(
        self, lengths: Sequence[int], values: Any, numbers: Any, registers: Any, type_: Any
    ) -> None:
        self._lengths = lengths
        self._ends = list(accumulate((max(length, 0) for length in lengths), initial=0))
        self._values = values
        self._numbers = numbers
        self._registers = registers
        self._type = type_

    def __getitem__(self, index: int) -> Any:
        if self._lengths[index] < 0:
            if self._registers is None:
                return None
            begin = self._lengths[:index].count(-1) * _REGISTER_BYTES
            return _unpacked_registers(bytes(self._registers[begin : begin + _REGISTER_BYTES]))
        begin, end = self._ends[index], self._ends[index + 1]
        values = part_of(self._values, begin, end, self._type)
        if self._numbers is None:
            return tuple(values)
        return tuple(zip(values, self._numbers.part(begin, end), strict=True))


class PackedTiles:
    """The tiles of one tile set inside a buffer."""

    __slots__ = ("_base", "_hop", "_offsets", "columns", "count")

    def __init__(self, hop: int, count: int, base: int, offsets: Any) -> None:
        self._hop = hop
        self._base = base
        self._offsets = offsets
        self.count = count
        self.columns: list[Any] = []

    def index(self, edge: int) -> int:
        """Return the index of the first tile at or after an instant, a whole number of hops."""
        return bisect_left(self._offsets, edge // self._hop - self._base)

    def start(self, index: int) -> int:
        """Return when a tile starts."""
        return int(self._base + self._offsets[index]) * self._hop


class PackedColumn:
    """The layout of one column: how it is kept, its type, and the column that counts its values."""

    __slots__ = ("count", "is_number", "is_pick", "kept", "type")

    def __init__(self, kept: Kept, type_: ValueType, count: int) -> None:
        self.kept = kept
        self.type = type_
        self.count = count
        self.is_number = kept.shape is Shape.NUMBER
        self.is_pick = kept.shape is Shape.PICK

    def estimate(self, tiebreak: ValueType | None) -> int:
        """Estimate the bytes of one tile's partial."""
        if self.kept.size is not None:
            return self.kept.size
        beside = 8 + type_bytes(tiebreak) if self.kept.has_instants else 0
        if self.kept.shape is Shape.COUNTS:
            beside = 4
        return self.kept.most * (type_bytes(self.type) + beside)


class TileLayout:
    """The layout of one tile set's tiles, made once for a plan."""

    __slots__ = ("_hop", "_tiebreak", "columns")

    def __init__(self, plan: ViewPlan, tile_set: TileSet) -> None:
        self._hop = tile_set.hop or 1
        self._tiebreak = plan.tiebreak_type
        counts = {
            column.measure: index
            for index, column in enumerate(tile_set.columns)
            if column.partial is Partial.COUNT
        }
        self.columns = [
            PackedColumn(
                column.kept,
                plan.measures[column.measure].type or types.Int64,
                counts[column.measure],
            )
            for column in tile_set.columns
        ]

    def pack(self, tiles: Tiles) -> bytes:
        """Return the tiles' bytes."""
        count = len(tiles.starts)
        if not count:
            return _EMPTY
        hops = [start // self._hop for start in tiles.starts]
        base, span = hops[0], hops[-1] - hops[0]
        size = 0 if span == count - 1 else next(n for n in _OFFSETS if span < 1 << 8 * n)
        parts = [_HEAD.pack(count, base, size)]
        if size:
            parts.append(struct.pack(f"<{count}{_OFFSETS[size]}", *(hop - base for hop in hops)))
        for column, values in zip(self.columns, tiles.columns, strict=True):
            if column.is_number:
                parts.append(pack_integers(values))
            elif column.kept.is_list:
                parts.extend(self._pack_lists(column, values, tiles.starts))
            elif column.kept.is_collected:
                parts.extend(_pack_pairs(column, values))
            elif column.is_pick:
                parts.extend(self._pack_picks(column, values, tiles.starts))
            else:
                parts.append(pack_values(_filled(values, column.type), column.type))
        return b"".join(parts)

    def read(self, buffer: memoryview, position: int) -> tuple[PackedTiles, int]:
        """Return a view of the tiles at a position, and the position after them."""
        count, base, size = _HEAD.unpack_from(buffer, position)
        position += _HEAD.size
        if not count:
            return self.nothing(), position
        offsets: Any = range(count)
        if size:
            end = position + count * size
            offsets = buffer[position:end].cast(_OFFSETS[size])  # type: ignore[call-overload]
            position = end
        tiles = PackedTiles(self._hop, count, base, offsets)
        for column in self.columns:
            if column.is_number:
                found, position = read_integers(buffer, position, count)
                tiles.columns.append(found)
                continue
            position = self._reader(column)(column, tiles, buffer, position)
        return tiles, position

    def nothing(self) -> PackedTiles:
        """Return a view of no tiles."""
        return PackedTiles(self._hop, 0, 0, ())

    def unpack(self, tiles: PackedTiles) -> Tiles:
        """Return the tiles as plain values."""
        if not tiles.count:
            return Tiles([], [[] for _ in self.columns])
        indexes = range(tiles.count)
        columns: list[list[Any]] = []
        for column, packed in zip(self.columns, tiles.columns, strict=True):
            counts = tiles.columns[column.count]
            if column.is_number or column.kept.is_collected:
                columns.append([packed[index] for index in indexes])
            elif column.is_pick:
                columns.append([packed[i] if counts[i] else None for i in indexes])
            else:
                kind = column.type
                columns.append(
                    [from_column(packed[i], kind) if counts[i] else None for i in indexes]
                )
        return Tiles([tiles.start(index) for index in indexes], columns)

    def _pack_picks(
        self, column: PackedColumn, values: Sequence[Any], starts: Sequence[int]
    ) -> list[bytes]:
        pairs = zip(values, starts, strict=True)
        parts = [pack_integers([0 if pick is None else pick[0] - start for pick, start in pairs])]
        if self._tiebreak is not None:
            ties = [None if pick is None else pick[1] for pick in values]
            parts.append(pack_nullable(ties, self._tiebreak))
        picked = [None if pick is None else pick[2] for pick in values]
        parts.append(pack_values(_filled(picked, column.type), column.type))
        return parts

    def _pack_lists(
        self, column: PackedColumn, lists: Sequence[Any], starts: Sequence[int]
    ) -> list[bytes]:
        parts = [pack_integers(list(map(len, lists)))]
        values = [item for items in lists for item in items]
        if column.kept.has_instants:
            pairs = zip(lists, starts, strict=True)
            parts.append(pack_integers([item[0] - at for items, at in pairs for item in items]))
            if self._tiebreak is not None:
                parts.append(pack_nullable([item[1] for item in values], self._tiebreak))
            values = [item[2] for item in values]
        parts.append(pack_values(values, column.type))
        return parts

    def _reader(self, column: PackedColumn) -> Callable[..., int]:
        if column.kept.is_list:
            return self._read_lists
        if column.kept.is_collected:
            return _read_pairs
        return self._read_picks if column.is_pick else self._read_extremes

    def _read_lists(
        self, column: PackedColumn, tiles: PackedTiles, buffer: memoryview, position: int
    ) -> int:
        lengths, position = read_integers(buffer, position, tiles.count)
        count = lengths.total(0)
        times = ties = None
        if column.kept.has_instants:
            times, position = read_integers(buffer, position, count)
            if self._tiebreak is not None:
                ties, position = read_nullable(buffer, position, count, self._tiebreak)
        values, position = read_values(buffer, position, count, column.type)
        found = [lengths[index] for index in range(tiles.count)]
        tiles.columns.append(PackedLists(tiles, found, times, ties, values, column.type))
        return position

    def _read_picks(
        self, column: PackedColumn, tiles: PackedTiles, buffer: memoryview, position: int
    ) -> int:
        times, position = read_integers(buffer, position, tiles.count)
        ties = None
        if self._tiebreak is not None:
            ties, position = read_nullable(buffer, position, tiles.count, self._tiebreak)
        values, position = read_values(buffer, position, tiles.count, column.type)
        tiles.columns.append(PackedPicks(tiles, times, ties, values, column.type))
        return position

    def _read_extremes(
        self, column: PackedColumn, tiles: PackedTiles, buffer: memoryview, position: int
    ) -> int:
        values, position = read_values(buffer, position, tiles.count, column.type)
        tiles.columns.append(values)
        return position


def _pack_pairs(column: PackedColumn, tiles: Sequence[Any]) -> list[bytes]:
    has_too_many = [tile is None or isinstance(tile, bytes) for tile in tiles]
    pairs = zip(tiles, has_too_many, strict=True)
    lengths = [-1 if is_marked else len(tile) for tile, is_marked in pairs]
    whole = (tile for tile, length in zip(tiles, lengths, strict=True) if length > 0)
    items = [item for tile in whole for item in tile]
    if column.kept.shape is Shape.HASHES:
        registers = (_packed_registers(tile) for tile in tiles if isinstance(tile, bytes))
        return [pack_integers(lengths), pack_values(items, column.type), *registers]
    return [
        pack_integers(lengths),
        pack_values([value for value, _ in items], column.type),
        pack_integers([number for _, number in items]),
    ]


def _read_pairs(column: PackedColumn, tiles: PackedTiles, buffer: memoryview, position: int) -> int:
    packed, position = read_integers(buffer, position, tiles.count)
    lengths = [packed[index] for index in range(tiles.count)]
    count = sum(length for length in lengths if length > 0)
    values, position = read_values(buffer, position, count, column.type)
    numbers = registers = None
    if column.kept.shape is Shape.HASHES:
        end = position + lengths.count(-1) * _REGISTER_BYTES
        registers, position = buffer[position:end], end
    else:
        numbers, position = read_integers(buffer, position, count)
    tiles.columns.append(PackedPairs(lengths, values, numbers, registers, column.type))
    return position


def _packed_registers(registers: bytes) -> bytes:
    """Pack numbers below 64, four in three bytes."""
    number = int("".join(f"{rank:02o}" for rank in registers), 8)
    return number.to_bytes(_REGISTER_BYTES, "big")


def _unpacked_registers(data: bytes) -> bytes:
    digits = f"{int.from_bytes(data, 'big'):0{2 * REGISTERS}o}"
    return bytes(int(digits[place : place + 2], 8) for place in range(0, len(digits), 2))


def _filled(values: Sequence[Any], type_: ValueType) -> Sequence[Any]:
    """Replace nulls by neutral values; a null text becomes empty."""
    if None not in values:
        return values
    if type_ in TEXTUAL:
        nothing = "" if type_ == types.String else b""
        return [nothing if value is None else value for value in values]
    following = next((value for value in reversed(values) if value is not None), 0)
    filled = []
    for value in reversed(values):
        following = following if value is None else value
        filled.append(following)
    return filled[::-1]
