"""One run: operations side by side as a seed says, then what they ask for, then the next cuts."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from operator import methodcaller
from typing import TYPE_CHECKING

import pytest

from skewless.erasure import forget
from skewless.errors import SkewlessError
from skewless.online.pace import AWS, LOCAL
from tests.ops.raw import places_with
from tests.order import invariant
from tests.order.definitions import ERASED, PUBLISHED
from tests.order.logged import logged
from tests.order.operations import OPERATIONS, Forget
from tests.order.scheduler import Actor, Life, Scheduler, Step
from tests.order.virtual import virtual
from tests.order.world import STARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skewless import FeatureStore
    from skewless.definitions.view import FeatureView
    from skewless.online.pace import Pace
    from tests.order.operations import Operation
    from tests.order.world import Answer, Template, World

# About how many calls an operation makes: a death is drawn among them.
_CALLS = {
    "forget": 130,
    "publish": 40,
    "version": 45,
    "repair": 8,
    "backfill": 33,
    "rewrite": 33,
    "trial": 90,
}
_OFFSET_SECONDS = 0.2
_STALL_SECONDS = 7.0  # longer than a cut waits
_DEATHS, _STALLS = 0.2, 0.08
_READS = 5


@contextmanager
def hours_later() -> Iterator[None]:
    """Let files be old enough for an erasure, which judges by when S3 says that they were put."""
    now = forget._now
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forget, "_now", lambda: now() + timedelta(hours=2))
        yield


@contextmanager
def going_at(pace: Pace) -> Iterator[None]:
    """Let producers and readers go by their clocks as on a local AWS, or as on the real one."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("skewless.readers", "skewless.materialize.source_line"):
            patch.setattr(f"{module}.pace_of", lambda _: pace)
        yield


@dataclass
class Doing:
    """An operation in a process of its own."""

    operation: Operation
    actor: Actor

    @property
    def is_disturbed(self) -> bool:
        """Whether it was killed, stood still, or failed."""
        actor = self.actor
        return bool(actor.life.is_over or actor.has_stalled or actor.error)


@dataclass
class Run:
    """A run, by its seed: names of operations, then any text, as in `cut+ingest/17`."""

    seed: str
    world: World
    drawn: random.Random
    pace: Pace
    doings: list[Doing] = field(default_factory=list)
    _cuts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, seed: str, template: Template) -> Run:
        """Set a run up."""
        drawn = random.Random(seed)  # noqa: S311 - a run is drawn
        scheduler = Scheduler(seed, drawn.choice((0.05, 0.3, 0.9)))
        world = template.world(scheduler, drawn.choice(STARTS))
        return cls(seed, world, drawn, drawn.choice((LOCAL, AWS)))

    def play(self) -> None:
        """Play it.

        Raises:
            AssertionError: something does not hold; it tells the seed and all turns.
        """
        try:
            with virtual(self.seed), going_at(self.pace):
                self._side_by_side()
                with hours_later():
                    self._settle()
                self._check_now()
                self._check_after_next_cuts()
        except Exception as error:
            raise AssertionError(f"{self._told()}\n\n{error}") from error

    def _told(self) -> str:
        turns = map(str, self.world.scheduler.trace)
        pace = "by clocks" if self.pace is AWS else "exact"
        ends = (f"{one.actor.name}: {one.actor.error!r}" for one in self.doings)
        return "\n".join([*turns, *ends, pace, f"SKEWLESS_SEED={self.seed} make soak"])

    def _side_by_side(self) -> None:
        for place, name in enumerate(self.seed.partition("/")[0].split("+")):
            detail = random.Random(f"{self.seed} {place}")  # noqa: S311 - as above
            operation = OPERATIONS[name](self.world, detail)
            actor = self._actor(f"{place}-{name}", operation)
            self._disturb(actor, _CALLS.get(name, 22))
            self.doings.append(Doing(operation, actor))
        reader = self._reader()
        for actor in [*(one.actor for one in self.doings), reader]:
            self.world.scheduler.spawn(actor)
        self.world.scheduler.run(self._observe)
        if reader.error is not None:
            raise AssertionError(f"the reader: {reader.error!r}") from reader.error

    def _offset(self) -> float:
        return self.drawn.uniform(-_OFFSET_SECONDS, _OFFSET_SECONDS)

    def _actor(self, name: str, operation: Operation) -> Actor:
        life = Life()
        store = self.world.process(life, self._offset())

        def work() -> None:
            operation.do(store)
            if isinstance(operation, Forget) and operation.is_complete:
                self._check_erased()

        return Actor(name, work, life)

    def _disturb(self, actor: Actor, calls: int) -> None:
        chance = self.drawn.random()
        if chance < _DEATHS:
            actor.kill_at = self.drawn.randrange(calls)
        elif chance < _DEATHS + _STALLS:
            actor.stall_at = self.drawn.randrange(calls), _STALL_SECONDS

    def _reader(self) -> Actor:
        life = Life()
        store = self.world.process(life, self._offset())
        pauses = [self.drawn.uniform(0.01, 0.4) for _ in range(_READS)]

        def read() -> None:
            for pause in pauses:
                self.world.read(store, PUBLISHED, "midst")
                time.sleep(pause)

        return Actor("reader", read, life)

    def _alone(self, name: str, work: Callable[[FeatureStore], object]) -> None:
        """Do something in a new process, while there is no other."""
        life = Life()
        store = self.world.process(life)
        self.world.scheduler.alone(Actor(name, lambda: work(store), life))

    def _observe(self, step: Step) -> None:
        """See that no watermark steps back."""
        if not step.what.endswith(" W"):
            return
        view = step.what.split()[1]
        if view.startswith("passing@"):
            return  # removed with one trial, it begins anew with the next
        cut = self.world.store._workbench.table.read_watermark(view).cut
        if cut is not None:
            before = self._cuts.get(view, cut)
            assert before <= cut, f"the watermark of {view} stepped back from {before} to {cut}"
            self._cuts[view] = cut

    def _settle(self) -> None:
        """Do again what failed or was killed, each in a new process, until all is done."""
        erasures = [one for one in self.doings if isinstance(one.operation, Forget)]
        # First cuts wait for erasures.
        for one in [*erasures, *(other for other in self.doings if other not in erasures)]:
            self._judge(one.actor)
            if one.actor.error is not None or not getattr(one.operation, "is_complete", True):
                self._alone(f"{one.actor.name}-again", one.operation.again)
        if erasures and self._has_own_erased():
            # As is documented: events of the key were to be stopped before.
            self._alone("forget-again", erasures[0].operation.again)

    def _judge(self, actor: Actor) -> None:
        """An operation succeeds, dies, or says what to do."""
        if actor.life.is_over:
            return  # whatever its libraries made of that
        match actor.error:
            case None | SkewlessError():
                return
            case error:
                raise AssertionError(f"{actor.name}: no error of ours: {error!r}") from error

    @property
    def _is_erased(self) -> bool:
        return any(isinstance(one.operation, Forget) for one in self.doings)

    def _check_erased(self) -> None:
        """What a report calls complete is clean, unless somebody had the key to bring it in."""
        if not self._has_own_erased():
            assert (left := places_with(self.world.store, ERASED)) == [], left

    def _has_own_erased(self) -> bool:
        own = [batch for batch in self.world.batches if not batch.is_of_template]
        return any(row["k"] == ERASED for batch in own for row in batch.rows.values())

    def _check_now(self) -> None:
        """Check all that must hold before the next cuts."""
        self._read("now")
        rows = logged(self.world.store)
        invariant.check_log(self.world, rows, is_erased=self._is_erased)
        if self._is_erased:
            assert (left := places_with(self.world.store, ERASED)) == [], left
        answers = [
            answer
            for answer in self.world.answers
            if answer.reader == "now" or self._counts(answer)
        ]
        invariant.check_answers(rows, answers, self._floating())

    def _counts(self, answer: Answer) -> bool:
        """Whether what was read in the midst can be told right from wrong."""
        # While an erasure runs, some of the key's items are there and some are not.
        return not (self._is_erased and ERASED in answer.key.values())

    def _floating(self) -> invariant.Floating:
        """Return the rows that serving may know or not until the next cuts, as is documented."""
        is_late = any(one.is_disturbed for one in self.doings)
        own = [batch for batch in self.world.batches if not batch.is_of_template]
        some = [batch for batch in own if batch.is_history or is_late]
        return invariant.Floating(some, self.world.batches if self._is_erased else ())

    def _check_after_next_cuts(self) -> None:
        """Check that after the next cuts all is as if one operation had come after the other."""
        world = self.world
        world.passes(timedelta(days=1, hours=2))
        self._alone("last-history", OPERATIONS["rewrite"](world, self.drawn).do)
        for view in self._views():
            self._alone("next-cut", methodcaller("materialize", view))
        self._alone("last-sweep", methodcaller("sweep"))
        self._alone("last-events", OPERATIONS["ingest"](world, self.drawn).do)
        self._read("then")
        rows = logged(world.store)
        then = [answer for answer in world.answers if answer.reader == "then"]
        assert {answer.status for answer in then} <= {"ok", "missing"}
        invariant.check_answers(rows, then, invariant.Floating(()))
        invariant.check_history(world, rows)
        invariant.check_nothing_left(world)

    def _views(self) -> list[FeatureView]:
        return list(self.world.process().published.definitions.views)

    def _read(self, reader: str) -> None:
        """Read all that is published, a second later, when no event is in flight."""
        self.world.passes(timedelta(seconds=1))
        self.world.read(self.world.process(), self._views(), reader)
