"""Whatever the clocks say: what was served is what history tells of the instant that was reported.

Each producer and each reader has a clock of its own. On AWS they may differ by as much as nobody
can see; on a local AWS by anything. Reads are kept, and compared when all is over: an event that
came in later with an earlier stamp would show.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skewless import Entity, FeatureStore, FeatureView, Source, agg
from skewless.errors import ClockError
from skewless.ingest.front_door import FrontDoor
from skewless.online.pace import AWS, BOUND, LOCAL, SECOND
from skewless.online.table import OnlineTable
from skewless.types import Int64, String
from tests.order.image import Image
from tests.order.run import going_at
from tests.store.conftest import NOON
from tests.store.interleaving import STRIDE, at_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skewless.online.pace import Pace
    from tests.store.conftest import MovableClock

HIDDEN = (BOUND + SECOND) / 1e6  # seconds by which a clock may be off, and nobody sees it
k = Entity("k", keys={"k": String})
events = Source(
    "events", schema={"k": String, "id": String, "x": Int64}, event_time="at", event_id="id"
)
plain = Source("plain", schema={"k": String, "x": Int64}, event_time="at")
counts = FeatureView(
    "counts",
    entity=k,
    source=plain,
    refresh="stream",
    features={"n": agg.count(window="7d"), "total": agg.sum("x", window="1h")},
)
latest = FeatureView("latest", entity=k, source=plain, refresh="stream", features=["x"])
distinct = FeatureView(
    "distinct", entity=k, source=events, refresh="stream", features={"ids": agg.count(window="7d")}
)
VIEWS = [counts, latest, distinct]


@dataclass
class World:
    """A store, true time, and everybody's own clock."""

    store: FeatureStore
    clock: MovableClock
    reads: list[tuple[Any, Any]] = field(default_factory=list)
    count: int = 0
    unknown: list[Any] = field(default_factory=list)

    def at(self, seconds: float) -> FeatureStore:
        """The store of someone whose clock is off by so much."""
        other = copy.copy(self.store)
        other.clock = lambda: self.clock() + timedelta(seconds=seconds)
        return other

    def passes(self, seconds: float) -> None:
        self.clock.now += timedelta(seconds=seconds)

    def ingest(self, store: FeatureStore, id_: str | None = None) -> None:
        self.count += 1
        happened = {"k": "a", "x": self.count, "at": store.clock() - timedelta(minutes=1)}
        store.ingest("plain", [happened])
        store.ingest("events", [{**happened, "id": id_ or f"id-{self.count}"}])

    def read(self, store: FeatureStore) -> Any:
        answer = store.get_online_features(VIEWS, [{"k": "a"}])
        self.reads.append((answer.rows[0], answer.status[0]))
        return answer

    def check(self) -> None:
        """Compare all that was read with history, as it is now that everything has landed."""
        for view in VIEWS:
            told = [(row, status[view.name]) for row, status in self.reads]
            labels = [{"k": "a", "event_timestamp": status.as_of} for _, status in told]
            if not labels:
                continue
            found = self.store.get_historical_features(labels, view).to_arrow().to_pylist()
            for (row, status), expected in zip(told, found, strict=True):
                values = {row[name] for name in view.feature_types}
                if status.status == "stale" and values == {None}:
                    self.unknown.append(status)
                    continue
                for name in view.feature_types:
                    assert row[name] == expected[name], (view.name, name, status)


@pytest.fixture(params=[LOCAL, AWS], ids=["local", "aws"])
def pace(request: pytest.FixtureRequest) -> Iterator[Pace]:
    found: Pace = request.param
    with going_at(found):
        yield found


@pytest.fixture(scope="module")
def templates() -> dict[Pace, tuple[FeatureStore, Image]]:
    """Stores with empty views, one a pace, made by whoever comes first, and what they keep."""
    return {}


@pytest.fixture
def new_world(
    pace: Pace,
    new_store: Callable[[], FeatureStore],
    clock: MovableClock,
    templates: dict[Pace, tuple[FeatureStore, Image]],
) -> Callable[[], World]:
    def make() -> World:
        clock.now = NOON
        if pace in templates:
            template, image = templates[pace]
            image.restore(template)
        else:
            template = new_store()
            template.apply(VIEWS)
            for view in VIEWS:
                template.materialize(view)
            templates[pace] = template, Image.of(template)
        store = copy.copy(template)  # another process's
        store.clock = clock
        return World(store, clock)

    return make


@pytest.fixture
def world(new_world: Callable[[], World]) -> World:
    return new_world()


OFF = st.sampled_from([-HIDDEN, -0.2, 0.0, 0.2, HIDDEN])
PAUSE = st.sampled_from([0.0, 0.000_001, 0.3, 1.0, 4.0, 5.0, 61.0])
STEP = st.one_of(
    st.tuples(st.just("ingest"), OFF, st.sampled_from([None, "same"])),
    st.tuples(st.just("read"), OFF, st.just(None)),
    st.tuples(st.just("wait"), PAUSE, st.just(None)),
)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEP, min_size=4, max_size=14))
@example(
    steps=[
        ("ingest", -HIDDEN, None),
        ("read", HIDDEN, None),
        ("ingest", -HIDDEN, None),
        ("wait", 5.0, None),
        ("read", -HIDDEN, None),
    ]
)
def test_clocks_that_differ_never_make_an_answer_untrue(
    new_world: Callable[[], World], steps: list[tuple[str, float, str | None]]
) -> None:
    world = new_world()
    for what, number, id_ in steps:
        if what == "ingest":
            world.ingest(world.at(number), id_)
        elif what == "read":
            world.read(world.at(number))
        else:
            world.passes(number)
    world.passes(60)
    world.read(world.store)
    world.check()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("writer_off", "reader_off"), [(-HIDDEN, HIDDEN), (HIDDEN, -HIDDEN), (-HIDDEN, 0.0)]
)
def test_a_reader_in_the_midst_of_an_ingest_says_as_of_when_it_answers(
    world: World, writer_off: float, reader_off: float
) -> None:
    """Before each call of the producer somebody reads, and time goes by."""
    reader, writer = world.at(reader_off), world.at(writer_off)
    world.ingest(world.store)
    world.passes(10)

    def look() -> None:
        world.passes(1.0)
        world.read(reader)

    number = 0
    while True:
        with at_call(writer, number, look) as calls:
            world.ingest(writer, "same" if number % 4 else None)
        if number >= len(calls):
            break
        number += max(1, STRIDE // 4)
    world.passes(60)
    answer = world.read(world.store)
    assert {status.status for status in answer.status[0].values()} == {"ok"}
    world.check()
    assert not world.unknown


def test_an_event_in_flight_makes_the_answer_older_and_says_so(world: World, pace: Pace) -> None:
    world.ingest(world.store)
    world.passes(60)

    def look() -> None:
        world.passes(60)
        answer = world.read(world.store)
        assert answer.status[0]["counts"].status == "stale"
        since = NOON + timedelta(seconds=60, microseconds=pace.lead)
        assert answer.status[0]["counts"].as_of == since
        assert answer.rows[0]["n"] == 1

    with at_call(world.store, 6, look):  # it is in the line, and on its way into the log
        world.store.ingest("plain", [{"k": "a", "x": 9, "at": NOON}])
    answer = world.read(world.store)
    assert answer.status[0]["counts"].status == "ok"
    assert answer.rows[0]["n"] == 2
    world.check()


def test_what_was_ingested_counts_once_its_stamp_has_passed(world: World, pace: Pace) -> None:
    world.store.ingest("plain", [{"k": "a", "x": 9, "at": NOON}])
    world.passes(pace.lead / 1e6)
    before = world.read(world.store)
    world.passes(0.000_001)
    assert world.read(world.store).rows[0]["n"] == 1
    # A store whose readers close the line need not wait: the answer is of a microsecond later.
    assert before.rows[0]["n"] == (1 if pace.is_exact else 0)
    world.check()


def test_an_event_of_a_producer_that_died_after_its_commit_is_served_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    dead = world.at(0)
    with monkeypatch.context() as patch:
        patch.setattr(OnlineTable, "put_stream", die)
        with pytest.raises(KeyboardInterrupt):
            world.ingest(dead)
    world.passes(30)
    assert world.read(world.store).status[0]["counts"].status == "stale"
    monkeypatch.setattr("skewless.materialize.source_line.SourceLine.is_dead", lambda *_: True)
    world.ingest(world.at(0))
    monkeypatch.undo()
    world.passes(30)
    answer = world.read(world.store)
    assert answer.status[0]["counts"].status == "ok"
    assert answer.rows[0]["n"] == 2
    world.check()


def test_an_id_whose_first_event_comes_into_the_items_last_counts_from_the_first(
    world: World,
) -> None:
    """Two producers bring one event; the earlier one is slower."""
    slow, quick = world.at(0), world.at(0)
    apply = FrontDoor._apply_pending
    held: list[bool] = []

    def bring(store: FeatureStore) -> None:
        store.ingest("events", [{"k": "a", "id": "one", "x": 1, "at": NOON}])

    def between(door: FrontDoor) -> Any:
        if door is slow._workbench.front_door and door._pending and not held:
            held.append(True)
            world.passes(0.5)
            bring(quick)
            world.passes(30)
            world.read(world.store)
        return apply(door)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FrontDoor, "_apply_pending", between)
        bring(slow)
    assert held
    for _ in range(5):
        world.passes(0.25)
        world.read(world.store)
    answer = world.read(world.store)
    assert answer.rows[0]["ids"] == 1
    world.check()


def test_an_item_of_many_batches_at_once_stays_small_and_true(world: World) -> None:
    stores = [world.at(off) for off in (-HIDDEN, 0.0, HIDDEN)]
    for number in range(40):
        world.ingest(stores[number % 3])
        world.passes(0.05)
        if number % 4 == 0:
            world.read(stores[(number + 1) % 3])
    world.passes(60)
    assert world.read(world.store).rows[0]["n"] == 40
    world.check()


def test_a_reader_whose_clock_is_an_hour_ahead_says_so(world: World, pace: Pace) -> None:
    if pace.is_exact:
        pytest.skip("readers that close the line need no clock")
    world.store.ingest("plain", [{"k": "a", "x": 9, "at": NOON}])
    world.passes(60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "skewless.online.batch_get.date_of",
            lambda _: format_datetime(world.clock(), usegmt=True),
        )
        patch.setattr(FeatureStore, "_has_own_clock", lambda _: True)
        answer = world.read(world.at(3600))
    status = answer.status[0]["counts"]
    assert status.status == "stale"
    assert "ahead of AWS's" in (status.reason or "")
    assert status.as_of == world.clock() + timedelta(seconds=HIDDEN)
    world.ingest(world.at(-HIDDEN))
    world.passes(60)
    world.check()


def test_a_producer_whose_clock_is_an_hour_off_is_refused(world: World, pace: Pace) -> None:
    if pace.is_exact:
        pytest.skip("the line gives every stamp")
    from skewless.definitions.clock import system_clock  # noqa: PLC0415

    def late() -> datetime:
        return system_clock() - timedelta(hours=1)

    store = world.at(0)
    store.clock = late
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(store), "_has_own_clock", lambda _: True)
        with pytest.raises(ClockError, match=r"source 'plain': .* behind AWS's.*Nothing was"):
            store.ingest("plain", [{"k": "a", "x": 9, "at": NOON}])
    assert store.get_historical_features(
        [{"k": "a", "event_timestamp": NOON + timedelta(days=9999)}], counts
    ).to_arrow()["n"].to_pylist() == [0]
