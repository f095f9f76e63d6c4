"""Real processes on one local AWS: many at once, some of which end by SIGKILL, at any moment."""

from __future__ import annotations

import multiprocessing
import random
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from skewless import FeatureStore
from skewless.definitions.clock import as_microseconds
from skewless.errors import RepeatedLoadError
from tests.ops.raw import places_with
from tests.order import invariant
from tests.order.definitions import ERASED, KEYS, PUBLISHED, live, shops
from tests.order.logged import logged
from tests.order.run import hours_later
from tests.order.scheduler import Scheduler
from tests.order.world import Batch, World

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

WRITERS = 8
_BEGUN = "begun"
_PATIENCE_SECONDS = 180.0


def work(store: FeatureStore, what: str, rows: list[dict[str, Any]], told: Connection) -> None:
    """Do one thing, as a process of its own, and tell how it ended."""
    told.send(_BEGUN)
    try:
        told.send(_done(store, what, rows))
    except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
        told.send(error)


def _done(store: FeatureStore, what: str, rows: list[dict[str, Any]]) -> Any:
    match what:
        case "ingest":
            return store.ingest("ev", rows).ingest_time
        case "rewrite":
            try:
                store.backfill("ev", rows, rewrite=True)
            except RepeatedLoadError:  # it had got that far before it was killed
                return None
        case "cut":
            for view in PUBLISHED:
                store.materialize(view)
        case "repair":
            for view in (live, shops):
                store.repair(view)
        case "forget":
            store.forget("k", ERASED)
    return None


@dataclass
class Process:
    """A process that does one thing."""

    what: str
    batch: Batch
    store: FeatureStore

    def __post_init__(self) -> None:
        context = multiprocessing.get_context("forkserver")
        # They are forks of a process that has imported everything, and has no threads.
        context.set_forkserver_preload(["tests.conftest", "tests.order.processes"])
        self._told, tells = context.Pipe(duplex=False)
        rows = list(self.batch.rows.values())
        self._process = context.Process(target=work, args=(self.store, self.what, rows, tells))
        self._process.start()
        tells.close()

    def kill(self, after: float) -> None:
        """End it by SIGKILL so many seconds after it began, unless it is done by then."""
        assert self._told.poll(_PATIENCE_SECONDS)
        time.sleep(after)
        self._process.kill()
        self._process.join()
        self._listen()

    def finish(self) -> None:
        """Wait until it is done; raise what it raised."""
        self._process.join(_PATIENCE_SECONDS)
        assert self._process.exitcode == 0, f"{self.what} ended with {self._process.exitcode}"
        if (error := self._listen()) is not None:
            raise error

    def _listen(self) -> Exception | None:
        """Take in what it told before it ended."""
        try:
            while (said := self._told.recv()) == _BEGUN:
                pass
        except EOFError:
            return None
        if isinstance(said, Exception):
            return said
        self.batch.is_acknowledged = True
        if said is not None:
            self.batch.stamp = as_microseconds(said, "ingest_time")
        return None


@dataclass
class Processes:
    """One store, and processes that a seed draws; when they die is chance.

    Attributes:
        seed: what they do.
        rounds: how many are killed and done again.
    """

    seed: str
    rounds: int
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self._drawn = random.Random(self.seed)  # noqa: S311 - a run is drawn
        store = FeatureStore.local(f"order-{uuid.uuid4().hex[:8]}")
        now = datetime.now(UTC)
        self.world = World(Scheduler(self.seed), store)
        store.apply(PUBLISHED)
        history = self._batch(now - timedelta(days=3), KEYS)
        history.is_history = history.is_acknowledged = True
        store.backfill("ev", list(history.rows.values()))
        for view in PUBLISHED:
            store.materialize(view)

    def play(self) -> None:
        """Play it; what does not hold is an AssertionError."""
        self._many_writers()
        for _ in range(self.rounds):
            self._killed_and_done_again()
        self._side_by_side()
        self._check()

    def _batch(self, at: datetime, keys: tuple[str, ...] = KEYS[:2]) -> Batch:
        return self.world.rows(self._drawn, lambda: at, keys)

    def _process(self, what: str) -> Process:
        match what:
            case "ingest":
                batch = self._batch(datetime.now(UTC))
            case "rewrite":
                batch = self._batch(datetime.now(UTC) - timedelta(days=self._drawn.choice((2, 4))))
                batch.is_history = True
            case _:
                batch = Batch({})
        return Process(what, batch, self.world.store)

    def _many_writers(self) -> None:
        for process in [self._process("ingest") for _ in range(WRITERS)]:
            process.finish()

    def _killed_and_done_again(self) -> None:
        what = self._drawn.choice(("ingest", "ingest", "rewrite", "cut", "forget", "repair"))
        process = self._process(what)
        process.kill(self._drawn.uniform(0, 0.3))
        self._again(process)

    def _side_by_side(self) -> None:
        kinds = ("ingest", "ingest", "rewrite", "cut", "forget", "repair")
        processes = [self._process(what) for what in self._drawn.sample(kinds, len(kinds))]
        killed, others = processes[:2], processes[2:]
        for process in killed:
            process.kill(self._drawn.uniform(0, 0.2))
        for process in others:
            process.finish()
        for process in killed:
            self._again(process)

    def _again(self, process: Process) -> None:
        """Do what is to be done after a death, in another process."""
        # Events that were not acknowledged are in the log or not: if they are, they are served.
        what = "repair" if process.what == "ingest" else process.what
        batch = process.batch if what == "rewrite" else Batch({})
        Process(what, batch, process.store).finish()

    def _check(self) -> None:
        world = self.world
        with hours_later():
            while not (report := world.store.forget("k", ERASED)).is_complete:
                assert all("in an hour" not in text for text in report.again), report
                _done(world.store, "cut", [])
        assert (left := places_with(world.store, ERASED)) == [], left
        tomorrow = datetime.now(UTC) + timedelta(days=1, hours=2)
        store = FeatureStore(world.store.aws, world.store.resources, clock=tomorrow)
        _done(store, "cut", [])
        store.clock = lambda: tomorrow + timedelta(seconds=1)
        world.read(store, PUBLISHED, "then")
        rows = logged(store)
        invariant.check_log(world, rows, is_erased=True)
        assert {answer.status for answer in world.answers} <= {"ok", "missing"}
        invariant.check_answers(rows, world.answers, invariant.Floating(()))
        invariant.check_history(world, rows)
