"""Addresses: where items lie, and what a key says of its day and its entity."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.compiler.plan import plan_view
from skewless.online.address import (
    described,
    entity_partition,
    failed_sort,
    line_address,
    stream_day,
    stream_expiry,
    stream_sort,
    view_partition,
    without_keys,
)
from tests.online.builders import DAY, TODAY, a_view
from tests.online.strategies import TEXTS

PLAN = plan_view(a_view())


@given(st.integers(-719_000 * DAY, 2_900_000 * DAY))
def test_a_stream_item_names_the_day_of_its_instants(instant: int) -> None:
    day = stream_day(stream_sort(instant))
    assert day % DAY == 0
    assert day <= instant < day + DAY


def test_a_day_is_written_as_a_date() -> None:
    assert stream_sort(TODAY - 1) == "S#2024-10-03"
    assert stream_sort(TODAY) == "S#2024-10-04"


def test_a_stream_item_outlives_its_day_by_nine_days() -> None:
    assert stream_expiry(TODAY) == stream_expiry(TODAY + DAY - 1) == (TODAY + 10 * DAY) // 1_000_000


@given(TEXTS, TEXTS)
def test_entities_have_partitions_of_their_own_that_begin_as_their_views(
    one: str, other: str
) -> None:
    ours, theirs = entity_partition(PLAN, (one,)), entity_partition(PLAN, (other,))
    assert (ours == theirs) is (one == other)
    assert ours.startswith(view_partition(PLAN) + "#")


def test_a_failed_entity_has_a_short_sort_key_however_long_its_key_is() -> None:
    long = failed_sort(entity_partition(PLAN, ("x" * 1_800,)))
    assert len(long) < 1_024
    assert long != failed_sort(entity_partition(PLAN, ("x" * 1_799,)))


def test_a_line_lies_where_no_view_does() -> None:
    assert line_address("flights") == ("line#flights", "L")
    assert not view_partition(PLAN).startswith("line#")


@pytest.mark.parametrize("key", ["UA", "it's", 'a "b"', "both ' and \"", "back\\slash'", "é\n"])
def test_a_key_named_in_a_message_can_be_taken_out_of_it(key: str) -> None:
    message = f"the item of {described(entity_partition(PLAN, (key,)))} is too large"
    assert without_keys(message) == f"the item of view {PLAN.name!r} is too large"
