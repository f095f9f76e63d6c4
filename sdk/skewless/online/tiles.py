"""Tiles: partials by hop, and how they combine. It is exact, so any order gives the same."""

from __future__ import annotations

from collections import Counter
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
        starts: microseconds, ascending; one tile at 0 where the plan has no hop. Where there are
            tiles for each value of a key, pairs of one and a start, in order. A tile with more
            values than the limit is one pair, of None and the start, and knows nothing else.
        columns: as the tile set's: integers for n, S and Q; a physical value or None for min and
            max; (event_time, tiebreak, value) or None for first and last; a tuple for lists.
    """

    starts: list[Any]
    columns: list[list[Any]]


def to_tiles(tile_set: TileSet, rows: Mapping[Any, Row]) -> Tiles:
    """Return rows of partials by start, or by pairs of a key and a start, as tiles."""
    if tile_set.by is not None:
        rows = _limited(tile_set, tile_set.by.limit, rows)
    starts = sorted(rows, key=_order if tile_set.by is not None else None)
    columns = [[rows[start][index] for start in starts] for index in range(len(tile_set.columns))]
    return Tiles(starts, columns)


def _limited(
    tile_set: TileSet, limit: int, rows: Mapping[tuple[Any, int], Row]
) -> Mapping[tuple[Any, int], Row]:
    """Put one row in place of those of each tile that has too many keys."""
    counts = Counter(start for _, start in rows)
    overfull = {start for start, count in counts.items() if count > limit}
    overfull |= {start for key, start in rows if key is None}
    if not overfull:
        return rows
    nothing = [column.kept.nothing for column in tile_set.columns]
    kept = {place: row for place, row in rows.items() if place[1] not in overfull}
    return kept | {(None, start): nothing for start in overfull}


def _order(place: tuple[Any, int]) -> tuple[bool, Any, int]:
    key, start = place
    return key is not None, key, start


def merge_tiles(tile_set: TileSet, left: Tiles, right: Tiles) -> Tiles:
    """Return the tiles of both sides' events."""
    if not left.starts or not right.starts:
        return left if left.starts else right
    rows: dict[Any, Row] = dict(zip(left.starts, zip(*left.columns, strict=True), strict=True))
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
    if tile_set.by is not None:
        kept = [index for index, (_, start) in enumerate(tiles.starts) if start >= edge]
        columns = [[column[index] for index in kept] for column in tiles.columns]
        return Tiles([tiles.starts[index] for index in kept], columns)
    begin = sum(start < edge for start in tiles.starts)
    return Tiles(tiles.starts[begin:], [column[begin:] for column in tiles.columns])
