from __future__ import annotations

from datetime import timedelta

import pytest

from skewless import Duration, Every, col
from skewless.definitions.refresh import Stream, parse_refresh
from skewless.errors import DefinitionError


def test_stream_is_written_as_a_word() -> None:
    assert parse_refresh("stream") == Stream()
    assert parse_refresh(Every("1d")) == Every("1d")


@pytest.mark.parametrize("value", ["daily", "Stream", None, 3, col("a"), ["stream"]])
def test_any_other_refresh_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(ValueError, match="refresh is") as caught:
        parse_refresh(value)
    assert str(caught.value) == (
        f"refresh is {value!r}; write \"stream\" or Every('1d', delay='2h')"
    )


def test_equal_distances_are_equal_however_they_are_written() -> None:
    assert Every("24h", delay="60m") == Every(timedelta(days=1), delay="1h")
    assert hash(Every("24h")) == hash(Every("1d", delay="0s"))
    assert Every("1d") != Every("1d", delay="1h")
    assert Every("1d").delay == Duration(0)


def test_cuts_are_at_least_a_minute_apart() -> None:
    with pytest.raises(DefinitionError) as caught:
        Every("30s")
    assert str(caught.value) == (
        "Every('30s'): every is 30s; the least distance between cuts is 1m"
    )


def test_a_delay_is_at_most_the_distance_between_cuts() -> None:
    assert Every("1h", delay="1h").delay == Duration.parse("1h")
    with pytest.raises(DefinitionError) as caught:
        Every("1h", delay="2h")
    assert str(caught.value) == (
        "Every('1h'): delay 2h is longer than every 1h: two cuts would be due at once"
    )


def test_both_problems_come_in_one_error() -> None:
    with pytest.raises(DefinitionError, match="has 2 problems"):
        Every("daily", delay="soon")
    with pytest.raises(DefinitionError, match="has 2 problems"):
        Every("30s", delay="1m")


def test_every_prints_as_it_is_written() -> None:
    assert str(Every("1d", delay="2h")) == "Every('1d', delay='2h')"
    assert str(Every("1d")) == "Every('1d')"
