"""A producer's place in the line of a source: its stamp, and how it gets out."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from skewless.errors import OnlineStoreError
from skewless.online.line import INSIDE
from skewless.online.pace import BOUND, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skewless.online.pace import Pace


class LineToLeave(Protocol):
    """What a place asks of its line: `SourceLine` says what each does."""

    pace: Pace

    def renew(self, map_: str, name: str, stamp: int) -> str:
        """Say that a producer is alive; return its new name."""

    def leave(self, map_: str, name: str, known: frozenset[str] | None) -> frozenset[str]:
        """Go out, unless a view was cut that is not known; return the views that were cut."""


@dataclass(slots=True)
class Place:
    """A producer's place in the line.

    Attributes:
        stamp: the ingest time that its events get.
        horizon: microseconds. Nothing that is still to come is known before: what day items hold
            from before need not be told apart any more.
        dead: by batch, the stamps of producers that must be dead.
    """

    stamp: int
    horizon: int
    dead: Mapping[str, int]
    _line: LineToLeave
    _name: str
    _map: str
    _views: frozenset[str]
    _now: Callable[[], int]
    _entered: float = field(default_factory=lambda: time.time())  # noqa: PLW0108 - a test moves it
    _stays: bool = False
    _is_left: bool = False

    def commit(self) -> None:
        """Say that events are about to be in the log: from now on stay inside until `leave`.

        Raises:
            OnlineStoreError: it took so long until here that others took this producer for dead; or
                DynamoDB refused.
        """
        if time.time() - self._entered > self._line.pace.dying / SECOND / 5:
            self._entered = time.time()
            self._name = self._line.renew(self._map, self._name, self.stamp)
        self._stays = True

    def release(self) -> None:
        """Take `commit` back: nothing is in the log, for certain."""
        self._stays = False

    def leave(self, write: Callable[[frozenset[str]], None] | None = None) -> frozenset[str]:
        """Go out; return partitions of the source's views that were ever cut.

        Args:
            write: is given these views before, and writes what they lack of the events. A view
                that is cut meanwhile is given to it as well, before anybody is out.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        views = self._views
        while True:
            if write is not None:
                write(views)
            self._settle()
            try:
                views = self._line.leave(self._map, self._name, None if write is None else views)
            except CutMeanwhileError as error:
                views = error.views
            else:
                self._is_left = True
                return views

    def give_up(self) -> None:
        """Go out, as far as DynamoDB answers, unless events may be in the log."""
        if not (self._stays or self._is_left):
            with suppress(OnlineStoreError):
                self._line.leave(self._map, self._name, None)

    def _settle(self) -> None:
        """Wait for DynamoDB's replicas, unless readers leave these events out for long enough."""
        pace = self._line.pace
        if self._map == INSIDE and self._now() > self.stamp - pace.settling - 2 * BOUND:
            time.sleep(pace.settling / 1e6)


class CutMeanwhileError(Exception):
    """A view was cut that a producer did not know of: it stays inside.

    Attributes:
        views: partitions of all views that were ever cut.
    """

    def __init__(self, views: frozenset[str]) -> None:
        super().__init__("a view was cut that was not known of")
        self.views = views
