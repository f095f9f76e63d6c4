from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from skewless import Every, agg
from skewless.compiler.plan import plan_view
from skewless.errors import OnlineStoreError
from skewless.online.codec import (
    decode,
    encode,
    failed_state,
    failure_of,
    read_tiles,
    tile_bytes_estimate,
)
from skewless.online.state import Aggregated, add_events, empty_state, merge, trim
from tests.online.builders import (
    DAY,
    HOUR,
    SCHEMA,
    TODAY,
    a_latest_view,
    a_rich_plan,
    a_source,
    a_view,
    an_event,
)
from tests.online.strategies import events

if TYPE_CHECKING:
    from skewless.online.state import Event

RICH = a_rich_plan()
PLAIN = a_rich_plan(tiebreak=None)
WIDE = plan_view(
    a_latest_view(
        features=[name for name in SCHEMA if name not in ("carrier", "is_deleted", "id")],
        source=a_source(tiebreak="rank"),
    )
)


@given(drawn=events())
def test_every_state_survives_its_bytes(drawn: list[Event]) -> None:
    for plan in (RICH, PLAIN, WIDE):
        state = add_events(plan, empty_state(plan), drawn)
        assert decode(plan, encode(plan, state)) == state


# Eighteen events at most: the squares of more could leave 38 digits, which is an error.
@given(left=events(6), right=events(6), rest=events(6))
def test_states_add_up_in_any_order_and_any_parts(
    left: list[Event], right: list[Event], rest: list[Event]
) -> None:
    for plan in (RICH, WIDE):
        a, b, c = (add_events(plan, empty_state(plan), part) for part in (left, right, rest))
        together = add_events(plan, empty_state(plan), [*left, *right, *rest])
        assert merge(plan, merge(plan, a, b), c) == together
        assert merge(plan, c, merge(plan, b, a)) == together
        assert merge(plan, empty_state(plan), a) == a


def test_no_bytes_are_the_empty_state() -> None:
    assert decode(RICH, b"") == empty_state(RICH)
    assert decode(WIDE, b"") == empty_state(WIDE)


def test_bytes_of_another_version_are_refused() -> None:
    with pytest.raises(OnlineStoreError, match="format 9"):
        decode(RICH, b"\x09\x00")
    with pytest.raises(OnlineStoreError, match="format 9"):
        decode(WIDE, b"\x09\x00")


def test_trimming_drops_the_tiles_before_every_left_edge_and_remembers_the_entity() -> None:
    plan = plan_view(a_view(features={"n": agg.count(window="1h", hop="5m")}))
    state = add_events(plan, empty_state(plan), [an_event(TODAY - HOUR), an_event(TODAY - 1)])
    kept = trim(plan, state, TODAY)
    assert kept == state
    gone = trim(plan, state, TODAY + DAY)
    assert isinstance(gone, Aggregated)
    assert gone.is_seen
    assert [tiles.starts for tiles in gone.tiles] == [[]]
    assert decode(plan, encode(plan, gone)) == gone


@pytest.mark.parametrize("events", [1, 2, 50])
def test_a_sum_of_more_than_38_digits_is_kept_exactly(events: int) -> None:
    plan = plan_view(a_view(features={"v": agg.var_pop("seats", window=None)}))
    state = add_events(plan, empty_state(plan), [an_event(TODAY, seats=2**63 - 1)] * events)
    assert decode(plan, encode(plan, state)) == state


def test_a_failed_state_is_told_from_all_others() -> None:
    plan = plan_view(a_view())
    assert failure_of(failed_state("too large: é")) == "too large: é"
    assert failure_of(b"") is None
    assert failure_of(encode(plan, empty_state(plan))) is None


def test_thirty_days_of_hourly_tiles_take_a_few_kilobytes() -> None:
    plan = plan_view(a_view(features={"m": agg.mean("delay", window="30d", hop="1h")}))
    drawn = [an_event(TODAY - n * HOUR // 5 - 1, delay=float(n % 300)) for n in range(3600)]
    state = trim(plan, add_events(plan, empty_state(plan), drawn), TODAY)
    data = encode(plan, state)
    assert len(data) < 4_000
    (tiles,), _ = read_tiles(plan, data)
    assert tiles.count == 720
    assert len(data) < tile_bytes_estimate(plan)


def test_the_estimate_counts_both_states_of_a_view_with_cuts() -> None:
    features = {"m": agg.mean("delay", window="30d", hop="1h")}
    once = tile_bytes_estimate(plan_view(a_view(features=features)))
    both = tile_bytes_estimate(plan_view(a_view(features=features, refresh=Every("1d"))))
    assert both == 2 * once
    assert tile_bytes_estimate(WIDE) > 0
