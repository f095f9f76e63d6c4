"""Tiles combine exactly, in any order; those that no window reaches are trimmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import agg
from skewless.compiler.partials import Occurrence, Partial
from skewless.compiler.plan import plan_view
from skewless.online.tiles import Tiles, add_rows, merge_tiles, to_tiles, trim_tiles
from tests.online.builders import DAY, HOUR, TODAY, a_view

if TYPE_CHECKING:
    from skewless.compiler.plan import TileSet

PLAN = plan_view(
    a_view(
        features={
            "sum": agg.sum("seats", window="1d", hop="1h"),
            "most": agg.max("seats", window="1d", hop="1h"),
            "last": agg.last("gate", window="1d", hop="1h"),
        }
    )
)
(HOURLY,) = PLAN.tile_sets
(FOREVER,) = plan_view(a_view(features={"n": agg.count(window=None)})).tile_sets

STARTS = st.integers(0, 5).map(lambda hour: TODAY + hour * HOUR)
NUMBERS = st.integers(-(2**40), 2**40)


def row_of(tile_set: TileSet, number: int) -> tuple[object, ...]:
    """Return the partials of one event, at an instant and of a value that are the number."""
    event = Occurrence(number, number, (number, None, number))
    return tuple(column.kept.of(event) for column in tile_set.columns)


@given(st.lists(st.dictionaries(STARTS, NUMBERS), min_size=3, max_size=3))
def test_tiles_merge_in_any_order(drawn: list[dict[int, int]]) -> None:
    a, b, c = (
        to_tiles(HOURLY, {start: row_of(HOURLY, value) for start, value in part.items()})
        for part in drawn
    )
    left = merge_tiles(HOURLY, merge_tiles(HOURLY, a, b), c)
    assert left == merge_tiles(HOURLY, c, merge_tiles(HOURLY, b, a))
    assert left.starts == sorted({start for part in drawn for start in part})


def test_merging_with_nothing_changes_nothing() -> None:
    some = to_tiles(HOURLY, {TODAY: row_of(HOURLY, 7)})
    nothing = Tiles([], [[] for _ in HOURLY.columns])
    assert merge_tiles(HOURLY, some, nothing) == some
    assert merge_tiles(HOURLY, nothing, some) == some


def test_rows_of_one_tile_are_combined_column_by_column() -> None:
    combine = [column.kept.combine for column in HOURLY.columns]
    found = add_rows(combine, row_of(HOURLY, 3), row_of(HOURLY, 5))
    by_name = {column.partial: value for column, value in zip(HOURLY.columns, found, strict=True)}
    assert by_name[Partial.COUNT] == 2
    assert by_name[Partial.SUM] == 3 + 5
    assert by_name[Partial.MAX] == 5
    assert by_name[Partial.LAST] == (5, None, 5)


@pytest.mark.parametrize(
    ("cut", "kept"),
    [
        (TODAY + DAY, 2),
        (TODAY + DAY + HOUR - 1, 2),
        (TODAY + DAY + HOUR, 1),
        (TODAY + 2 * DAY, 0),
    ],
)
def test_a_tile_is_kept_while_a_window_that_begins_inside_it_reaches_it(
    cut: int, kept: int
) -> None:
    rows = {start: row_of(HOURLY, 1) for start in (TODAY, TODAY + HOUR)}
    trimmed = trim_tiles(HOURLY, to_tiles(HOURLY, rows), cut)
    assert len(trimmed.starts) == kept
    assert all(len(column) == kept for column in trimmed.columns)


def test_all_history_is_never_trimmed() -> None:
    tiles = to_tiles(FOREVER, {0: row_of(FOREVER, 1)})
    assert trim_tiles(FOREVER, tiles, TODAY + 10_000 * DAY) == tiles
