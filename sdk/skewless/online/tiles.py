"""Tiles: partials by hop, and how they combine. It is exact, so any order gives the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from skewless.compiler.instants import window_start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from skewless.compiler.plan import TileSet

    Combine: TypeAlias = Callable[[Any, Any], Any]
    Row: TypeAlias = Sequence[Any]

EXACT_MAX = 10**38 - 1  # DECIMAL(38, 0): what history can hold


class Tiles(NamedTuple):
    """The tiles of one tile set.

    Attributes:
        starts: microseconds, ascending; one tile at 0 where the plan has no hop.
        columns: as the tile set's: integers for n, S and Q; a physical value or None for min and
            max; (event_time, tiebreak, value) or None for first and last; a tuple for lists.
    """

    starts: list[int]
    columns: list[list[Any]]


def to_tiles(tile_set: TileSet, rows: Mapping[int, Row]) -> Tiles:
    """Return rows of partials by start as tiles."""
    starts = sorted(rows)
    columns = [[rows[start][index] for start in starts] for index in range(len(tile_set.columns))]
    return Tiles(starts, columns)


def merge_tiles(tile_set: TileSet, left: Tiles, right: Tiles) -> Tiles:
    """Return the tiles of both sides' events."""
    if not left.starts or not right.starts:
        return left if left.starts else right
    rows: dict[int, Row] = dict(zip(left.starts, zip(*left.columns, strict=True), strict=True))
    combine = [column.kept.combine for column in tile_set.columns]
    for start, row in zip(right.starts, zip(*right.columns, strict=True), strict=True):
        before = rows.get(start)
        rows[start] = row if before is None else add_rows(combine, before, row)
    return to_tiles(tile_set, rows)


def add_rows(combine: Sequence[Combine], left: Row, right: Row) -> Row:
    """Return the partials of two sets of events, column by column."""
    return tuple([do(ours, theirs) for do, ours, theirs in zip(combine, left, right, strict=True)])


def trim_tiles(tile_set: TileSet, tiles: Tiles, cut: int) -> Tiles:
    """Return the tiles that a window reaches at the cut or later."""
    if tile_set.hop is None or tile_set.retention is None:
        return tiles
    edge = window_start(cut, tile_set.retention, tile_set.hop)
    begin = sum(start < edge for start in tiles.starts)
    return Tiles(tiles.starts[begin:], [column[begin:] for column in tiles.columns])
