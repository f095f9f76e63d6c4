from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skewless.compiler.plan import plan_view
from skewless.definitions.expression import to_datetime
from skewless.online.address import view_partition
from skewless.online.answer import ViewStatus
from skewless.online.attribute import NEVER
from tests.online.builders import DAY, HOUR, MINUTE, TODAY
from tests.online.items import NIGHTLY, STREAMED, UA, FakeTable, a_reader, the_count

if TYPE_CHECKING:
    from datetime import datetime


def nightly(fake: Any, now: int) -> tuple[Any, str, datetime]:
    return the_count(a_reader(fake, NIGHTLY).read(UA, now))


def streamed(fake: Any, now: int) -> tuple[Any, str, datetime]:
    return the_count(a_reader(fake, STREAMED).read(UA, now))


@pytest.fixture
def fake() -> FakeTable:
    return FakeTable()


def test_a_cut_is_served_from_its_delay_on(fake: FakeTable) -> None:
    fake.mark(NIGHTLY, TODAY, TODAY - DAY)
    fake.put(NIGHTLY, TODAY, 3, rows_before=2, cut_before=TODAY - DAY)
    assert nightly(fake, TODAY + 2 * HOUR) == (3, "ok", to_datetime(TODAY))


def test_a_committed_cut_is_not_served_before_its_delay(fake: FakeTable) -> None:
    fake.mark(NIGHTLY, TODAY, TODAY - DAY)
    fake.put(NIGHTLY, TODAY, 3, rows_before=2, cut_before=TODAY - DAY)
    assert nightly(fake, TODAY + 2 * HOUR - 1) == (2, "ok", to_datetime(TODAY - DAY))


def test_an_uncommitted_cut_is_not_served(fake: FakeTable) -> None:
    fake.mark(NIGHTLY, TODAY, TODAY - DAY)
    fake.put(NIGHTLY, TODAY + DAY, 3, rows_before=2, cut_before=TODAY)
    assert nightly(fake, TODAY + 3 * HOUR) == (2, "ok", to_datetime(TODAY))


def test_an_entity_that_is_new_in_an_uncommitted_cut_is_missing(fake: FakeTable) -> None:
    fake.mark(NIGHTLY, TODAY)
    fake.put(NIGHTLY, TODAY + DAY, 3, rows_before=0, cut_before=NEVER)
    assert nightly(fake, TODAY + 3 * HOUR) == (0, "missing", to_datetime(TODAY))


def test_an_idle_entity_keeps_an_older_cut_that_still_holds(fake: FakeTable) -> None:
    fake.mark(NIGHTLY, TODAY, TODAY - DAY)
    fake.put(NIGHTLY, TODAY - 5 * DAY, 3, rows_before=2, cut_before=TODAY - 9 * DAY)
    assert nightly(fake, TODAY + 3 * HOUR) == (3, "ok", to_datetime(TODAY))
    assert nightly(fake, TODAY + 21 * DAY + 3 * HOUR)[0] == 3
    fake.mark(NIGHTLY, TODAY + 22 * DAY)
    assert nightly(fake, TODAY + 22 * DAY + 3 * HOUR) == (0, "ok", to_datetime(TODAY + 22 * DAY))


def test_an_entity_without_an_item_is_missing(fake: FakeTable) -> None:
    fake.mark(NIGHTLY, TODAY)
    answer = a_reader(fake, NIGHTLY).read(UA, TODAY + 2 * HOUR)
    assert answer.rows == [{"n": 0, "seats_sum": None}]
    assert answer.status == [{"delays": ViewStatus(to_datetime(TODAY), "missing")}]


def test_an_overdue_cut_leaves_the_last_one_stale(fake: FakeTable) -> None:
    fake.mark(NIGHTLY, TODAY, TODAY - DAY)
    fake.put(NIGHTLY, TODAY + DAY, 3, rows_before=2, cut_before=TODAY)
    assert nightly(fake, TODAY + DAY + 2 * HOUR) == (2, "stale", to_datetime(TODAY))


def test_a_cut_older_than_the_one_before_is_gone(fake: FakeTable) -> None:
    fake.mark(NIGHTLY, TODAY, TODAY - DAY)
    fake.put(NIGHTLY, TODAY - 5 * DAY, 3)
    assert nightly(fake, TODAY - DAY) == (None, "stale", to_datetime(TODAY - 2 * DAY))


def test_a_state_that_two_cuts_replaced_is_gone(fake: FakeTable) -> None:
    fake.mark(NIGHTLY, TODAY, TODAY - DAY)
    fake.put(NIGHTLY, TODAY + DAY, 4, rows_before=3, cut_before=TODAY)
    assert nightly(fake, TODAY + HOUR) == (None, "stale", to_datetime(TODAY - DAY))


def test_a_view_that_was_never_cut_is_stale(fake: FakeTable) -> None:
    fake.put(NIGHTLY, TODAY, 3)
    assert nightly(fake, TODAY + 2 * HOUR) == (None, "stale", to_datetime(TODAY))
    address = (view_partition(plan_view(NIGHTLY)), "W")
    fake.items[address] = {"started": TODAY}
    assert nightly(fake, TODAY + 2 * HOUR) == (None, "stale", to_datetime(TODAY))


def test_the_watermark_is_read_again_only_when_another_cut_is_due(fake: FakeTable) -> None:
    mark = (view_partition(plan_view(NIGHTLY)), "W")
    fake.mark(NIGHTLY, TODAY, TODAY - DAY)
    reader = a_reader(fake, NIGHTLY)
    for now in (TODAY + 3 * HOUR, TODAY + 4 * HOUR, TODAY + HOUR):
        reader.read(UA, now)
    assert [mark in asked for asked in fake.asked] == [True, False, False]
    fake.mark(NIGHTLY, TODAY + DAY, TODAY)
    assert reader.read(UA, TODAY + DAY + 2 * HOUR).status[0]["delays"].status == "missing"
    assert mark in fake.asked[-1]


def test_an_older_replica_does_not_move_the_watermark_back(fake: FakeTable) -> None:
    fake.mark(NIGHTLY, TODAY, TODAY - DAY)
    reader = a_reader(fake, NIGHTLY)
    reader.read(UA, TODAY + 3 * HOUR)
    fake.mark(NIGHTLY, TODAY - DAY, TODAY - 2 * DAY)
    assert reader.read(UA, TODAY + DAY + 3 * HOUR).status[0]["delays"].as_of == to_datetime(TODAY)


def test_a_stream_adds_the_days_since_the_cut(fake: FakeTable) -> None:
    fake.mark(STREAMED, TODAY - DAY)
    fake.put(STREAMED, TODAY - DAY, 5)
    fake.stream(STREAMED, 2, TODAY - 1)
    fake.stream(STREAMED, 1, TODAY + MINUTE)
    assert streamed(fake, TODAY + HOUR) == (8, "ok", to_datetime(TODAY + HOUR))
    assert len(fake.asked) == 1


def test_a_day_that_the_cut_holds_already_is_not_added(fake: FakeTable) -> None:
    fake.mark(STREAMED, TODAY)
    fake.put(STREAMED, TODAY, 5)
    fake.stream(STREAMED, 2, TODAY - 1)
    fake.stream(STREAMED, 1, TODAY + MINUTE)
    assert streamed(fake, TODAY + HOUR)[0] == 6


def test_a_cut_under_way_counts_where_it_is_written(fake: FakeTable) -> None:
    fake.mark(STREAMED, TODAY - DAY)
    fake.put(STREAMED, TODAY, 5)
    fake.stream(STREAMED, 2, TODAY - 1)
    assert streamed(fake, TODAY + HOUR)[0] == 5


def test_an_idle_entity_adds_the_days_since_the_watermark(fake: FakeTable) -> None:
    fake.mark(STREAMED, TODAY)
    fake.put(STREAMED, TODAY - 5 * DAY, 5)
    fake.stream(STREAMED, 1, TODAY + MINUTE)
    assert streamed(fake, TODAY + HOUR)[0] == 6


def test_as_of_is_just_after_what_was_read_if_the_clock_runs_behind(fake: FakeTable) -> None:
    fake.mark(STREAMED, TODAY)
    fake.stream(STREAMED, 1, TODAY + HOUR)
    assert streamed(fake, TODAY + 5) == (1, "ok", to_datetime(TODAY + HOUR + 1))


def test_a_watermark_days_behind_costs_a_second_batch_once(fake: FakeTable) -> None:
    fake.mark(STREAMED, TODAY - 4 * DAY)
    for day in range(5):
        fake.stream(STREAMED, 1, TODAY - day * DAY + 1)
    reader = a_reader(fake, STREAMED)
    assert the_count(reader.read(UA, TODAY + HOUR))[0] == 5
    assert [len(asked) for asked in fake.asked] == [5, 3]
    assert the_count(reader.read(UA, TODAY + HOUR))[0] == 5
    assert [len(asked) for asked in fake.asked[2:]] == [8]


def test_a_cut_nine_days_behind_is_the_last_that_stream_items_cover(fake: FakeTable) -> None:
    fake.mark(STREAMED, TODAY - 9 * DAY)
    fake.put(STREAMED, TODAY - 9 * DAY, 5)
    assert streamed(fake, TODAY) == (5, "ok", to_datetime(TODAY))
    assert streamed(fake, TODAY + 1) == (None, "stale", to_datetime(TODAY + 1))


def test_a_stream_that_was_never_cut_is_stale(fake: FakeTable) -> None:
    fake.stream(STREAMED, 1, TODAY)
    assert streamed(fake, TODAY + 1) == (None, "stale", to_datetime(TODAY + 1))


def test_a_time_before_the_cut_is_gone(fake: FakeTable) -> None:
    fake.mark(STREAMED, TODAY)
    assert streamed(fake, TODAY - 1) == (None, "stale", to_datetime(TODAY - 1))
    fake.mark(STREAMED, TODAY - DAY)
    fake.put(STREAMED, TODAY, 5)
    assert streamed(fake, TODAY - 1) == (None, "stale", to_datetime(TODAY - 1))


def test_an_entity_that_no_item_knows_is_missing(fake: FakeTable) -> None:
    fake.mark(STREAMED, TODAY)
    assert streamed(fake, TODAY + 1) == (0, "missing", to_datetime(TODAY + 1))
