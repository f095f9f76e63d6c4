"""Two operations at once end as one after the other would have: online, history, oracle agree.

One runs whole in the middle of the other, before each of the other's calls to AWS in turn; or the
other is killed there. Each store has a client of its own, as two processes would.
"""

from __future__ import annotations

import copy
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, Every, FeatureView, Source, agg
from skewless.definitions.clock import StandingClock
from skewless.errors import OnlineStoreError, QueryError, RepeatedLoadError, StoreError
from skewless.types import Float64, String
from tests.order.scheduler import KilledError
from tests.store.builders import NOON
from tests.store.interleaving import STRIDE, at_call, kill

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless import FeatureStore
    from tests.store.conftest import MovableClock

DAY = timedelta(days=1)
k = Entity("k", keys={"k": String})
source = Source("ev", schema={"k": String, "x": Float64}, event_time="at")
live = FeatureView(
    "live", entity=k, source=source, refresh="stream", features={"n": agg.count(window="30d")}
)
daily = FeatureView(
    "daily",
    entity=k,
    source=source,
    refresh=Every("1d", delay="1h"),
    features={"m": agg.count(window="30d")},
)


def event(days: float = 0.0, key: str = "a") -> dict[str, Any]:
    return {"k": key, "x": 1.0, "at": NOON + days * DAY}


newcomer = FeatureView(
    "newcomer",
    entity=k,
    source=source,
    refresh="stream",
    features={"seen": agg.count(window="7d"), "largest": agg.max("x", window="7d")},
)


class Pair:
    """Two processes' stores of one name, on one clock."""

    def __init__(self, make: Callable[[], FeatureStore], clock: MovableClock) -> None:
        self.clock = clock
        self.one = make()
        self.one.apply([live, daily])
        self.two = copy.copy(self.one)
        self.count = 0

    def run(self, operation: str, store: FeatureStore) -> None:
        getattr(self, operation)(store)

    def backfill(self, store: FeatureStore) -> None:
        """Load history that counts as known before the cuts: they are rewritten."""
        self.count += 1
        rows = [{**event(-2), "x": float(self.count)}]
        store.backfill("ev", rows, rewrite=True)

    def ingest(self, store: FeatureStore) -> None:
        store.ingest("ev", [event()])

    def materialize(self, store: FeatureStore) -> None:
        store.materialize("live")
        store.materialize("daily")

    def settle(self) -> None:
        """Let the next cuts run: what a cut missed, the next one finds."""
        self.clock.now += DAY
        self.materialize(self.two)

    def check(self) -> None:
        """Compare what is served with history at the instants that are reported."""
        self.clock.now += timedelta(seconds=1)
        reader = copy.copy(self.one)
        answer = reader.get_online_features([live, daily], [{"k": "a"}])
        (row,), (status,) = answer.rows, answer.status
        label = {"k": "a", "event_timestamp": self.clock.now}
        history = reader.get_historical_features([label], [live, daily])
        (found,) = history.to_arrow().to_pylist()
        for view, feature in ((live, "n"), (daily, "m")):
            assert status[view.name].status == "ok"
            assert row[feature] == found[feature], view.name


OPERATIONS = ("backfill", "ingest", "materialize")


@pytest.fixture
def new_pair(new_store: Callable[[], FeatureStore], clock: MovableClock) -> Callable[[], Pair]:
    def make() -> Pair:
        clock.now = NOON
        pair = Pair(new_store, clock)
        pair.ingest(pair.one)
        clock.now += timedelta(hours=15)  # after midnight and the delay: both cuts are due
        return pair

    return make


@pytest.mark.parametrize("inner", OPERATIONS)
@pytest.mark.parametrize("outer", OPERATIONS)
def test_one_in_the_middle_of_another(new_pair: Callable[[], Pair], outer: str, inner: str) -> None:
    number = OPERATIONS.index(inner)
    while True:
        pair = new_pair()
        interruption = partial(pair.run, inner, pair.two)
        with at_call(pair.one, number, interruption) as calls:
            pair.run(outer, pair.one)
        if number >= len(calls):
            return
        pair.settle()
        pair.check()
        number += STRIDE


@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_at_any_call_and_done_again(new_pair: Callable[[], Pair], operation: str) -> None:
    number = OPERATIONS.index(operation)
    while True:
        pair = new_pair()
        with at_call(pair.one, number, kill) as calls:
            try:
                pair.run(operation, pair.one)
            except (KilledError, QueryError):
                # DuckDB reports what ends a thread that reads for it as an error of its own.
                assert number < len(calls)
        if number >= len(calls):
            return
        pair.count = 0
        with suppress(RepeatedLoadError):  # it had got that far
            pair.run(operation, pair.two)
        pair.settle()
        pair.check()
        number += STRIDE


def test_a_backfill_beside_a_cut_is_served_by_the_next_cut(
    new_pair: Callable[[], Pair],
) -> None:
    """The rows come into the log after the cut has read it, and before it is committed."""
    pair = new_pair()
    pair.materialize(pair.one)
    pair.clock.now += DAY
    with at_call(pair.one, 20, partial(pair.backfill, pair.two)):
        pair.one.materialize("live")
    pair.settle()
    pair.check()


def test_no_stamp_falls_before_a_cut_that_was_closed(new_pair: Callable[[], Pair]) -> None:
    """A producer's clock is an hour behind: its events get the cut's instant."""
    pair = new_pair()
    pair.materialize(pair.one)
    midnight = (NOON + DAY).replace(hour=0)
    pair.two.clock = StandingClock(midnight - timedelta(hours=1))
    result = pair.two.ingest("ev", [event()])
    assert result.ingest_time == midnight
    pair.two.clock = pair.clock
    pair.settle()
    pair.check()


def test_a_cut_waits_for_who_is_inside(new_pair: Callable[[], Pair]) -> None:
    pair = new_pair()
    pair.clock.now = NOON
    started = threading.Event()

    def slowly() -> None:
        started.set()
        time.sleep(0.5)

    def ingest() -> None:
        # After the events were stamped, and before they are in the log.
        with at_call(pair.two, 3, slowly):
            pair.two.ingest("ev", [event()])

    with ThreadPoolExecutor(1) as pool:
        producer = pool.submit(ingest)
        started.wait()
        pair.one.clock = StandingClock(NOON + timedelta(hours=15))
        pair.one.materialize("daily")
        producer.result()
    pair.clock.now += timedelta(hours=15)
    label = {"k": "a", "event_timestamp": pair.clock.now}
    (found,) = pair.one.get_historical_features([label], daily).to_arrow().to_pylist()
    (row,) = pair.one.get_online_features(daily, [{"k": "a"}]).rows
    assert row["m"] == found["m"] == 2


def test_a_producer_learns_of_a_view_that_was_cut_since(
    new_store: Callable[[], FeatureStore], clock: MovableClock
) -> None:
    producer = new_store()
    producer.apply([live, daily])
    producer.ingest("ev", [event()])
    other = copy.copy(producer)
    other.apply([newcomer])
    other.materialize(newcomer)
    producer.ingest("ev", [event()])
    clock.now += timedelta(seconds=1)
    (row,) = other.get_online_features(newcomer, [{"k": "a"}]).rows
    assert row["largest"] == 1.0
    assert row["seen"] == 2
    # And without asking the registry for each batch.
    with at_call(producer, -1, kill) as calls:
        producer.ingest("ev", [event()])
    assert "Query" not in calls


def test_a_view_that_cannot_be_learnt_of_is_named_and_repaired(
    new_store: Callable[[], FeatureStore], clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = new_store()
    producer.apply([live])
    producer.ingest("ev", [event()])
    other = copy.copy(producer)
    other.apply([newcomer])
    other.materialize(newcomer)

    def refused() -> None:
        raise StoreError("throttled")

    monkeypatch.setattr(producer, "_reloaded", refused)
    with pytest.raises(OnlineStoreError, match=r"newcomer@1 was cut.*throttled.*repair"):
        producer.ingest("ev", [event()])
    other.repair(newcomer)
    clock.now += timedelta(seconds=1)
    (row,) = other.get_online_features(newcomer, [{"k": "a"}]).rows
    assert row["seen"] == 2
