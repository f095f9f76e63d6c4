"""Rows of the states query to encoded states. Boto3's half of the package: no Arrow, no SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.compiler.physical import of_arrow
from skewless.compiler.state_rows import SEEN, START, TILE_SET, key_name, partial_names
from skewless.online.codec import encode
from skewless.online.state import Aggregated, Latest, Winner
from skewless.online.tiles import Tiles, to_tiles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.compiler.exported import Row
    from skewless.compiler.plan import TileColumn, TileSet, ViewPlan


def encoded_state(plan: ViewPlan, rows: Iterable[Row]) -> bytes:
    """Return an entity's encoded state.

    Args:
        plan: the view's.
        rows: all of the entity's, in any order; see `compiler.state_rows`.
    """
    found = list(rows)
    state = _aggregated(plan, found) if plan.view.is_aggregated else _latest(plan, found[0])
    return encode(plan, state)


def _aggregated(plan: ViewPlan, rows: list[Row]) -> Aggregated:
    by_set: dict[int, list[Row]] = {}
    for row in rows:
        if row[TILE_SET] is not None:
            by_set.setdefault(row[TILE_SET], []).append(row)
    tiles = tuple(
        _tiles(tile_set, by_set.get(index, [])) for index, tile_set in enumerate(plan.tile_sets)
    )
    return Aggregated(tiles, is_seen=rows[0][SEEN])


def _tiles(tile_set: TileSet, rows: list[Row]) -> Tiles:
    if tile_set.by is not None:
        return _keyed(tile_set, key_name(tile_set.by.key), rows)
    ordered = sorted(rows, key=lambda row: row[START])
    columns = [_partials(column, ordered) for column in tile_set.columns]
    return Tiles([row[START] for row in ordered], columns)


def _keyed(tile_set: TileSet, key: str, rows: list[Row]) -> Tiles:
    columns = [_partials(column, rows) for column in tile_set.columns]
    places = [(row[key], row[START]) for row in rows]
    return to_tiles(tile_set, dict(zip(places, zip(*columns, strict=True), strict=True)))


def _partials(column: TileColumn, rows: list[Row]) -> list[Any]:
    names, read = partial_names(column), column.kept.read
    return [read([row[name] for name in names]) for row in rows]


def _latest(plan: ViewPlan, row: Row) -> Latest:
    if row["happened"] is None:
        return Latest(None)
    values = tuple(
        of_arrow(row[f"c{index}"], type_) for index, (_, type_) in enumerate(plan.columns)
    )
    return Latest(Winner(row["happened"], row["tie"], values, row["deleted"]))
