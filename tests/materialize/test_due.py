"""Which cut comes next, from a view's refresh, the clock and the watermark alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skewless import Entity, Every, FeatureView, Source, agg
from skewless.compiler.instants import DAY, MINUTE
from skewless.compiler.plan import plan_view
from skewless.errors import InputError, NotDueError
from skewless.materialize.due import next_cut, overdue, to_cut
from skewless.online.record import Watermark
from skewless.types import Float64, String

if TYPE_CHECKING:
    from skewless.compiler.plan import ViewPlan

HOUR = 60 * MINUTE
TODAY = 20_000 * DAY
NEVER = Watermark(None, None, None)
ORDERS = Source("orders", schema={"shop": String, "amount": Float64}, event_time="at")
SHOP = Entity("shop", keys={"shop": String})


def plan_of(refresh: Every | str = "stream", window: str | None = "7d") -> ViewPlan:
    features = {"amount": agg.sum("amount", window=window)}
    return plan_view(
        FeatureView("sales", entity=SHOP, source=ORDERS, features=features, refresh=refresh)
    )


DAILY = plan_of(Every("1d", delay="2h"))
STREAM = plan_of()


def cut_at(cut: int) -> Watermark:
    return Watermark(cut, cut - DAY, cut)


@pytest.mark.parametrize(
    ("plan", "watermark", "now", "expected"),
    [
        (STREAM, NEVER, TODAY + HOUR, TODAY),
        (STREAM, cut_at(TODAY - DAY), TODAY, TODAY),
        (STREAM, cut_at(TODAY), TODAY + DAY - 1, None),
        (DAILY, NEVER, TODAY + 2 * HOUR, TODAY),
        (DAILY, cut_at(TODAY), TODAY + 23 * HOUR, None),
    ],
)
def test_the_latest_cut_that_is_due_comes_next(
    plan: ViewPlan, watermark: Watermark, now: int, expected: int | None
) -> None:
    assert next_cut(plan, None, watermark, now) == expected


def test_before_its_delay_has_passed_the_served_cut_comes_first() -> None:
    now = TODAY + HOUR
    assert next_cut(DAILY, None, NEVER, now) == TODAY - DAY
    assert next_cut(DAILY, None, cut_at(TODAY - DAY), now) == TODAY


@pytest.mark.parametrize("wanted", [None, TODAY])
def test_a_cut_that_was_begun_is_finished_first(wanted: int | None) -> None:
    begun = Watermark(TODAY - 3 * DAY, TODAY - 4 * DAY, TODAY - 2 * DAY)
    assert next_cut(STREAM, wanted, begun, TODAY) == TODAY - 2 * DAY


def test_a_cut_begun_at_the_wanted_instant_is_the_wanted_one() -> None:
    assert next_cut(STREAM, TODAY, Watermark(TODAY - DAY, None, TODAY), TODAY) == TODAY


def test_an_earlier_cut_than_the_committed_one_is_done() -> None:
    assert next_cut(STREAM, TODAY - DAY, cut_at(TODAY), TODAY) is None


def test_an_instant_between_two_cuts_is_refused_with_the_cut_before_it() -> None:
    with pytest.raises(InputError, match=r"'sales' is not cut at 2024-10-04T01.*2024-10-04T00"):
        next_cut(DAILY, TODAY + HOUR, NEVER, TODAY + DAY)


def test_a_cut_in_the_future_is_refused_with_the_latest_that_is_due() -> None:
    with pytest.raises(NotDueError, match=r"2024-10-05.* is not due.*latest due cut is 2024-10-04"):
        next_cut(DAILY, TODAY + DAY, NEVER, TODAY + HOUR)


@pytest.mark.parametrize(
    ("plan", "watermark", "now", "expected"),
    [
        # A day's delay is two hours here; a stream has one.
        (DAILY, cut_at(TODAY), TODAY + DAY + 2 * HOUR, 0),
        (DAILY, cut_at(TODAY), TODAY + DAY + 2 * HOUR + 1, 1),
        (STREAM, cut_at(TODAY), TODAY + DAY + HOUR, 0),
        (STREAM, cut_at(TODAY), TODAY + 2 * DAY, DAY - HOUR),
        (STREAM, NEVER, TODAY + HOUR, 0),
        (STREAM, NEVER, TODAY + 5 * HOUR, 4 * HOUR),
        (STREAM, cut_at(TODAY), TODAY, 0),
    ],
)
def test_a_view_is_overdue_from_when_readers_need_its_next_cut(
    plan: ViewPlan, watermark: Watermark, now: int, expected: int
) -> None:
    assert overdue(plan, watermark, now) == expected


def test_only_a_view_with_refresh_keeps_the_state_before() -> None:
    assert to_cut(DAILY, TODAY, ("a",), b"").keep_previous
    assert not to_cut(STREAM, TODAY, ("a",), b"").keep_previous


def test_an_item_expires_after_its_last_window_and_a_window_without_end_never_does() -> None:
    (tiles,) = STREAM.tile_sets
    assert tiles.hop is not None
    expires = to_cut(STREAM, TODAY, ("a",), b"").expires_at
    assert expires is not None
    assert expires * 1_000_000 == TODAY + 7 * DAY + tiles.hop + 14 * DAY
    assert to_cut(plan_of(window=None), TODAY, ("a",), b"").expires_at is None


def test_the_latest_values_never_expire() -> None:
    view = FeatureView("last", entity=SHOP, source=ORDERS, features=["amount"], refresh="stream")
    assert to_cut(plan_view(view), TODAY, ("a",), b"").expires_at is None
