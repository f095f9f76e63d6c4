"""States: what events make of them, whatever their order and batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, FeatureView, Source, agg, col
from skewless.compiler.instants import DAY
from skewless.compiler.plan import plan_view
from skewless.online.state import (
    Aggregated,
    Latest,
    Winner,
    add_events,
    empty_state,
    greatest,
    merge,
    passes,
    trim,
)
from skewless.types import Bool, Int64, String

if TYPE_CHECKING:
    from skewless.compiler.plan import ViewPlan

HOUR = DAY // 24
SHOP = Entity("shop", keys={"shop": String})


def a_plan(features: Any, **options: Any) -> ViewPlan:
    schema = {"shop": String, "items": Int64, "rank": Int64, "is_deleted": Bool}
    source = Source("orders", schema=schema, event_time="at", tiebreak="rank")
    return plan_view(
        FeatureView("v", entity=SHOP, source=source, features=features, refresh="stream", **options)
    )


TOTAL = a_plan({"total": agg.sum("items", window="1d", hop="1h")})
LATEST = a_plan(["items"])


def event(at: int, items: int | None = 1, rank: int | None = 0, **more: Any) -> dict[str, Any]:
    return {"shop": "a", "items": items, "rank": rank, "at": at, **more}


def a_row(at: int, rank: int | None = 0, items: int | None = 1) -> Winner:
    return Winner(at, rank, (items,), is_deleted=False)


def test_nobody_is_seen_before_any_event() -> None:
    state = empty_state(TOTAL)
    assert isinstance(state, Aggregated)
    assert not state.is_seen
    assert [tiles.starts for tiles in state.tiles] == [[]]
    assert empty_state(LATEST) == Latest(None)


def test_events_fall_into_tiles_by_their_hour() -> None:
    state = add_events(TOTAL, empty_state(TOTAL), [event(1, 2), event(HOUR, 3), event(HOUR + 9, 4)])
    assert isinstance(state, Aggregated)
    (tiles,) = state.tiles
    assert tiles.starts == [0, HOUR]
    count, sums = tiles.columns
    assert (count, sums) == ([1, 2], [2, 7])


def test_an_event_without_the_value_is_seen_and_counts_nothing() -> None:
    state = add_events(TOTAL, empty_state(TOTAL), [event(1, None)])
    assert isinstance(state, Aggregated)
    assert state.is_seen
    assert state.tiles[0].columns == [[0], [0]]


@pytest.mark.parametrize("plan", [TOTAL, LATEST], ids=["aggregated", "latest"])
def test_batches_and_their_order_do_not_matter(plan: ViewPlan) -> None:
    events = [event(3 * HOUR, 5), event(1, 2), event(3 * HOUR, 7, rank=1), event(HOUR, None)]
    whole = add_events(plan, empty_state(plan), events)
    backwards = empty_state(plan)
    for one in reversed(events):
        backwards = add_events(plan, backwards, [one])
    assert backwards == whole
    assert merge(plan, whole, empty_state(plan)) == whole
    assert merge(plan, empty_state(plan), whole) == whole


def test_states_of_two_kinds_are_not_merged() -> None:
    with pytest.raises(TypeError, match="latest-value view, the other of an aggregated one"):
        merge(LATEST, empty_state(LATEST), empty_state(TOTAL))


def test_tiles_that_no_window_reaches_are_trimmed() -> None:
    state = add_events(TOTAL, empty_state(TOTAL), [event(1), event(HOUR), event(2 * HOUR)])
    kept = trim(TOTAL, state, DAY + HOUR)
    assert isinstance(kept, Aggregated)
    assert kept.tiles[0].starts == [HOUR, 2 * HOUR]
    gone = trim(TOTAL, state, 9 * DAY)
    assert isinstance(gone, Aggregated)
    assert gone.tiles[0].starts == []
    assert gone.is_seen


def test_a_latest_value_is_never_trimmed() -> None:
    state = add_events(LATEST, empty_state(LATEST), [event(1)])
    assert trim(LATEST, state, 99 * DAY) == state


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        (a_row(2), a_row(1, 9, 9)),
        (a_row(1), a_row(1, None, 9)),
        (a_row(1, 1), a_row(1, 0, 9)),
        (a_row(1), a_row(1, 0, None)),
        (a_row(1)._replace(is_deleted=True), a_row(1)),
    ],
    ids=["time", "null tiebreak", "tiebreak", "null value", "tombstone"],
)
def test_the_later_row_wins_from_either_side(later: Winner, earlier: Winner) -> None:
    assert greatest(later, earlier) == later
    assert greatest(earlier, later) == later
    assert greatest(None, earlier) == greatest(earlier, None) == earlier


def test_a_tombstone_is_the_latest_row() -> None:
    state = add_events(LATEST, empty_state(LATEST), [event(1, 5), event(2, None, is_deleted=True)])
    assert isinstance(state, Latest)
    assert state.winner is not None
    assert state.winner.is_deleted


@pytest.mark.parametrize(("items", "kept"), [(5, True), (1, False), (None, False)])
def test_an_unknown_condition_keeps_no_event(items: int | None, *, kept: bool) -> None:
    plan = a_plan({"n": agg.count(window="1d")}, where=col("items") > 1)
    assert passes(plan, event(1, items)) is kept
    state = add_events(plan, empty_state(plan), [event(1, items)])
    assert isinstance(state, Aggregated)
    assert state.is_seen is kept
