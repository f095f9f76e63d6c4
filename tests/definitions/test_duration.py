from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from skewless.definitions.duration import HOP_LADDER, Duration, default_hop


@pytest.mark.parametrize(
    ("value", "microseconds"),
    [
        ("1us", 1),
        ("3ms", 3_000),
        ("90s", 90_000_000),
        ("5m", 300_000_000),
        ("24h", 86_400_000_000),
        ("2w", 14 * 86_400_000_000),
        (" 7d ", 7 * 86_400_000_000),
        (timedelta(hours=1, microseconds=1), 3_600_000_001),
        (Duration(7), 7),
    ],
)
def test_a_duration_is_read_in_whole_microseconds(
    value: str | timedelta | Duration, microseconds: int
) -> None:
    assert Duration.parse(value) == Duration(microseconds)


@pytest.mark.parametrize("value", ["7", "1.5h", "h", "", "-1d", "1y", "1d2h", 7, 1.5, None])
def test_what_is_no_duration_is_refused_with_what_would_be_one(value: object) -> None:
    with pytest.raises(ValueError, match="is not a duration") as caught:
        Duration.parse(value)  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"{value!r} is not a duration; write a whole number and one of us, ms, s, m, h, d, w, "
        'for example "90s" or "7d", or give a timedelta'
    )


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(ValueError, match="is a negative duration"):
        Duration.parse(timedelta(microseconds=-1))


@pytest.mark.parametrize("text", ["1us", "3ms", "90s", "5m", "36h", "2d", "7d", "0s"])
def test_a_duration_prints_in_the_largest_unit_that_divides_it(text: str) -> None:
    assert str(Duration.parse(text)) == text


def test_weeks_are_read_and_print_as_days() -> None:
    assert str(Duration.parse("2w")) == "14d"
    assert ", ".join(map(str, HOP_LADDER)) == "1m, 5m, 1h, 6h, 1d, 7d"


@pytest.mark.parametrize("value", ["366001d", "999999999999999999d", timedelta.max])
def test_a_length_of_more_than_a_thousand_years_is_refused(value: str | timedelta) -> None:
    with pytest.raises(ValueError, match="is longer than 1000 years"):
        Duration.parse(value)


@pytest.mark.parametrize("value", ["9" * 5_000 + "d", "\u0663d"])
def test_digits_are_few_and_plain(value: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        Duration.parse(value)


@pytest.mark.parametrize("value", ["7d", 1.5, True, None, -1, 10**20])
def test_a_number_of_microseconds_is_whole_and_in_range(value: Any) -> None:
    with pytest.raises(ValueError, match="microseconds"):
        Duration(value)


def test_equal_lengths_are_equal_however_they_are_written() -> None:
    assert Duration.parse("24h") == Duration.parse("1d") == Duration.parse(timedelta(days=1))
    assert hash(Duration.parse("7d")) == hash(Duration.parse("1w"))


def test_the_ladder_is_the_one_of_the_semantics() -> None:
    assert tuple(map(Duration.parse, ("1m", "5m", "1h", "6h", "1d", "7d"))) == HOP_LADDER


@pytest.mark.parametrize(
    ("window", "hop"),
    [
        ("1m", "1m"),  # never below a minute
        ("59m", "1m"),
        ("1h", "5m"),  # exactly a twelfth
        ("11h", "5m"),
        ("12h", "1h"),
        ("24h", "1h"),
        ("72h", "6h"),
        ("7d", "6h"),
        ("12d", "1d"),
        ("30d", "1d"),
        ("83d", "1d"),
        ("84d", "7d"),
        ("3650d", "7d"),
    ],
)
def test_the_default_hop_is_the_largest_step_within_a_twelfth_of_the_window(
    window: str, hop: str
) -> None:
    assert default_hop(Duration.parse(window)) == Duration.parse(hop)
