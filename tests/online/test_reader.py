from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Every, FeatureService, OnDemandView, agg, request
from skewless.compiler.plan import plan_selection, plan_view
from skewless.definitions import types
from skewless.definitions.expression import to_datetime
from skewless.errors import InputError, NaiveTimestampError
from skewless.online.address import entity_partition, stream_sort, view_partition
from skewless.online.answer import ViewStatus
from skewless.online.attribute import NEVER
from skewless.online.batch_get import BatchRead
from skewless.online.reader import OnlineReader
from skewless.online.record import Cut
from skewless.online.stream import apply_events
from tests.online.builders import (
    DAY,
    HOUR,
    MINUTE,
    TODAY,
    a_latest_view,
    a_view,
    an_event,
    encoded,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.definitions.view import FeatureView
    from skewless.online.address import Address
    from skewless.online.answer import Answer
    from skewless.online.table import OnlineTable

COUNTS = {"n": agg.count(window="30d", hop="1h"), "seats_sum": agg.sum("seats", window="30d")}
STREAMED = a_view(features=COUNTS)
NIGHTLY = a_view(features=COUNTS, refresh=Every("1d", delay="2h"))
UA = [{"carrier": "UA"}]


class FakeTable:
    """Online items in memory that remembers what it was asked for."""

    def __init__(self) -> None:
        self.items: dict[Address, dict[str, Any]] = {}
        self.asked: list[list[Address]] = []

    def batch_get(self, addresses: Iterable[Address]) -> BatchRead:
        wanted = list(addresses)
        self.asked.append(wanted)
        found = {address: self.items[address] for address in wanted if address in self.items}
        return BatchRead(found, 0.5 * len(wanted))

    def mark(self, view: FeatureView, cut: int, previous: int | None = None) -> None:
        address = (view_partition(plan_view(view)), "W")
        before = NEVER if previous is None else previous
        self.items[address] = {"cut": cut, "previous": before, "started": cut}

    def put(self, view: FeatureView, cut: int, rows: int, **previous: int) -> None:
        """Write B with so many events; `before=(n)` at `at` is the state before."""
        plan = plan_view(view)
        item: dict[str, Any] = {"c": self.state(view, rows), "g": cut}
        if previous:
            item |= {"p": self.state(view, previous["rows_before"]), "pg": previous["cut_before"]}
        self.items[entity_partition(plan, ("UA",)), "B"] = item

    def stream(self, view: FeatureView, rows: int, ingest_time: int) -> None:
        address = (entity_partition(plan_view(view), ("UA",)), stream_sort(ingest_time))
        self.items[address] = {"d": self.state(view, rows), "i": ingest_time}

    @staticmethod
    def state(view: FeatureView, rows: int) -> bytes:
        plan = plan_view(view)
        return encoded(plan, *(an_event(TODAY - 10 * DAY + n, seats=1) for n in range(rows)))


def a_reader(fake: Any, *views: Any, now: int = TODAY) -> OnlineReader:
    plan = plan_selection(FeatureService("s", features=list(views)))
    return OnlineReader(plan, fake, now=lambda: now)


def the_count(answer: Answer) -> tuple[Any, str, datetime]:
    (row,) = answer.rows
    (status,) = answer.status[0].values()
    return row["n"], status.status, status.as_of


def nightly(fake: Any, now: int) -> tuple[Any, str, datetime]:
    return the_count(a_reader(fake, NIGHTLY).read(UA, now))


def streamed(fake: Any, now: int) -> tuple[Any, str, datetime]:
    return the_count(a_reader(fake, STREAMED).read(UA, now))


@pytest.fixture
def fake() -> FakeTable:
    return FakeTable()


# --- views with cuts ------------------------------------------------------------------------------


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


# --- stream views ---------------------------------------------------------------------------------


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
    assert [len(asked) for asked in fake.asked] == [4, 3]
    assert the_count(reader.read(UA, TODAY + HOUR))[0] == 5
    assert [len(asked) for asked in fake.asked[2:]] == [7]


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


# --- rows, requests, on-demand --------------------------------------------------------------------

PRICES = a_view(
    name="prices",
    features={
        "price_sum": agg.sum("price", window="30d"),
        "seen": agg.max("seen_at", window="30d"),
    },
)
RATIO = OnDemandView(
    "ratio",
    request={"weight": types.Float64},
    features={"weighted": STREAMED["n"] * request("weight")},
)
TWICE = OnDemandView("twice", features={"double": RATIO["weighted"] + RATIO["weighted"]})


def test_values_are_what_users_hold_in_the_order_of_the_rows(fake: FakeTable) -> None:
    fake.mark(PRICES, TODAY)
    plan = plan_view(PRICES)
    event = an_event(TODAY - 2, price=12_345, seen_at=TODAY)
    fake.items[entity_partition(plan, ("UA",)), "B"] = {"c": encoded(plan, event), "g": TODAY}
    answer = a_reader(fake, PRICES).read([{"carrier": "AA"}, *UA, *UA], TODAY)
    assert answer.to_dict() == {
        "price_sum": [None, Decimal("123.45"), Decimal("123.45")],
        "seen": [None] + [datetime(2024, 10, 4, tzinfo=UTC)] * 2,
    }
    assert [row["prices"].status for row in answer.status] == ["missing", "ok", "ok"]


def test_views_are_read_together_and_each_key_once(fake: FakeTable) -> None:
    latest = a_latest_view(refresh=Every("1d"))
    answer = a_reader(fake, STREAMED, latest, PRICES).read([*UA, *UA, {"carrier": "AA"}], TODAY)
    (asked,) = fake.asked
    assert len(asked) == len(set(asked)) == 2 * (3 + 1 + 3) + 3
    assert answer.read_units == 0.5 * len(asked)
    assert set(answer.status[0]) == {"delays", "aircraft", "prices"}


def test_on_demand_features_see_features_and_requests(fake: FakeTable) -> None:
    fake.mark(STREAMED, TODAY)
    fake.put(STREAMED, TODAY, 4)
    reader = a_reader(fake, TWICE)
    rows: list[Any] = [{"carrier": "UA", "weight": 1.5}, {"carrier": "UA", "weight": None}]
    assert reader.read(rows, TODAY).rows == [{"double": 12.0}, {"double": None}]


def test_a_request_field_that_does_not_fit_is_refused_by_name_and_row(fake: FakeTable) -> None:
    reader = a_reader(fake, RATIO)
    good = {"carrier": "UA", "weight": 1.0}
    with pytest.raises(InputError, match=r"row 1 lacks the request field 'weight' \(Float64\)"):
        reader.read([good, *UA], TODAY)
    with pytest.raises(InputError, match=r"row 1: request 'weight' is 'x', which is not Float64"):
        reader.read([good, {**good, "weight": "x"}], TODAY)
    assert not fake.asked


def test_a_naive_timestamp_in_a_request_keeps_its_own_error(fake: FakeTable) -> None:
    late = OnDemandView(
        "late",
        request={"when": types.Timestamp},
        features={"later": request("when") > request("when")},
    )
    reader = a_reader(fake, late)
    naive = datetime(2024, 1, 1)  # noqa: DTZ001 - what the test is about
    with pytest.raises(NaiveTimestampError, match="row 0: request 'when'"):
        reader.read([{"when": naive}], TODAY)


@pytest.mark.parametrize("row", [{}, {"carrier": None}, {"carrier": 5}])
def test_a_key_that_is_not_one_is_refused_by_row(fake: FakeTable, row: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"row 1: .*carrier"):
        a_reader(fake, STREAMED).read([*UA, row], TODAY)


def test_no_rows_are_an_empty_answer(fake: FakeTable) -> None:
    answer = a_reader(fake, STREAMED).read([], TODAY)
    assert (answer.rows, answer.status, answer.read_units) == ([], [], 0.0)
    assert answer.to_dict() == {"n": [], "seats_sum": []}
    assert not fake.asked


def test_the_readers_own_clock_is_used_by_default(fake: FakeTable) -> None:
    fake.mark(STREAMED, TODAY)
    answer = a_reader(fake, STREAMED, now=TODAY + 7).read(UA)
    assert the_count(answer) == (0, "missing", to_datetime(TODAY + 7))


# --- DynamoDB -------------------------------------------------------------------------------------


def test_a_stream_is_served_from_dynamodb(table: OnlineTable) -> None:
    plan = plan_view(STREAMED)
    key = entity_partition(plan, ("UA",))
    state = FakeTable.state(STREAMED, 5)
    table.put_cut(Cut(key, TODAY, state, keep_previous=False))
    table.begin_cut(view_partition(plan), TODAY)
    table.commit_cut(view_partition(plan), TODAY)
    apply_events(table, plan, "0", [(1, ("UA",), TODAY + 2, an_event(TODAY + 1, seats=7))])
    answer = a_reader(table, STREAMED).read(UA, TODAY + HOUR)
    assert answer.rows == [{"n": 6, "seats_sum": 12}]
    assert answer.item_bytes > len(state)
    assert answer.read_units > 0


def test_a_cut_is_served_from_dynamodb_while_the_next_is_written(table: OnlineTable) -> None:
    plan = plan_view(NIGHTLY)
    key, view = entity_partition(plan, ("UA",)), view_partition(plan)
    for day, rows in enumerate((2, 3)):
        table.begin_cut(view, TODAY + day * DAY)
        state = FakeTable.state(NIGHTLY, rows)
        table.put_cut(Cut(key, TODAY + day * DAY, state, keep_previous=True))
        if day == 0:
            table.commit_cut(view, TODAY)
    reader = a_reader(table, NIGHTLY)
    assert the_count(reader.read(UA, TODAY + 3 * HOUR))[:2] == (2, "ok")
    assert the_count(reader.read(UA, TODAY + DAY + 3 * HOUR))[:2] == (2, "stale")
    table.commit_cut(view, TODAY + DAY)
    assert the_count(reader.read(UA, TODAY + DAY + 3 * HOUR))[:2] == (3, "ok")
