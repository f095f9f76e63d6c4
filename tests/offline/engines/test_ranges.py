"""Windows as ranges of sorted events give what going through all events gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.offline.engines.range_values import Ranges, digits
from skewless.offline.engines.ranges import MINUTE, Points, TooManyLanesError, lanes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST, GREATEST = -(2**63), 2**63 - 1
values = st.sampled_from((0, 1, -1, 10**9, -(2**32), LEAST, GREATEST, GREATEST - 1)) | st.integers(
    LEAST, GREATEST
)


@st.composite
def asked(draw: st.DrawFn) -> dict[str, Any]:
    """Draw events that may be late, and points with two left edges each."""
    instants = st.integers(-20, 20).map(lambda minutes: minutes * MINUTE)
    moments = st.builds(lambda minute, nudge: minute + nudge, instants, st.sampled_from((0, 1, -1)))
    events = draw(
        st.lists(
            st.tuples(st.integers(0, 2), moments, st.integers(0, 10 * MINUTE), values), max_size=40
        )
    )
    points = draw(
        st.lists(
            st.tuples(st.integers(0, 3), moments, instants, instants | st.just(-(2**62))),
            min_size=1,
            max_size=8,
        )
    )
    return {"events": events, "points": points}


def seen(case: dict[str, Any]) -> Iterator[tuple[int, int, list[int]]]:
    """Yield for each point and window the values of the events in it."""
    for number, (owner, horizon, *edges) in enumerate(case["points"]):
        for window, edge in enumerate(edges):
            found = [
                value
                for entity, happened, late, value in case["events"]
                if entity == owner and happened + late < horizon and edge <= happened
            ]
            yield number, window, found


def found_ranges(case: dict[str, Any]) -> tuple[Points, Ranges, Any]:
    columns = np.array(case["events"], np.int64).reshape(-1, 4).T
    entity, horizon, *edges = np.array(case["points"], np.int64).T
    points = Points.of(entity, horizon, edges, {})
    lanes = lanes_of(points, columns[0], columns[1], columns[1] + columns[2])
    return points, Ranges(len(entity), lanes), columns[3]


def whole(parts: list[int]) -> int:
    return sum(int(part) << (32 * place) for place, part in enumerate(parts))


@given(asked(), st.booleans())
def test_sums_over_ranges_are_exact(case: dict[str, Any], squared: bool) -> None:  # noqa: FBT001
    points, ranges, column = found_ranges(case)
    parts = [ranges.sums(digit, [0, 1]) for digit in digits(column, ranges.most, squared=squared)]
    place = {int(number): place for place, number in enumerate(points.order)}
    for number, window, found in seen(case):
        wanted = sum(value * value if squared else value for value in found)
        assert whole([part[window][place[number]] for part in parts]) == wanted
        assert ranges.counts(window)[place[number]] == len(found)


@given(asked())
def test_extremes_over_ranges_are_those_of_the_events(case: dict[str, Any]) -> None:
    points, ranges, column = found_ranges(case)
    least = ranges.extremes(column, GREATEST, np.minimum, [0, 1])
    greatest = ranges.extremes(column, LEAST, np.maximum, [1])
    place = {int(number): place for place, number in enumerate(points.order)}
    for number, window, found in seen(case):
        assert least[window][place[number]] == min(found, default=GREATEST)
        if window == 1:
            assert greatest[0][place[number]] == max(found, default=LEAST)


def test_a_sum_of_many_values_takes_the_digits_that_it_needs() -> None:
    column = np.array([2**40, -(2**40)])
    assert len(digits(column, 2**22, squared=False)) == 1
    assert len(digits(column, 2**23, squared=False)) == 2
    assert len(digits(column, 1, squared=True)) == 4
    assert len(digits(column // 2**20, 2**22, squared=True)) == 1


def test_events_that_became_known_backwards_make_too_many_lanes() -> None:
    minutes = np.arange(70) * MINUTE
    entity = np.zeros(70, np.int64)
    points = Points.of(entity, minutes, [minutes], {})
    with pytest.raises(TooManyLanesError):
        lanes_of(points, entity, minutes - 100 * MINUTE, minutes[::-1])
