"""Recent ids: what is a repeat, what is remembered, and what its bytes keep."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.definitions import types
from skewless.online.recent import RecentIds
from tests.online.builders import MINUTE, TODAY
from tests.online.strategies import TEXTS

SPAN = 15 * MINUTE


@pytest.mark.parametrize(
    ("gap", "found"), [(0, [True]), (1, [True]), (SPAN, [True]), (SPAN + 1, [False])]
)
def test_an_id_repeats_within_fifteen_minutes(gap: int, found: list[bool]) -> None:
    recent = RecentIds(types.String)
    assert not recent.is_repeat("a", TODAY)
    assert [recent.is_repeat("a", TODAY + gap)] == found


def test_an_id_does_not_repeat_across_midnight() -> None:
    recent = RecentIds(types.String)
    recent.is_repeat("a", TODAY - 1)
    assert not recent.is_repeat("a", TODAY)


def test_a_repeat_counts_for_the_next_comparison() -> None:
    recent = RecentIds(types.String)
    recent.is_repeat("a", TODAY)
    assert recent.is_repeat("a", TODAY + SPAN)
    assert recent.is_repeat("a", TODAY + 2 * SPAN)


def test_events_without_an_id_are_never_repeats() -> None:
    recent = RecentIds(types.Int64)
    assert [recent.is_repeat(None, TODAY) for _ in range(2)] == [False, False]
    assert not recent.is_earlier(None, TODAY)


@pytest.mark.parametrize(
    ("before", "found"), [(0, [False]), (1, [True]), (SPAN, [True]), (SPAN + 1, [False])]
)
def test_what_came_in_shortly_before_a_known_event_is_earlier(
    before: int, found: list[bool]
) -> None:
    recent = RecentIds(types.String)
    recent.is_repeat("a", TODAY + MINUTE)
    assert [recent.is_earlier("a", TODAY + MINUTE - before)] == found


@given(st.dictionaries(TEXTS, st.integers(TODAY, TODAY + 2 * SPAN), max_size=8))
def test_bytes_keep_exactly_the_ids_that_can_still_repeat(times: dict[str, int]) -> None:
    recent = RecentIds(types.String)
    for id_, at in times.items():
        recent.is_repeat(id_, at)
    latest = max(times.values(), default=TODAY)
    data = recent.encode(latest)
    for id_, at in times.items():
        read = RecentIds.decode(data, types.String)
        assert read.is_repeat(id_, latest) is (latest - at <= SPAN)


def test_no_bytes_are_no_ids() -> None:
    assert not RecentIds.decode(b"", types.Int64).is_repeat(1, TODAY)
