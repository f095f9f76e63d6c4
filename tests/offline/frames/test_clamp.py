from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from skewless.offline.frames.clamp import clamped

INSTANTS = st.integers(0, 10)


@given(st.lists(st.tuples(INSTANTS, INSTANTS)))
def test_no_event_is_later_than_its_ingest_and_earlier_ones_stay(
    pairs: list[tuple[int, int]],
) -> None:
    happened = pa.array([first for first, _ in pairs], pa.int64())
    known = pa.array([second for _, second in pairs], pa.int64())
    times, moved = clamped(happened, known)
    assert times.to_pylist() == [min(pair) for pair in pairs]
    assert moved == sum(first > second for first, second in pairs)


def test_one_stamp_may_stand_for_all_rows() -> None:
    times, moved = clamped(pa.array([1, 5, 3]), pa.scalar(3))
    assert (times.to_pylist(), moved) == ([1, 3, 3], 1)


def test_a_time_that_is_null_on_either_side_is_null() -> None:
    times, moved = clamped(pa.array([1, None, 5]), pa.array([None, 2, 4]))
    assert (times.to_pylist(), moved) == ([None, None, 4], 1)
