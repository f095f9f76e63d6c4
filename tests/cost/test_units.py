"""Predicted units are those that DynamoDB counts, for any definitions and traffic."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from skewless import Entity, Every, FeatureView, Source, agg
from skewless.aws import Aws
from skewless.compiler.instants import DAY
from skewless.compiler.plan import plan_view
from skewless.cost.bill import DAYS, predict
from skewless.cost.load import ViewLoad
from skewless.cost.traffic import Traffic
from skewless.definitions.expression import to_datetime
from skewless.online.pace import AWS
from skewless.types import Int64, String
from tests.in_process import ENDPOINT
from tests.order.run import going_at
from tests.order.world import new_session, new_store
from tests.store.conftest import MovableClock

HOUR = DAY // 24
TODAY = 20_500 * DAY
WINDOWS = ("6h", "1d", "2d")
card = Entity("card", keys={"card": String})
payments = Source(
    "payments",
    schema={"card": String, "amount": Int64, "shop": String, "note": String},
    event_time="at",
)
FUNCTIONS = (
    lambda window: agg.count(window=window),
    lambda window: agg.sum("amount", window=window),
    lambda window: agg.stddev_pop("amount", window=window),
    lambda window: agg.max("amount", window=window),
    lambda window: agg.last("shop", window=window),
)


@st.composite
def views(draw: st.DrawFn) -> FeatureView:
    refresh: Any = draw(st.sampled_from(["stream", Every("3h"), Every("1d")]))
    if draw(st.integers(0, 3)) == 0:
        features: Any = ["note", "amount"]
    else:
        chosen = draw(
            st.lists(
                st.tuples(st.sampled_from(FUNCTIONS), st.sampled_from(WINDOWS)),
                min_size=1,
                max_size=5,
            )
        )
        features = {f"f{place}": make(window) for place, (make, window) in enumerate(chosen)}
    return FeatureView("view", entity=card, source=payments, refresh=refresh, features=features)


@pytest.fixture(scope="module")
def aws() -> Aws:
    """Where `make conformance` looks for what calls DynamoDB: these run on Amazon's own as well."""
    return Aws(new_session())


class Meter:
    """Counts what DynamoDB says that each call consumed, by the kind of item."""

    def __init__(self, client: Any) -> None:
        self.reads: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        client.meta.events.register("provide-client-params.dynamodb.*", self._asked)
        client.meta.events.register("after-call.dynamodb.*", self._answered)

    def _asked(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if model.name in ("GetItem", "PutItem", "UpdateItem"):
            params["ReturnConsumedCapacity"] = "TOTAL"
            item = params.get("Key") or params["Item"]
            context["counted"] = model.name, item["pk"]["S"].partition("#")[0], item["sk"]["S"][:1]

    def _answered(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        if "counted" in context:
            name, *kind = context.pop("counted")
            counts = self.reads if name == "GetItem" else self.writes
            counts["#".join(kind)] += parsed["ConsumedCapacity"]["CapacityUnits"]


class Played:
    """A day of a store under traffic, after two days that fill its windows."""

    def __init__(self, view: FeatureView, entities: int, gap: int, note: int) -> None:
        self.view, self.gap = view, gap
        self.example = {"amount": 1_000, "shop": "book", "note": "n" * note}
        self.clock = MovableClock()
        self.store = new_store("cost", self.clock)
        self.phases = {f"c{place}": place * gap // entities for place in range(entities)}
        self.read_units = self.cut_units = 0.0
        self.store.apply([view])
        # Only of a stream it matters that yesterday's events came in one by one.
        is_stream = not isinstance(view.refresh, Every)
        begins = TODAY - DAY if is_stream else TODAY
        self.clock.now = to_datetime(begins)
        history = self._events(TODAY - 4 * DAY, begins)
        self.store.backfill("payments", [self._row(*one) for one in history])
        self._play(TODAY - DAY, TODAY, ingests=is_stream)
        self._read(TODAY - 1)
        self._cut(TODAY)
        self.meter = Meter(self.store.aws.client("dynamodb"))
        self.read_units = self.cut_units = 0.0
        self._play(TODAY, TODAY + DAY)
        self._cut(TODAY + DAY)

    @property
    def traffic(self) -> Traffic:
        daily = len(self.phases) * DAY / self.gap
        example = {**self.example, "card": "c0"}
        return Traffic(
            {"card": len(self.phases)}, {"payments": daily}, examples={"payments": example}
        )

    def _events(self, since: int, before: int) -> list[tuple[int, str]]:
        return sorted(
            (at, key)
            for key, phase in self.phases.items()
            for at in range(since + (phase - since) % self.gap, before, self.gap)
        )

    def _row(self, at: int, key: str) -> dict[str, Any]:
        return {**self.example, "card": key, "at": to_datetime(at)}

    def _play(self, since: int, before: int, *, ingests: bool = True) -> None:
        events = self._events(since, before) if ingests else []
        for hour in range(since, before, HOUR):
            if hour > since:
                self._cut(hour)
            for at, key in [one for one in events if hour <= one[0] < hour + HOUR]:
                self.clock.now = to_datetime(at)
                self.store.ingest("payments", [self._row(at, key)])
            if since == TODAY:
                self._read(hour + HOUR // 2)

    def _cut(self, at: int) -> None:
        refresh = self.view.refresh
        every = refresh.every.microseconds if isinstance(refresh, Every) else DAY
        if at % every == 0:
            self.clock.now = to_datetime(at)
            found = self.store.materialize(self.view)
            self.cut_units += found.write_units

    def _read(self, at: int) -> None:
        self.clock.now = to_datetime(at)
        answer = self.store.get_online_features(self.view, [{"card": key} for key in self.phases])
        assert {status["view"].status for status in answer.status} <= {"ok", "stale"}
        self.read_units += answer.read_units


@given(
    view=views(),
    entities=st.sampled_from([1, 3]),
    hours=st.sampled_from([3, 6, 12, 24]),
    note=st.sampled_from([1, 700, 3_900]),
)
# To play a smaller case takes minutes: a failing one is told as it was drawn.
@settings(max_examples=5, derandomize=True, deadline=None, phases=[Phase.generate])
def test_a_day_takes_the_units_that_are_predicted(
    aws: Aws,
    view: FeatureView,
    entities: int,
    hours: int,
    note: int,
) -> None:
    played = Played(view, entities, hours * HOUR, note)
    load = ViewLoad.of(plan_view(view), played.traffic)
    assert played.meter.writes["view@1#S"] == pytest.approx(load.applying_write_units)
    if ENDPOINT is None:  # DynamoDB Local does not say what a batch of statements consumes
        assert played.cut_units == pytest.approx(load.cut_write_units)
    assert played.meter.reads["view@1#S"] == pytest.approx(load.applying_read_units)
    reads = 24 * entities * load.row_read_units + load.reader_read_units(24, entities)
    if ENDPOINT is not None and load.is_stream:
        # DynamoDB Local reads what is not there for nothing; DynamoDB takes the least unit.
        reads -= sum(phase / HOUR for phase in played.phases.values()) / 2
    assert played.read_units == pytest.approx(reads)


def test_an_ingest_takes_the_units_of_a_line_that_are_predicted(
    aws: Aws,
) -> None:
    view = FeatureView("view", entity=card, source=payments, refresh=Every("1d"), features=["shop"])
    store = new_store("cost", None)
    store.apply([view])
    example = {"card": "c0", "amount": 1, "shop": "book", "note": "n", "at": datetime.now(UTC)}
    with going_at(AWS):
        store.ingest("payments", [example])
        meter = Meter(store.aws.client("dynamodb"))
        store.ingest("payments", [example] * 3)
    traffic = Traffic({"card": 1}, {"payments": 3}, events_per_ingest=3)
    (writes,) = [
        one for one in predict(store.published, traffic).items if "line written" in one.what
    ]
    (reads,) = [one for one in predict(store.published, traffic).items if "line read" in one.what]
    assert meter.writes["line#L"] == writes.quantity / DAYS
    assert meter.reads["line#L"] == reads.quantity / DAYS
