"""Parts of a day item: what a reader can leave out, and how few of them are kept."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from skewless.online.codec import decode, encode
from skewless.online.parts import MOST_PARTS, chosen, with_parts
from skewless.online.record import Part, StreamItem
from skewless.online.state import add_events, empty_state, merge
from tests.online.builders import HOUR, SECOND, TODAY, a_rich_plan, an_event

if TYPE_CHECKING:
    from skewless.online.state import Event, State

PLAN = a_rich_plan()
NEW = StreamItem(encode(PLAN, empty_state(PLAN)), 0, {}, b"", version=0, folded_to=0)


def arrivals(*seconds: int) -> list[tuple[int, Event]]:
    """Return events that came in so many seconds into the day."""
    return [
        (TODAY + second * SECOND, an_event(TODAY - HOUR + second, seats=second))
        for second in seconds
    ]


def whole(item: StreamItem, *, before: int | None = None) -> State:
    parts = item.parts if before is None else [part for part in item.parts if part.last < before]
    state = decode(PLAN, item.state)
    for part in parts:
        state = merge(PLAN, state, decode(PLAN, part.state))
    return state


def of(*seconds: int) -> State:
    return add_events(PLAN, empty_state(PLAN), [event for _, event in arrivals(*seconds)])


def test_without_a_horizon_all_is_folded() -> None:
    item = with_parts(PLAN, NEW, TODAY, arrivals(1, 2), None)
    assert item.parts == ()
    assert item.folded_to == TODAY + 2 * SECOND
    assert whole(item) == of(1, 2)


def test_what_came_in_since_the_horizon_stays_apart_by_ingest_time() -> None:
    item = with_parts(PLAN, NEW, TODAY, arrivals(1, 2, 2, 3), TODAY + 2 * SECOND)
    assert [(part.first, part.last) for part in item.parts] == [
        (TODAY + 2 * SECOND,) * 2,
        (TODAY + 3 * SECOND,) * 2,
    ]
    assert item.folded_to == TODAY + SECOND
    assert whole(item, before=TODAY + 3 * SECOND) == of(1, 2, 2)


@given(
    st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=6), min_size=1, max_size=4),
    st.lists(st.none() | st.integers(0, 40), min_size=4, max_size=4),
)
def test_nothing_is_lost_or_counted_twice(
    batches: list[list[int]], horizons: list[int | None]
) -> None:
    item = NEW
    for seconds, horizon in zip(batches, horizons, strict=False):
        since = None if horizon is None else TODAY + horizon * SECOND
        item = with_parts(PLAN, item, TODAY, arrivals(*sorted(seconds)), since)
        assert len(item.parts) <= MOST_PARTS
        edges = [(part.first, part.last) for part in item.parts]
        assert all(left[1] < right[0] for left, right in pairwise(edges))
    assert whole(item) == of(*(second for seconds in batches for second in seconds))


def test_too_many_parts_are_joined_with_their_neighbours() -> None:
    item = with_parts(PLAN, NEW, TODAY, arrivals(*range(MOST_PARTS + 1)), TODAY)
    assert len(item.parts) == MOST_PARTS // 2 + 1
    assert (item.parts[0].first, item.parts[0].last) == (TODAY, TODAY + SECOND)
    assert whole(item) == of(*range(MOST_PARTS + 1))


def test_a_reader_takes_the_parts_before_its_instant() -> None:
    parts = [Part(10, 10, b"a"), Part(20, 25, b"b"), Part(30, 30, b"c")]
    assert chosen(parts, 10) == ([], 10)
    assert chosen(parts, 11) == ([b"a"], 11)
    assert chosen(parts, 20) == ([b"a"], 20)
    assert chosen(parts, 26) == ([b"a", b"b"], 26)
    assert chosen(parts, 31) == ([b"a", b"b", b"c"], 31)
    assert chosen([], 31) == ([], 31)


def test_a_reader_inside_a_joined_part_answers_as_of_its_beginning() -> None:
    parts = [Part(10, 10, b"a"), Part(20, 25, b"b")]
    assert chosen(parts, 21) == ([b"a"], 20)
    assert chosen(parts, 25) == ([b"a"], 20)
