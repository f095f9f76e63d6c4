from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import Every
from skewless.compiler.instants import DAY, as_of, due_cut, floor_to, is_cut, window_start
from skewless.definitions.expression import to_microseconds
from skewless.definitions.refresh import Stream

HOUR = 3_600_000_000
MINUTE = 60_000_000
INSTANTS = st.integers(-(10**17), 10**17)


def at(text: str) -> int:
    return to_microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC), "test")


@pytest.mark.parametrize(
    ("instant", "step", "floor"),
    [(0, 60, 0), (59, 60, 0), (60, 60, 60), (-1, 60, -60), (-60, 60, -60), (-61, 60, -120)],
)
def test_floors_go_down_before_1970_as_well(instant: int, step: int, floor: int) -> None:
    assert floor_to(instant, step) == floor


@given(INSTANTS, st.integers(1, 10**13))
def test_a_floor_is_the_greatest_multiple_that_is_not_later(instant: int, step: int) -> None:
    floor = floor_to(instant, step)
    assert floor % step == 0
    assert floor <= instant < floor + step


def test_a_stream_is_as_of_the_instant_itself() -> None:
    assert as_of(Stream(), 1_234_567) == 1_234_567


@pytest.mark.parametrize(
    ("instant", "cut"),
    [
        ("2026-01-02T02:00:00", "2026-01-02"),
        ("2026-01-02T01:59:59.999999", "2026-01-01"),
        ("2026-01-02T00:00:00", "2026-01-01"),
        ("2026-01-03T01:00:00", "2026-01-02"),
    ],
)
def test_a_cut_is_seen_when_its_delay_is_over(instant: str, cut: str) -> None:
    assert as_of(Every("1d", delay="2h"), at(instant)) == at(cut)


@given(INSTANTS, st.integers(1, 500), st.data())
def test_what_is_seen_is_the_latest_cut_that_had_its_delay(
    instant: int, minutes: int, data: st.DataObject
) -> None:
    refresh = Every(f"{minutes}m", delay=f"{data.draw(st.integers(0, minutes))}m")
    seen = as_of(refresh, instant)
    assert is_cut(refresh, seen)
    assert seen + refresh.delay.microseconds <= instant
    assert instant < seen + refresh.every.microseconds + refresh.delay.microseconds


def test_the_job_of_a_cut_may_run_at_the_cut_not_after_its_delay() -> None:
    refresh = Every("1d", delay="2h")
    assert due_cut(refresh, at("2026-01-02T00:00:00")) == at("2026-01-02")
    assert due_cut(refresh, at("2026-01-02T00:00:00") - 1) == at("2026-01-01")


def test_streams_are_cut_by_the_utc_day() -> None:
    assert due_cut(Stream(), at("2026-01-02T23:59:59")) == at("2026-01-02")
    assert is_cut(Stream(), -DAY)
    assert not is_cut(Stream(), HOUR)


@pytest.mark.parametrize(
    ("cut", "window", "hop", "start"),
    [
        (10 * HOUR, HOUR, 5 * MINUTE, 9 * HOUR),
        (10 * HOUR + MINUTE, HOUR, 5 * MINUTE, 9 * HOUR),
        (10 * HOUR + 5 * MINUTE - 1, HOUR, 5 * MINUTE, 9 * HOUR),
        (10 * HOUR + 5 * MINUTE, HOUR, 5 * MINUTE, 9 * HOUR + 5 * MINUTE),
        (0, HOUR, 5 * MINUTE, -HOUR),
        (1, HOUR, 5 * MINUTE, -HOUR),
        (-1, HOUR, 5 * MINUTE, -HOUR - 5 * MINUTE),
    ],
)
def test_the_left_edge_is_rounded_down_to_the_hop(
    cut: int, window: int, hop: int, start: int
) -> None:
    assert window_start(cut, window, hop) == start


@given(INSTANTS, st.integers(1, 10**13), st.sampled_from([MINUTE, 5 * MINUTE, HOUR, DAY]))
def test_a_window_is_never_shorter_than_asked_nor_longer_by_a_hop(
    cut: int, window: int, hop: int
) -> None:
    length = cut - window_start(cut, window, hop)
    assert window <= length < window + hop
