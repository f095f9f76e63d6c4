"""A scheduler of interleavings: actors in threads, of which one moves at a time, by a seed.

An actor stops before each of its calls to AWS, and wherever it sleeps. The scheduler alone decides
who goes on, who is killed there, and who stands still for a while. Time is virtual: it passes with
calls, and jumps when all sleep (`tests/order/virtual.py`). So a run is a function of its seed.
"""

from __future__ import annotations

import random
import sys
import threading
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_STUCK_SECONDS = 120.0  # of true time: an actor that neither calls nor ends
_CALL_SECONDS = (0.001, 0.012)  # of virtual time
_here = threading.local()


class KilledError(BaseException):
    """A process that ends here and now: nothing catches it, and it calls nothing any more."""


class Step(NamedTuple):
    """What an actor was about to do when it was given its turn."""

    at: float
    actor: str
    number: int
    what: str

    def __str__(self) -> str:
        return f"{self.at:9.3f}  {self.actor:<14} {self.number:>4}  {self.what}"


@dataclass
class Life:
    """Whether a process is still there, for the clients that it made."""

    is_over: bool = False


@dataclass
class Actor:
    """One process, which does one thing.

    Attributes:
        life: of the process that it is.
        kill_at: before which of its calls it is killed.
        stall_at: before which of its calls it stands still, and for how many seconds.
        error: with what it ended; None if all went well.
    """

    name: str
    work: Callable[[], object]
    life: Life = field(default_factory=Life)
    kill_at: int | None = None
    stall_at: tuple[int, float] | None = None
    error: BaseException | None = None
    calls: int = 0
    is_done: bool = False
    has_stalled: bool = False
    wake_at: float = 0.0
    next: str = "starts"
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    thread: threading.Thread | None = None


class Scheduler:
    """Gives turns to actors.

    Attributes:
        now: virtual seconds since the run began.
        start: the time, in seconds since the epoch, at which `now` is 0.
        trace: every turn that was given.
    """

    def __init__(self, seed: str, switches: float = 0.5) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a run is drawn
        self.now = 0.0
        self.trace: list[Step] = []
        self.start = 0.0
        self._switches = switches
        self._actors: list[Actor] = []
        self._last: Actor | None = None
        self._back = threading.Semaphore(0)

    def spawn(self, actor: Actor) -> Actor:
        """Let an actor take part from now on."""
        actor.wake_at = self.now
        actor.thread = threading.Thread(target=self._live, args=(actor,), daemon=True)
        self._actors.append(actor)
        return actor

    def run(self, observe: Callable[[Step], None] | None = None) -> None:
        """Give turns until all actors have ended.

        Args:
            observe: is told of each turn when it is over, while all stand still.
        """
        while alive := [actor for actor in self._actors if not actor.is_done]:
            ready = [actor for actor in alive if actor.wake_at <= self.now]
            if not ready:
                self.now = min(actor.wake_at for actor in alive)
                continue
            step = self._turn(self._chosen(ready))
            self.now += self.random.uniform(*_CALL_SECONDS)
            if observe is not None:
                observe(step)
        self._actors.clear()

    def alone(self, actor: Actor) -> None:
        """Let an actor do something while there is nobody else.

        Raises:
            AssertionError: it did not end well.
        """
        self.spawn(actor)
        self.run()
        if actor.error is not None:
            raise AssertionError(f"{actor.name}: {actor.error!r}") from actor.error

    def _chosen(self, ready: list[Actor]) -> Actor:
        if self._last in ready and self.random.random() > self._switches:
            return self._last
        return self.random.choice(ready)

    def _turn(self, actor: Actor) -> Step:
        self._last = actor
        step = Step(self.now, actor.name, actor.calls, actor.next)
        self.trace.append(step)
        assert actor.thread is not None
        if not actor.thread.ident:
            actor.thread.start()
        else:
            actor.go.release()
        if not self._back.acquire(timeout=_STUCK_SECONDS):
            frame = sys._current_frames().get(actor.thread.ident or 0)
            where = "".join(traceback.format_stack(frame)) if frame else ""
            raise AssertionError(f"{actor.name} neither calls nor ends:\n{where}")
        return step

    def _live(self, actor: Actor) -> None:
        _here.scheduler, _here.actor = self, actor
        try:
            actor.work()
        except BaseException as error:  # noqa: BLE001 - it is judged by whoever made the actor
            actor.error = error
            if isinstance(error, KilledError):
                self.trace.append(Step(self.now, actor.name, actor.calls, "is killed"))
        finally:
            actor.is_done = True
            self._back.release()

    def call(self, actor: Actor, what: str) -> None:
        """Wait for a turn before a call; in the actor's own thread."""
        if actor.life.is_over:
            raise KilledError
        if actor.stall_at is not None and actor.calls == actor.stall_at[0]:
            seconds, actor.stall_at = actor.stall_at[1], None
            actor.has_stalled = True
            self.sleep(actor, seconds, "stands still")
        actor.calls += 1
        self._park(actor, what)
        if actor.kill_at is not None and actor.calls > actor.kill_at:
            actor.life.is_over = True
            raise KilledError

    def sleep(self, actor: Actor, seconds: float, what: str = "sleeps") -> None:
        """Wait for a turn until so many virtual seconds have passed."""
        if actor.life.is_over:
            raise KilledError
        actor.wake_at = self.now + seconds
        self._park(actor, f"{what} for {seconds:.3f} s")

    def _park(self, actor: Actor, what: str) -> None:
        actor.next = what
        self._back.release()
        actor.go.acquire()


def current() -> tuple[Scheduler, Actor] | None:
    """Return the actor of this thread and its scheduler; None where it is no actor's."""
    actor = getattr(_here, "actor", None)
    return None if actor is None else (_here.scheduler, actor)


def before_call(life: Life, params: Any, model: Any, **_: Any) -> None:
    """Stop here until it is this actor's turn; botocore's `provide-client-params` comes here."""
    if life.is_over:
        # A file that nobody refers to any more is closed, which writes it: not after its death.
        raise KilledError
    if (found := current()) is not None and found[1].life is life:
        scheduler, actor = found
        service = model.service_model.service_name
        scheduler.call(actor, f"{service}.{model.name} {_about(params)}".rstrip())


def _about(params: Any) -> str:
    """Return in a few words what a call is about."""
    match params:
        case {"Key": {"pk": pk, "sk": sk}} | {"Item": {"pk": pk, "sk": sk}}:
            return f"{pk['S']} {sk['S']}"
        case {"Key": str(key)}:
            return key.rpartition("/")[2][:40]
        case {"RequestItems": dict(tables)}:
            keys = [key for table in tables.values() for key in table.get("Keys", ())]
            return " ".join(sorted({key["sk"]["S"] for key in keys}))
        case {"Prefix": str(name)} | {"Name": str(name)}:
            return name
        case _:
            return ""
