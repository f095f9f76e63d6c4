"""Drawn events: few entities' worth of values that collide, sit on edges, and are extreme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from skewless.definitions import types
from tests.online.builders import DAY, HOUR, MINUTE, TODAY, an_event

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from skewless.definitions.types import ValueType
    from skewless.online.state import Event

INT64 = st.integers(-(2**63), 2**63 - 1)
SMALL = st.integers(-3, 3)
# The squares of 18 of these fit in 38 digits; the sum of a few does not fit in 64 bits.
LARGE = st.integers(-(2**61), 2**61)
TIMES = st.one_of(
    st.sampled_from([TODAY - DAY, TODAY - HOUR, TODAY - 2 * HOUR, TODAY - 1, TODAY - MINUTE]),
    st.integers(TODAY - 3 * DAY, TODAY - 1),
    st.integers(0, 90).map(lambda hours: TODAY - hours * HOUR - 1),
)
FLOATS = st.one_of(
    SMALL.map(float),
    st.floats(-1e12, 1e12).map(lambda x: x + 0.0),
)
TEXTS = st.one_of(st.sampled_from(["", "a", "b", "é", "\U0001f600", "\uffff"]), st.text(max_size=5))

OF_TYPE: dict[ValueType, SearchStrategy[Any]] = {
    types.Bool: st.booleans(),
    types.Int64: INT64,
    types.Timestamp: INT64,
    types.Date: st.integers(-719_162, 2_932_896),
    types.Decimal(18, 2): st.integers(-(10**18) + 1, 10**18 - 1),
    types.Float64: FLOATS,
    types.String: TEXTS,
    types.Bytes: st.binary(max_size=300),
}
"""Physical values of the types that a column of tiles may have."""


def values() -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "rank": st.none() | SMALL,
            "delay": st.none() | FLOATS,
            "seats": st.none() | SMALL | st.integers(-(2**40), 2**40) | LARGE,
            "price": st.none() | SMALL.map(lambda x: 100 * x) | st.integers(-(10**12), 10**12),
            "gate": st.none() | TEXTS,
            "raw": st.none() | st.binary(max_size=4),
            "seen_at": st.none() | INT64.map(lambda x: x // 1000),
            "is_late": st.none() | st.booleans(),
            "is_deleted": st.sampled_from([False, False, False, True, None]),
            "tags": st.none() | st.lists(TEXTS, max_size=3).map(tuple),
            "scores": st.none() | st.lists(FLOATS, max_size=3).map(tuple),
            "embedding": st.none() | st.tuples(FLOATS, FLOATS, FLOATS),
        }
    )


def events(max_size: int = 12) -> SearchStrategy[list[Event]]:
    one = st.builds(lambda at, fields: an_event(at, **fields), TIMES, values())
    return st.lists(one, max_size=max_size)
