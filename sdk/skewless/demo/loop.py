"""The loop: one store, from definitions to answers, while the clock moves through the year's end.

It works and counts; other modules print.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import joblib  # type: ignore[import-untyped]
import pandas as pd

from skewless.demo.cost import Meter
from skewless.demo.parity import Served, compare
from skewless.demo.surroundings import check_local
from skewless.demo.tape import stops
from skewless.registry.selection import planned
from skewless.store import FeatureStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from skewless.demo.example import Example
    from skewless.demo.parity import Parity
    from skewless.demo.tape import Clock, Tape
    from skewless.ingest.ingested import Ingested
    from skewless.materialize.cut import Materialized
    from skewless.offline.training.training_set import TrainingSet
    from skewless.online.answer import Answer
    from skewless.registry.changes import Plan

    Tell = Callable[[str], None]

STREAM_BEGINS, THREE_HOURS = pd.Timestamp("2013-12-29T00:00Z"), pd.Timedelta(hours=3)
WEATHER = "airport_weather"
MODEL = "late_arrivals"
# A weather cut is served from five minutes after its hour on, for an hour.
_SERVED_FROM, _SERVED_FOR = pd.Timedelta(minutes=5), pd.Timedelta(hours=1)
_MINUTE = pd.Timedelta(minutes=1)
_WEIGHED_A_STOP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The size of a demo.

    Attributes:
        stream_begins: history is loaded up to this midnight; what follows arrives as a stream.
        batch: how often new events are taken in.
        serving_hours: at which of the stops (UTC) flights are served.
        flights_a_stop: how many are served at each.
        athena_labels: labels of the week before, whose training set is built by Athena as well.
        train_until: the model learns from what was known by then; None for the example's choice.
    """

    stream_begins: pd.Timestamp = STREAM_BEGINS
    batch: pd.Timedelta = THREE_HOURS
    serving_hours: tuple[int, ...] = (0, 12, 15, 18, 21)
    flights_a_stop: int = 30
    athena_labels: int = 2000
    train_until: pd.Timestamp | None = None


@dataclass(slots=True)
class Day:
    """The events of one UTC day of the clock."""

    date: str
    events: int = 0
    rejected: int = 0
    cuts: list[Materialized] = field(default_factory=list)
    served: int = 0


class Loop:
    """The steps, in order.

    Attributes:
        served: every flight that the handler answered.
        writes: what the store's writes consumed.
        reads: what the handler's reads consumed.
        weighed: by view, what reading it alone for some of the flights took.
    """

    def __init__(
        self,
        example: Example,
        tape: Tape,
        store: FeatureStore,
        clock: Clock,
        folder: Path,
        scale: Scale,
    ) -> None:
        self.example = example
        self.tape = tape
        self.store = store
        self.clock = clock
        self.scale = scale
        self.service: str = example.train.SERVICE
        self.model: Any = None
        self.trained_on: list[Mapping[str, Any]] = []
        self.served: list[Served] = []
        self.reads: Meter | None = None
        self.writes = Meter(store.aws.client("dynamodb"))
        self.weighed: dict[str, list[Answer]] = {}
        self._taken_until = scale.stream_begins
        self._scales: FeatureStore | None = None
        self._lock = folder / "skewless.lock"
        self._model = folder / "model.joblib"
        clock.now = scale.stream_begins

    def define(self) -> Plan:
        """Publish the definitions."""
        return self.store.apply(self.example.definitions)

    def load(self, tell: Tell) -> list[Ingested]:
        """Load what was known when the stream begins."""
        found = []
        for source in self.tape.events:
            tell(f"loading {source}")
            history = self.tape.before(source, self.scale.stream_begins)
            found.append(self.store.backfill(source, history))
        return found

    def labels(self) -> pd.DataFrame:
        """Return the flights whose outcome was known when the stream began."""
        departures = self.tape.departures
        return departures[departures["label_known_at"] < self.scale.stream_begins]

    def labels_for_athena(self) -> pd.DataFrame:
        """Return some labels of the last week: the local Athena is not a cluster."""
        labels = self.labels()
        week = self.scale.stream_begins - pd.Timedelta(days=7)
        recent = labels[labels["event_timestamp"] >= week]
        return recent.sample(min(self.scale.athena_labels, len(recent)), random_state=0)

    def training_set(self, labels: pd.DataFrame, engine: str | None = None) -> TrainingSet:
        """Join labels with features as they were served, or would have been."""
        found = self.store.get_historical_features(labels, self.service, engine=engine)
        if engine is None:
            self.trained_on = [found.manifest]
        return found

    def train(self, frame: pd.DataFrame, tell: Tell) -> dict[str, float]:
        """Fit the model, keep it where the handler finds it, and return what the lesson teaches."""
        train = self.example.train
        until = self.scale.train_until or pd.Timestamp(train.TRAIN_UNTIL)
        features = train.feature_columns(frame, self.tape.departures)
        learned, _ = train.split(frame, until)
        tell(f"fitting the model to {len(learned):,} flights")
        self.model = train.fit(learned, features)
        joblib.dump(self.model, self._model)
        tell("fitting two more, for comparison")
        lesson: dict[str, float] = train.lesson(frame, self.model, until)
        return lesson

    def fill(self, tell: Tell) -> list[Materialized]:
        """Write the first cut of every view, and pin the service for its handler."""
        cuts = []
        for view in self.store.published.definitions.views:

            def report(word: str, count: int, name: str = view.name) -> None:
                tell(f"{name}: {word}" + (f" {count:,}" if count else ""))

            cuts.append(self.store.materialize(view, progress=report))
        self.store.lock(self.service, self._lock, model=MODEL, training=self.trained_on)
        return cuts

    @property
    def stops(self) -> list[pd.Timestamp]:
        """The instants at which the clock stops, the first one filled already."""
        first = self.scale.stream_begins + self.scale.batch
        return list(stops(first, self.tape.end, self.scale.batch))

    def play(self, tell: Tell) -> Iterator[Day]:
        """Let the rest of the year happen; yield the day in progress after each stop."""
        os.environ.update(SKEWLESS_LOCK=str(self._lock), SKEWLESS_MODEL=str(self._model))
        reader = self.example.inference.store()
        self._scales = FeatureStore.from_lock(self._lock)
        for opened in (reader, self._scales):
            check_local(opened, self.store.aws.endpoint or "")
        self.reads = Meter(reader.aws.client("dynamodb"))
        day = Day("")
        for now in self.stops:
            self.clock.now = now
            date = (now - self.scale.batch).strftime("%Y-%m-%d")
            day = day if day.date == date else Day(date)
            self._take_in(day, tell)
            self.clock.now = now
            self._cut(day, tell)
            if now.hour in self.scale.serving_hours:
                self._serve(day, tell)
            yield day

    def _take_in(self, day: Day, tell: Tell) -> None:
        """Take in what became known, a minute before the cuts, so that the cuts see it."""
        now = self.clock.now = self.clock.now - _MINUTE
        for source in self.tape.events:
            new = self.tape.between(source, self._taken_until, now)
            if len(new):
                tell(f"{now:%d %b %H:%M}: {len(new)} new events of {source}")
                taken = self.store.ingest(source, new)
                day.events += taken.accepted
                day.rejected += len(taken.rejected)
        self._taken_until = now

    def _cut(self, day: Day, tell: Tell) -> None:
        """Run the jobs that a scheduler would: all at midnight, and weather before each serving."""
        now = self.clock.now
        for view in self.store.published.definitions.views:
            is_asked = view.name == WEATHER and now.hour in self.scale.serving_hours
            if is_asked or now == now.floor("D"):
                tell(f"{now:%d %b %H:%M}: cut of {view.name}")
                day.cuts.append(self.store.materialize(view))

    def _serve(self, day: Day, tell: Tell) -> None:
        start = self.clock.now + _SERVED_FROM
        flights = self.tape.departing(start, start + _SERVED_FOR)
        flights = flights.sample(min(self.scale.flights_a_stop, len(flights)), random_state=0)
        tell(f"{self.clock.now:%d %b %H:%M}: serving {len(flights)} flights")
        for label in flights.sort_values("event_timestamp", kind="stable").to_dict("records"):
            self.served.append(self.ask(label))
            day.served += 1
        for flight in self.served[-_WEIGHED_A_STOP:]:
            self._weigh(flight)

    def ask(self, label: dict[Any, Any]) -> Served:
        """Ask the example's handler about one flight, at the instant of its departure."""
        event = {"flights": [self._row(label)], "now": label["event_timestamp"].isoformat()}
        response = self.example.inference.handler(event, None)
        (answer,), (status,) = response["flights"], response["status"]
        return Served(label, answer, status)

    def compare(self) -> tuple[Parity, TrainingSet]:
        """Build the training set of the flights that were served, and compare all values."""
        training = self.training_set(pd.DataFrame([flight.label for flight in self.served]))
        probabilities = self.example.train.predict(self.model, training.to_pandas())
        plan = planned(self.store.published, self.service)
        rows = training.to_arrow().to_pylist()
        parity = compare(self.served, rows, [float(one) for one in probabilities], plan)
        return parity, training

    def _weigh(self, flight: Served) -> None:
        """Read a flight's features again, view by view, to measure sizes and costs."""
        if self._scales is None:
            return
        for view in self.store.published.definitions.views:
            row = self._row(flight.label)
            answer = self._scales.get_online_features(view.name, row, now=flight.at)
            self.weighed.setdefault(view.name, []).append(answer)

    def _row(self, label: Any) -> dict[str, Any]:
        names = ("carrier", "origin", "dest", "tailnum", *self._request)
        return {name: label[name] for name in names}

    @property
    def _request(self) -> tuple[str, ...]:
        return tuple(self.example.definitions.delay_trend.request)
