"""A writer is told which features leave the range, exactly when a reader's window would."""

from __future__ import annotations

import pytest

from skewless import agg
from skewless.compiler.plan import plan_view
from skewless.online.overflow import overflow_of, told
from tests.online.builders import DAY, HOUR, TODAY, a_latest_view, a_view, an_event, encoded

GREATEST = 2**63 - 1
PLAN = plan_view(
    a_view(
        features={
            "sum_1d": agg.sum("seats", window="1d", hop="1h"),
            "mean_1d": agg.mean("seats", window="1d", hop="1h"),
            "n": agg.count(window="1d", hop="1h"),
        }
    )
)


def test_a_sum_that_fits_is_no_overflow() -> None:
    assert overflow_of(PLAN, [encoded(PLAN, an_event(TODAY - 1, seats=GREATEST))], TODAY) is None


def test_a_sum_beyond_its_type_is_named_and_a_mean_of_the_same_is_not() -> None:
    events = [an_event(TODAY - 1, seats=GREATEST), an_event(TODAY - 1, seats=1)]
    found = overflow_of(PLAN, [encoded(PLAN, *events)], TODAY)
    assert found is not None
    assert found.startswith("sum_1d overflows: ")
    assert "mean_1d" not in found


def test_states_are_judged_together() -> None:
    half = encoded(PLAN, an_event(TODAY - 1, seats=GREATEST))
    assert overflow_of(PLAN, [half], TODAY) is None
    assert overflow_of(PLAN, [half, half], TODAY) is not None


def test_what_the_window_has_left_does_not_count() -> None:
    state = encoded(PLAN, *[an_event(TODAY - 1, seats=GREATEST)] * 2)
    assert overflow_of(PLAN, [state], TODAY + DAY - HOUR) is not None
    assert overflow_of(PLAN, [state], TODAY + DAY) is None


def test_numbers_that_cancel_out_do_not_overflow() -> None:
    events = [an_event(TODAY - 1, seats=seats) for seats in (GREATEST, GREATEST, -GREATEST)]
    assert overflow_of(PLAN, [encoded(PLAN, *events)], TODAY) is None


def test_latest_values_never_overflow() -> None:
    plan = plan_view(a_latest_view())
    assert overflow_of(plan, [encoded(plan, an_event(TODAY, seats=GREATEST))], TODAY) is None


@pytest.mark.parametrize(
    ("overflowed", "words"),
    [({}, None), ({"b": "wide", "a": "deep"}, "a overflows: deep; b overflows: wide")],
)
def test_features_are_told_in_order(overflowed: dict[str, str], words: str | None) -> None:
    assert told(overflowed) == words
