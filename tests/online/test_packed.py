"""Packed tiles: bytes from which a window is read without unpacking what lies outside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import agg
from skewless.compiler.partials import Occurrence, Partial, Shape
from skewless.compiler.plan import plan_view
from skewless.online.packed import TileLayout
from skewless.online.tiles import Tiles, to_tiles
from tests.online.builders import HOUR, TODAY, a_rich_plan, a_source, a_view

if TYPE_CHECKING:
    from skewless.compiler.plan import TileSet, ViewPlan
    from skewless.online.packed import PackedTiles

FEATURES = {
    name: function("seats", window="30d", hop="1h")
    for name, function in {
        "sum": agg.sum,
        "var": agg.var_pop,
        "min": agg.min,
        "max": agg.max,
        "first": agg.first,
    }.items()
} | {"gate": agg.last("gate", window="30d", hop="1h")}
PLAN = plan_view(a_view(features=FEATURES, source=a_source(tiebreak="rank")))
(HOURLY,) = PLAN.tile_sets
LAYOUT = TileLayout(PLAN, HOURLY)


def a_row(tile_set: TileSet, start: int, number: int | None) -> tuple[Any, ...]:
    """Return the partials of a tile with one event; with none that has a value if None."""
    if number is None:
        return tuple(column.kept.nothing for column in tile_set.columns)

    def of(measure: int) -> Occurrence:
        value = str(number) if PLAN.measures[measure].type != seats else number
        return Occurrence(number, value, (start + 1, number % 3 or None, value))

    seats = PLAN.view.source.columns["seats"]
    return tuple(column.kept.of(of(column.measure)) for column in tile_set.columns)


def packed(rows: dict[int, int | None]) -> tuple[Tiles, PackedTiles, int, int]:
    tiles = to_tiles(HOURLY, {start: a_row(HOURLY, start, rows[start]) for start in rows})
    data = LAYOUT.pack(tiles)
    found, end = LAYOUT.read(memoryview(b"before" + data + b"after"), len(b"before"))
    return tiles, found, end - len(b"before"), len(data)


ROWS = st.dictionaries(
    st.one_of(st.integers(0, 9), st.integers(-70_000, 70_000)).map(lambda n: TODAY + n * HOUR),
    st.none() | st.integers(-(2**40), 2**40),
    max_size=9,
)


@given(ROWS)
def test_tiles_come_back(rows: dict[int, int | None]) -> None:
    tiles, found, end, size = packed(rows)
    assert LAYOUT.unpack(found) == tiles
    assert end == size


@given(ROWS, st.integers(-80_000, 80_000))
def test_an_edge_is_found_among_the_starts(rows: dict[int, int | None], hours: int) -> None:
    tiles, found, _, _ = packed(rows)
    edge = TODAY + hours * HOUR
    if not tiles.starts:
        assert found.count == 0
        return
    index = found.index(edge)
    assert all(start < edge for start in tiles.starts[:index])
    assert all(start >= edge for start in tiles.starts[index:])
    assert [found.start(place) for place in range(found.count)] == tiles.starts


@given(ROWS, st.data())
def test_extremes_of_a_window_need_no_counts(
    rows: dict[int, int | None], data: st.DataObject
) -> None:
    """In place of a null stands a value that every window with the tile contains."""
    tiles, found, _, _ = packed(rows)
    for index, column in enumerate(HOURLY.columns):
        if column.partial not in (Partial.MIN, Partial.MAX) or not tiles.starts:
            continue
        begin = data.draw(st.integers(0, len(tiles.starts) - 1))
        values = [value for value in tiles.columns[index][begin:] if value is not None]
        if values:
            read = found.columns[index]
            is_least = column.partial is Partial.MIN
            assert (read.least if is_least else read.greatest)(begin) == (
                min(values) if is_least else max(values)
            )


def test_no_tiles_take_the_head_alone() -> None:
    tiles, found, _, size = packed({})
    assert (found.count, LAYOUT.unpack(found), size) == (0, tiles, 13)


@pytest.mark.parametrize(
    ("gap", "size"), [(1, 0), (2, 1), (255, 1), (256, 2), (2**16 - 1, 2), (2**16, 4)]
)
def test_offsets_are_as_wide_as_the_span_needs(gap: int, size: int) -> None:
    (only,) = plan_view(a_view(features={"n": agg.count(window="30d", hop="1h")})).tile_sets
    layout = TileLayout(PLAN, only)
    near, far = (
        layout.pack(Tiles([TODAY, TODAY + distance * HOUR], [[1, 1]])) for distance in (1, gap)
    )
    assert len(far) - len(near) == 2 * size


@pytest.mark.parametrize("plan", [a_rich_plan(), a_rich_plan(tiebreak=None)])
def test_every_column_knows_the_column_that_counts_it(plan: ViewPlan) -> None:
    for tile_set in plan.tile_sets:
        layout = TileLayout(plan, tile_set)
        for column, laid_out in zip(tile_set.columns, layout.columns, strict=True):
            counting = tile_set.columns[laid_out.count]
            assert (counting.partial, counting.measure) == (Partial.COUNT, column.measure)
            assert laid_out.is_number is (column.kept.shape is Shape.NUMBER)
            assert laid_out.estimate(plan.tiebreak_type) > 0
