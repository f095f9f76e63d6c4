"""Rows of the states query to encoded states, one for each entity."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from skewless.compiler.plan import Partial
from skewless.offline.states import SEEN, START, TILE_SET, partial_names
from skewless.online.codec import encode
from skewless.online.state import Aggregated, Latest, Winner
from skewless.online.tiles import Tiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from skewless.compiler.plan import TileColumn, TileSet, ViewPlan

    Key = tuple[Any, ...]
    Row = dict[str, Any]


def encoded_states(plan: ViewPlan, rows: pa.Table) -> Iterator[tuple[Key, bytes]]:
    """Yield each changed entity's physical key and its encoded state.

    Args:
        plan: the view's.
        rows: what `offline.states.States.query` returned, in any order.
    """
    keys = [f"k{index}" for index in range(len(plan.key_types))]
    order = [*keys, TILE_SET, START] if plan.view.is_aggregated else keys
    ordered = rows.sort_by([(name, "ascending") for name in order])

    def key_of(row: Row) -> Key:
        return tuple(row[key] for key in keys)

    for key, group in groupby(_rows(ordered), key=key_of):
        some = list(group)
        if plan.view.is_aggregated:
            yield key, encode(plan, _aggregated(plan, some))
        else:
            yield key, encode(plan, _latest(plan, some[0]))


def _rows(table: pa.Table) -> Iterator[Row]:
    # In batches: one list of all rows would need many times the table's memory.
    for batch in table.to_batches(max_chunksize=10_000):
        yield from batch.to_pylist()


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
    columns = [[_partial(column, row) for row in rows] for column in tile_set.columns]
    return Tiles([row[START] for row in rows], columns)


def _partial(column: TileColumn, row: Row) -> Any:
    names = partial_names(column)
    value = row[names[0]]
    match column.partial:
        case Partial.SUM | Partial.SQUARES:
            return int(value)
        case Partial.FIRST | Partial.LAST:
            return None if value is None else tuple(row[name] for name in names)
        case _:
            return value


def _latest(plan: ViewPlan, row: Row) -> Latest:
    if row["happened"] is None:
        return Latest(None)
    values = tuple(_hashable(row[f"c{index}"]) for index in range(len(plan.columns)))
    return Latest(Winner(row["happened"], row["tie"], values, row["deleted"]))


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
