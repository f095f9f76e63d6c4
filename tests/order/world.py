"""What a run is about: a store, its processes, what was sent to it, and what was read."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from localaws import LocalAws
from localaws.core.session import LocalSession
from skewless import FeatureStore
from skewless.aws import Aws
from skewless.definitions.clock import as_microseconds
from tests.in_process import ENDPOINT, make_table
from tests.order.definitions import (
    DELAY,
    ERASED,
    KEYS,
    NEXT_MIDNIGHT,
    NOON,
    PUBLISHED,
    SHOPS,
)
from tests.order.image import Image
from tests.order.scheduler import Life, Scheduler, before_call

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

    from skewless.definitions.clock import Clock
    from skewless.definitions.version import Version
    from skewless.definitions.view import FeatureView

_FIRST_NUMBER = 7  # the template has those before
_BEFORE = timedelta(milliseconds=60)
# Where a run begins: when a cut becomes due, when it becomes the one that is served, and between.
STARTS = (NEXT_MIDNIGHT - _BEFORE, NEXT_MIDNIGHT + DELAY - _BEFORE, NEXT_MIDNIGHT + 3 * DELAY)


@dataclass(slots=True)
class Batch:
    """Rows that were sent together.

    Attributes:
        rows: by number; `n` of a row is 2 to the power of its number.
        is_history: whether they were a backfill's, so that known when they say.
        stamp: the ingest time that was acknowledged, in microseconds; None while none was.
        is_of_template: whether they were there before the run.
    """

    rows: dict[int, dict[str, Any]]
    is_history: bool = False
    stamp: int | None = None
    is_acknowledged: bool = False
    is_of_template: bool = False


class Answer(NamedTuple):
    """What a reader was told of one entity by one view.

    Attributes:
        after: how many turns had been given.
    """

    view: FeatureView
    key: dict[str, str]
    as_of: datetime
    status: str
    values: dict[str, Any]
    reader: str
    after: int


@dataclass(slots=True)
class World:
    """A store in one run.

    Attributes:
        scheduler: whose time it is.
        store: for looking at things; it takes no turns.
        batches: all that was sent.
        answers: all that was read.
    """

    scheduler: Scheduler
    store: FeatureStore
    batches: list[Batch] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: itertools.count(_FIRST_NUMBER))

    @property
    def now(self) -> datetime:
        """The true time."""
        since = timedelta(microseconds=round(self.scheduler.now * 1e6))
        return datetime.fromtimestamp(self.scheduler.start, UTC) + since

    def passes(self, time: timedelta) -> None:
        """Let time pass in which nobody does anything."""
        self.scheduler.start += time.total_seconds()

    def process(self, life: Life | None = None, offset: float = 0.0) -> FeatureStore:
        """Return the store of a process of its own, whose clock is off by so many seconds."""
        off = timedelta(seconds=offset)
        session = new_session()
        handler: Any = partial(before_call, Life() if life is None else life)
        session.events.register("provide-client-params", handler)
        aws = Aws(session, self.store.aws.endpoint)
        return FeatureStore(aws, self.store.resources, clock=lambda: self.now + off)

    def rows(
        self, drawn: random.Random, at: Callable[[], datetime], keys: Sequence[str] = KEYS
    ) -> Batch:
        """Return some new rows, which are sent together."""
        rows = {}
        for number in itertools.islice(self._numbers, drawn.randint(1, 3)):
            happened, shop = at(), drawn.choice(SHOPS)
            row = {"k": drawn.choice(keys), "s": shop, "x": number / 10, "at": happened}
            rows[number] = {**row, "n": 1 << number}
        return self.sent(Batch(rows))

    def sent(self, batch: Batch) -> Batch:
        """Note a batch, before it is sent."""
        self.batches.append(batch)
        return batch

    def again(self, batch: Batch) -> Batch:
        """Return the same rows under new numbers: sent again, they are other rows."""
        numbers = itertools.islice(self._numbers, len(batch.rows))
        rows = {
            number: {**row, "n": 1 << number}
            for number, row in zip(numbers, batch.rows.values(), strict=True)
        }
        return self.sent(Batch(rows, batch.is_history))

    def read(self, store: FeatureStore, views: Iterable[FeatureView], reader: str) -> None:
        """Read all entities of all views, and note the answers."""
        for some in apart(views):
            self._read(store, some, reader)

    def _read(self, store: FeatureStore, views: list[FeatureView], reader: str) -> None:
        pairs = [{"k": key, "s": SHOPS[place % 2]} for place, key in enumerate(KEYS)]
        answer = store.get_online_features(views, pairs, full_names=True)
        labels = dict(zip(views, answer.status[0], strict=True))
        for pair, row, status in zip(pairs, answer.rows, answer.status, strict=True):
            for view in views:
                found = status[labels[view]]
                self.answers.append(
                    Answer(
                        view,
                        {name: pair[name] for name in view.entity.keys},
                        found.as_of,
                        found.status,
                        {name: row[f"{view.name}__{name}"] for name in view.feature_types},
                        reader,
                        len(self.scheduler.trace),
                    )
                )


def new_session() -> LocalSession:
    """Return a session of the local AWS, with Amazon's DynamoDB Local where there is one."""
    server = LocalAws.start()
    return server.session() if ENDPOINT is None else _Elsewhere(server.endpoint)


class _Elsewhere(LocalSession):
    """A session whose items are in DynamoDB Local, and all else in the local AWS."""

    def client(self, *args: Any, **options: Any) -> Any:
        if args[0] == "dynamodb":
            options["endpoint_url"] = ENDPOINT
        return super().client(*args, **options)


def apart(views: Iterable[FeatureView]) -> list[list[FeatureView]]:
    """Tell versions of one view apart: a selection has one of them."""
    found: dict[Version, list[FeatureView]] = {}
    for view in views:
        found.setdefault(view.version, []).append(view)
    return list(found.values())


def new_store(prefix: str, clock: Clock | datetime | None) -> FeatureStore:
    """Make a store on the local AWS, whose items are in DynamoDB Local where there is one."""
    local = FeatureStore.local(f"{prefix}-{uuid.uuid4().hex[:8]}", clock=clock)
    aws = Aws(new_session(), local.aws.endpoint)
    if ENDPOINT is not None:
        for name in (local.resources.online_table, local.resources.registry_table):
            make_table(aws, name)
    return FeatureStore(aws, local.resources, clock=clock)


class Template:
    """A store with some history, cut and served; each run begins with it as it is."""

    def __init__(self) -> None:
        self.store = new_store("order", NOON)
        self.store.apply(PUBLISHED)
        self._batches = self._fill()
        self._image = Image.of(self.store)
        self._is_clean = True

    def _fill(self) -> list[Batch]:
        history = {
            number: _row(number, key, SHOPS[number % 2], NOON - timedelta(days=days))
            for number, (key, days) in enumerate(
                [("a", 3), (ERASED, 3), ("b", 2), (ERASED, 2)], start=1
            )
        }
        result = self.store.backfill("ev", list(history.values()))
        assert result.accepted == len(history)
        for view in PUBLISHED:
            self.store.materialize(view)
        events = {
            number: _row(number, key, SHOPS[number % 2], NOON - timedelta(minutes=5))
            for number, key in ((5, "a"), (6, ERASED))
        }
        taken = self.store.ingest("ev", list(events.values()))
        assert taken.ingest_time is not None
        stamp = as_microseconds(taken.ingest_time, "ingest_time")
        return [
            Batch(history, is_history=True, is_acknowledged=True, is_of_template=True),
            Batch(events, stamp=stamp, is_acknowledged=True, is_of_template=True),
        ]

    def world(self, scheduler: Scheduler, start: datetime) -> World:
        """Return a world that begins at a time."""
        scheduler.start = start.timestamp()
        if not self._is_clean:
            self._image.restore(self.store)
        self._is_clean = False
        return World(scheduler, self.store, list(self._batches))


def _row(number: int, key: str, shop: str, at: datetime) -> dict[str, Any]:
    return {"k": key, "s": shop, "n": 1 << number, "x": number / 10, "at": at.astimezone(UTC)}
