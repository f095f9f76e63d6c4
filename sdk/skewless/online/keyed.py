"""Packed tiles by key: for each value of a key, packed tiles of its own."""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.online.column import from_column, pack_values, read_values, type_bytes
from skewless.online.packed import PackedTiles, TileLayout
from skewless.online.tiles import Tiles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.compiler.plan import By, TileSet, ViewPlan
    from skewless.definitions.types import ValueType

_COUNT = struct.Struct("<I")


class PackedKeys(NamedTuple):
    """The tiles of each key, and those that had too many keys."""

    keys: dict[Any, PackedTiles]
    overfull: PackedTiles


class KeyedLayout:
    """The layout of one tile set's tiles by key, made once for a plan."""

    __slots__ = ("_by", "_each", "_overfull", "_type", "columns")

    def __init__(self, plan: ViewPlan, tile_set: TileSet, by: By) -> None:
        self._by = by
        self._type: ValueType = plan.keys[by.key].type
        self._each = TileLayout(plan, tile_set)
        self._overfull = TileLayout(plan, replace(tile_set, columns=()))
        self.columns = self._each.columns

    def pack(self, tiles: Tiles) -> bytes:
        """Return the tiles' bytes."""
        of_key: dict[Any, Tiles] = {}
        places = enumerate(tiles.starts)
        for key, group in groupby(places, key=lambda place: place[1][0]):
            indexes = [index for index, _ in group]
            starts = [tiles.starts[index][1] for index in indexes]
            of_key[key] = Tiles(
                starts, [[column[index] for index in indexes] for column in tiles.columns]
            )
        overfull = of_key.pop(None, Tiles([], []))
        return b"".join(
            [
                _COUNT.pack(len(of_key)),
                pack_values(list(of_key), self._type),
                self._overfull.pack(Tiles(overfull.starts, [])),
                *(self._each.pack(each) for each in of_key.values()),
            ]
        )

    def read(self, buffer: memoryview, position: int) -> tuple[PackedKeys, int]:
        """Return a view of the tiles at a position, and the position after them."""
        (count,) = _COUNT.unpack_from(buffer, position)
        found, position = read_values(buffer, position + _COUNT.size, count, self._type)
        overfull, position = self._overfull.read(buffer, position)
        keys: dict[Any, PackedTiles] = {}
        for index in range(count):
            tiles, position = self._each.read(buffer, position)
            keys[from_column(found[index], self._type)] = tiles
        return PackedKeys(keys, overfull), position

    def nothing(self) -> PackedKeys:
        """Return a view of no tiles."""
        return PackedKeys({}, self._each.nothing())

    def unpack(self, packed: PackedKeys) -> Tiles:
        """Return the tiles as plain values."""
        starts: list[Any] = [
            (None, packed.overfull.start(index)) for index in range(packed.overfull.count)
        ]
        columns: list[list[Any]] = [
            [column.kept.nothing for _ in starts] for column in self._each.columns
        ]
        for key, tiles in packed.keys.items():
            plain = self._each.unpack(tiles)
            starts += [(key, start) for start in plain.starts]
            for column, more in zip(columns, plain.columns, strict=True):
                column.extend(more)
        return Tiles(starts, columns)

    def estimate(self, tiles: int, head: int, width: int) -> int:
        """Estimate the bytes with as many keys as there may be, each in every tile."""
        return self._by.limit * (type_bytes(self._type) + head + tiles * width)


def every(tiles: PackedTiles | PackedKeys) -> Iterable[PackedTiles]:
    """Return the tiles of all keys, or those of a set without keys."""
    return tiles.keys.values() if isinstance(tiles, PackedKeys) else (tiles,)
