from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import skewless.compiler
from skewless.compiler.collected import kept_of
from skewless.compiler.finish import finish
from skewless.compiler.partials import (
    COLLECTED,
    KEPT,
    PICKED,
    SQUARES_BASE,
    UNCOUNTABLE,
    Occurrence,
    Partial,
    Shape,
)
from skewless.definitions.aggregation import Function
from skewless.types import Int64

if TYPE_CHECKING:
    from random import Random

SDK = Path(skewless.compiler.__file__).parents[1]
TIES = st.none() | st.integers(-3, 3)
EVENTS = st.builds(
    lambda value, time, tie: Occurrence(value, value, (time, tie, value)),
    st.integers(-5, 5),
    st.integers(0, 3),
    TIES,
)


@pytest.mark.parametrize("function", Function)
def test_an_aggregate_is_either_computed_or_picked_or_collected(function: Function) -> None:
    recipe = finish(function, Int64, 0)
    assert (recipe is not None) + (function in PICKED) + (function in COLLECTED) == 1


@pytest.mark.parametrize("partial", Partial)
@given(
    events=st.lists(EVENTS, min_size=1, max_size=6),
    split=st.integers(0, 6),
    most=st.integers(1, 4),
)
def test_the_parts_of_any_split_combine_to_the_same_partial(
    partial: Partial, events: list[Occurrence], split: int, most: int
) -> None:
    kept = kept_of(partial, most)
    nothing = kept.nothing
    single = [kept.of(event) for event in events]
    left = reduce(kept.combine, single[:split], nothing)
    right = reduce(kept.combine, single[split:], nothing)
    assert kept.combine(left, right) == kept.combine(right, left) == reduce(kept.combine, single)


@pytest.mark.parametrize("partial", sorted(set(COLLECTED.values()), key=str))
@given(st.lists(st.lists(EVENTS, max_size=4), max_size=6), st.integers(1, 5), st.randoms())
def test_what_tiles_collect_merged_in_any_order_is_what_one_tile_of_all_events_collects(
    partial: Partial, tiles: list[list[Occurrence]], most: int, chance: Random
) -> None:
    kept = kept_of(partial, most)

    def collected(events: list[Occurrence]) -> Any:
        return reduce(kept.combine, map(kept.of, events), kept.nothing)

    states = [collected(events) for events in tiles]
    chance.shuffle(states)
    merged = reduce(kept.combine, states, kept.nothing)
    assert merged == collected([event for events in tiles for event in events])
    assert merged is None or isinstance(merged, bytes) or len(merged) <= most


def test_partials_of_three_events_are_what_their_names_say() -> None:
    events = [Occurrence(v, v, (t, None, v)) for v, t in ((3, 20), (-4, 30), (5, 10))]
    found = {
        partial: reduce(KEPT[partial].combine, map(KEPT[partial].of, events)) for partial in KEPT
    }
    assert found == {
        Partial.COUNT: 3,
        Partial.SUM: 4,
        Partial.SQUARES: 50,
        Partial.MIN: -4,
        Partial.MAX: 5,
        Partial.FIRST: (10, None, 5),
        Partial.LAST: (30, None, -4),
    }


def test_of_two_events_at_once_the_tiebreak_decides_and_null_comes_first() -> None:
    events = [(10, None, 9), (10, 1, 5), (10, 2, 1)]
    assert reduce(KEPT[Partial.FIRST].combine, events) == (10, None, 9)
    assert reduce(KEPT[Partial.LAST].combine, events) == (10, 2, 1)


def test_the_square_of_what_has_no_units_marks_the_tile_as_the_sum_does() -> None:
    event = Occurrence(UNCOUNTABLE, 1e300, (0, None, 1e300))
    assert KEPT[Partial.SUM].of(event) == KEPT[Partial.SQUARES].of(event) == UNCOUNTABLE


@given(st.integers(0, 10**60))
def test_two_digits_carry_a_sum_of_squares(total: int) -> None:
    digits = [str(digit) for digit in divmod(total, SQUARES_BASE)]
    assert KEPT[Partial.SQUARES].read(digits) == total


def test_a_pick_without_an_event_is_none_whatever_stands_beside_it() -> None:
    assert KEPT[Partial.LAST].read([None, None, None]) is None
    assert KEPT[Partial.LAST].read([7, None, None]) == (7, None, None)


def naming(word: str) -> set[str]:
    return {
        str(path.relative_to(SDK))
        for path in SDK.rglob("*.py")
        if any(f"{word}.{member.name}" in path.read_text() for member in (*Function, *Partial))
    }


def test_a_mean_like_aggregate_is_added_in_three_files() -> None:
    assert naming("Function") == {
        "agg.py",
        "catalog/sentences.py",  # how the catalog tells of it
        "compiler/collected.py",
        "compiler/finish.py",
        "compiler/measured.py",
        "compiler/partials.py",  # only what is picked or collected
        "compiler/plan.py",
        "definitions/aggregation.py",
        "offline/query/collected.py",
    }


def test_a_kind_of_partial_is_named_by_its_description_and_by_the_queries() -> None:
    by_shape = {
        str(path.relative_to(SDK))
        for path in SDK.rglob("*.py")
        if any(f"Shape.{shape.name}" in path.read_text() for shape in Shape)
    }
    assert by_shape == {
        "compiler/collected.py",
        "compiler/partials.py",
        "offline/query/collected.py",
        "offline/query/states.py",
        "online/packed.py",
    }
    assert naming("Partial") == {
        "compiler/collected.py",
        "compiler/finish.py",  # n, S and Q, of which values are computed
        "compiler/partials.py",
        "compiler/plan.py",
        "offline/query/collected.py",
        "offline/query/finisher.py",
        "offline/query/picks.py",
        "offline/query/states.py",
        "offline/query/totals.py",
        "online/overflow.py",
        "online/packed.py",
    }
