from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Every, OnDemandView, agg, request
from skewless.compiler.plan import plan_view
from skewless.definitions import types
from skewless.definitions.expression import to_datetime
from skewless.errors import InputError, NaiveTimestampError
from skewless.online.address import entity_partition, view_partition
from skewless.online.record import Cut
from skewless.online.stream import apply_events
from tests.online.builders import (
    DAY,
    HOUR,
    TODAY,
    a_latest_view,
    a_view,
    an_event,
    encoded,
)
from tests.online.items import NIGHTLY, STREAMED, UA, FakeTable, a_reader, the_count

if TYPE_CHECKING:
    from skewless.online.table import OnlineTable


@pytest.fixture
def fake() -> FakeTable:
    return FakeTable()


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
    assert len(asked) == len(set(asked)) == 2 * (3 + 1 + 3) + 3 + 1  # the line of the source
    assert answer.read_units == 0.5 * len(asked)
    assert set(answer.status[0]) == {"delays", "aircraft", "prices"}


def test_an_entity_in_two_roles_is_read_once_and_answers_by_the_roles_names(
    fake: FakeTable,
) -> None:
    fake.mark(STREAMED, TODAY)
    fake.put(STREAMED, TODAY, 4)
    left, right = (
        STREAMED.with_name(name).with_join_key_map({"carrier": name}) for name in ("left", "right")
    )
    less = OnDemandView("less", features={"n": left["n"] - right["n"].fill_null(0)})
    rows = [{"left": "UA", "right": "UA"}, {"left": "AA", "right": "UA"}]
    answer = a_reader(fake, left["n"], right["n"], less).read(rows, TODAY)
    assert answer.to_dict() == {"left__n": [4, 0], "right__n": [4, 4], "less__n": [0.0, -4.0]}
    assert {name: found.status for name, found in answer.status[1].items()} == {
        "left": "missing",
        "right": "ok",
    }
    (asked,) = fake.asked
    assert len(asked) == len(set(asked)) == 2 * 3 + 1 + 1


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
