"""A reader's knowledge of its sources' lines, and when it asks again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from skewless.definitions.refresh import Stream
from skewless.online.address import line_address
from skewless.online.line import Line
from skewless.online.pace import AWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skewless.definitions.view import FeatureView
    from skewless.online.line import LineCloser
    from skewless.online.view_reader import Items


class _Known(NamedTuple):
    line: Line
    at: int  # what the clock said before it was asked for
    asked: float  # the same by the stopwatch, which no step of a clock affects


class Lines:
    """The lines of the sources of a reader's stream views. Threads may share it.

    Args:
        views: that are read.
        closer: closes lines at each read; None to remember what the last read saw.
    """

    def __init__(self, views: Iterable[FeatureView], closer: LineCloser | None) -> None:
        self._closer = closer
        self._sources = list(
            dict.fromkeys(view.source.name for view in views if isinstance(view.refresh, Stream))
        )
        self._known: dict[str, _Known] = {}

    def known(self, now: int, *, is_supposed: bool) -> dict[str, Line]:
        """Return, by source, the lines that a read may go by.

        Args:
            now: the instant of the read, in microseconds.
            is_supposed: whether the instant is no clock's: then nothing remembered fits.
        """
        if self._closer is not None:
            return {
                source: self._closer.look(source, now, is_closing=not is_supposed)
                for source in self._sources
            }
        if is_supposed:
            return {}
        return {
            source: known.line
            for source, known in list(self._known.items())
            if _age(known, now) <= AWS.knowing
        }

    def to_ask(self, now: int, *, is_supposed: bool) -> list[str]:
        """Return the sources whose lines a read is to ask for along with its items."""
        if self._closer is not None:
            return []
        return [
            source
            for source in self._sources
            if is_supposed
            or source not in self._known
            or _age(self._known[source], now) > AWS.knowing // 2
        ]

    def learn(
        self, asked: Iterable[str], items: Items, now: int, started: float, *, is_supposed: bool
    ) -> Mapping[str, Line]:
        """Return the lines that were asked for, and remember them for a while.

        Args:
            asked: the sources.
            items: what was read.
            now: what the clock said before.
            started: what the stopwatch said before.
            is_supposed: as for `known`.
        """
        found = {}
        for source in asked:
            item = items.get(line_address(source))
            line = found[source] = item if isinstance(item, Line) else Line()
            if not is_supposed:
                self._known[source] = _Known(line, now, started)
        return found


def is_slow(started: float) -> bool:
    """Say whether items of a batch may have been read long before a line of the same batch."""
    return (time.monotonic() - started) * 1e6 > AWS.settling


def _age(known: _Known, now: int) -> float:
    by_clock = now - known.at
    # A clock that stepped back cannot tell.
    return max(by_clock, (time.monotonic() - known.asked) * 1e6) if by_clock >= 0 else float("inf")
