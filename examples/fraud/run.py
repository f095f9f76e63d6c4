"""The fraud example from generated transfers to served answers, in a store inside this process.

It works and counts; `__main__.py` prints.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import joblib  # type: ignore[import-untyped]
import pandas as pd

from examples.fraud import definitions, inference, story, train
from skewless.online.outgoing import plain
from skewless.verify import bits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from examples.fraud.data import World
    from skewless import FeatureStore
    from skewless.ingest.ingested import Ingested
    from skewless.offline.training.training_set import TrainingSet

TRAIN_UNTIL = pd.Timestamp(train.TRAIN_UNTIL)
STOP = pd.Timedelta(hours=3)
SOURCES = (definitions.profiles, definitions.movements, definitions.market)


class Clock:
    """The store's clock, which stands where it is put."""

    def __init__(self, now: pd.Timestamp) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the instant."""
        found: datetime = self.now.to_pydatetime()
        return found


@dataclass(frozen=True, slots=True)
class Served:
    """A transfer as the handler answered it: its label, and the handler's answer."""

    label: Mapping[str, Any]
    answer: Mapping[str, Any]


@dataclass(slots=True)
class Parity:
    """Served values beside those of the training set.

    Attributes:
        compared: values of features.
        nulls: those that are null on both sides.
        different: those that are not the same bits.
        answers: of the model.
        moved: those that are not the same bits.
    """

    compared: int = 0
    nulls: int = 0
    different: int = 0
    answers: int = 0
    moved: int = 0

    @property
    def is_equal(self) -> bool:
        """Whether something was compared, and nothing differs."""
        return self.compared > 0 and self.different == self.moved == 0


class Run:
    """The steps, in order. Today is the last day: all before it is history.

    Attributes:
        world: all that happens.
        store: where.
        clock: the store's.
        frame: the training set, after `train`.
        inputs: the columns that the model takes.
        model: what was fitted.
        served: what the handler answered, after `serve`.
    """

    def __init__(self, world: World, store: FeatureStore, clock: Clock, folder: Path) -> None:
        self.world, self.store, self.clock = world, store, clock
        self.today: pd.Timestamp = world.transfers["event_timestamp"].max().floor("D")
        self.served: list[Served] = []
        self._lock, self._saved = folder / "skewless.lock", folder / "model.joblib"
        clock.now = self.today

    def load(self) -> list[Ingested]:
        """Publish the definitions, and load what happened before today."""
        self.store.apply(definitions)
        found = []
        for source in SOURCES:
            events = getattr(self.world, source.name)
            events = events[events[source.event_time] < self.today]
            found.append(self.store.backfill(source, events))
        return found

    def train(self) -> TrainingSet:
        """Fit the model to features as they would have been served, and save it."""
        transfers = self.world.transfers
        labels = transfers[transfers["event_timestamp"] < self.today]
        training = self.store.get_historical_features(labels, train.SERVICE)
        self.frame = training.to_pandas(floats=True)
        self.inputs = train.model_inputs(self.frame, training.features)
        self.trained, self.tested = train.split(self.frame, TRAIN_UNTIL)
        self.model = train.fit(self.trained, self.inputs)
        joblib.dump(self.model, self._saved)
        return training

    def tell(self) -> story.Story:
        """Serve the model a 7-day mean under the name of the 30-day mean."""
        return story.tell(self.store, self.model, self.trained, self.tested)

    def fill(self) -> None:
        """Run the cuts that are due, and pin the service for its handler."""
        for view in self.store.published.definitions.views:
            self.store.materialize(view)
        self.store.lock(train.SERVICE, self._lock)

    def serve(self, a_stop: int, stops: int) -> None:
        """Let today happen, in steps of three hours: take in what did, ask about what comes.

        Args:
            a_stop: ask about so many transfers of each three hours.
            stops: how many times.
        """
        os.environ.update(SKEWLESS_LOCK=str(self._lock), SKEWLESS_MODEL=str(self._saved))
        for now in pd.date_range(self.today, periods=stops, freq=STOP):
            self._take_in(now)
            asked = _between(self.world.transfers, "event_timestamp", now, now + STOP)
            asked = asked.sample(min(a_stop, len(asked)), random_state=0).sort_index()
            self.served += [self.ask(label) for label in asked.to_dict("records")]

    def _take_in(self, now: pd.Timestamp) -> None:
        """Take in what happened today and was not taken in yet."""
        self.clock.now = now
        for source in SOURCES:
            events = getattr(self.world, source.name)
            new = _between(events, source.event_time, max(now - STOP, self.today), now)
            if len(new):
                self.store.ingest(source, new)

    def ask(self, label: Mapping[Any, Any]) -> Served:
        """Ask the inference handler about a transfer, at its instant."""
        asked = {name: label[name] for name in inference.FIELDS}
        event = {"transfers": [asked], "now": label["event_timestamp"].isoformat()}
        return Served(label, inference.handler(event, None)["transfers"][0])

    def compare(self) -> Parity:
        """Build the training set of what was served, and compare all values as bits."""
        labels = pd.DataFrame([one.label for one in self.served])
        training = self.store.get_historical_features(labels, train.SERVICE)
        probabilities = train.predict(self.model, training.to_pandas(floats=True))
        parity = Parity()
        for one, row, probability in zip(
            self.served, training.added.to_pylist(), probabilities, strict=True
        ):
            for name in training.features:
                trained, served = plain(row[name]), one.answer["features"][name]
                parity.compared += 1
                parity.different += bits(trained) != bits(served)
                parity.nulls += trained is None
            parity.answers += 1
            parity.moved += bits(float(probability)) != bits(one.answer["probability"])
        return parity


def _between(
    frame: pd.DataFrame, time: str, since: pd.Timestamp, until: pd.Timestamp
) -> pd.DataFrame:
    return frame[(frame[time] >= since) & (frame[time] < until)]
