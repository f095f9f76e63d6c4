from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from skewless.definitions.clock import as_clock, as_datetime, as_microseconds
from skewless.errors import InputError

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)


def test_an_instant_as_a_clock_stands_still() -> None:
    clock = as_clock(NOON)
    assert clock() == clock() == NOON


def test_a_clock_is_asked_each_time() -> None:
    hours = iter(range(2))
    clock = as_clock(lambda: NOON + timedelta(hours=next(hours)))
    assert [clock(), clock()] == [NOON, NOON + timedelta(hours=1)]


def test_without_a_clock_it_is_the_systems() -> None:
    before = datetime.now(UTC)
    assert before <= as_clock(None)() <= datetime.now(UTC)


def test_an_instant_may_be_iso_text_of_any_zone() -> None:
    assert as_datetime("2024-03-05T13:00:00+01:00") == as_datetime(NOON)
    assert as_microseconds("1970-01-01T00:00:01Z", "now") == 1_000_000


@pytest.mark.parametrize("text", ["soon", "", "2024-13-01T00:00:00Z"])
def test_other_text_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="is no instant; give an aware datetime or ISO text"):
        as_datetime(text)


def test_an_instant_without_a_zone_is_refused_by_what_it_is_for() -> None:
    with pytest.raises(InputError, match="cut"):
        as_microseconds("2024-03-05T12:00:00", "cut")
