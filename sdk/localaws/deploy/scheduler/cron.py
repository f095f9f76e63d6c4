"""Cron expressions as EventBridge Scheduler reads them: six fields, Sunday is 1."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """When a cron expression is due, in a time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    day: str
    months: frozenset[int]
    weekday: str
    years: frozenset[int]
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo) -> Cron:
        """Read the six fields; ValueError says which is wrong."""
        fields = text.upper().split()
        if len(fields) != len(_LIMITS):
            raise ValueError(f"cron({text}) has {len(fields)} fields, not {len(_LIMITS)}")
        if (fields[2] == "?") == (fields[4] == "?"):
            raise ValueError(f"cron({text}) must have ? as its day of month or its day of week")
        made = cls(
            minutes=_values(fields[0], *_LIMITS[0]),
            hours=_values(fields[1], *_LIMITS[1]),
            day=fields[2],
            months=_values(fields[3], *_LIMITS[3], _MONTHS),
            weekday=fields[4],
            years=_values(fields[5], *_LIMITS[5]),
            zone=zone,
        )
        made._has_day(date(2000, 1, 1))
        return made

    def latest(self, after: datetime, until: datetime) -> datetime | None:
        """The last instant it is due at, after one instant and not after another."""
        day = until.astimezone(self.zone).date()
        first = after.astimezone(self.zone).date()
        while day >= first:
            if self._has(day):
                for instant in self._instants(day):
                    if after < instant <= until:
                        return instant
            day -= timedelta(days=1)
        return None

    def _instants(self, day: date) -> list[datetime]:
        """The instants of a day, the last one first; what a clock change skips is not due."""
        local = (
            datetime.combine(day, time(hour, minute), self.zone)
            for hour in sorted(self.hours, reverse=True)
            for minute in sorted(self.minutes, reverse=True)
        )
        instants = ((one, one.astimezone(UTC)) for one in local)
        return [
            instant
            for one, instant in instants
            if instant.astimezone(self.zone).replace(tzinfo=None) == one.replace(tzinfo=None)
        ]

    def _has(self, day: date) -> bool:
        return day.year in self.years and day.month in self.months and self._has_day(day)

    def _has_day(self, day: date) -> bool:
        if self.day != "?":
            last = calendar.monthrange(day.year, day.month)[1]
            return day.day == last if self.day == "L" else day.day in _values(self.day, *_LIMITS[2])
        number = day.isoweekday() % 7 + 1
        if "#" in self.weekday:
            wanted, _, nth = self.weekday.partition("#")
            return number in _weekdays(wanted) and (day.day - 1) // 7 + 1 == int(nth)
        if self.weekday.endswith("L") and self.weekday != "L":
            following = day + timedelta(days=7)
            return number in _weekdays(self.weekday[:-1]) and following.month != day.month
        return number in _weekdays("SAT" if self.weekday == "L" else self.weekday)


def _weekdays(text: str) -> frozenset[int]:
    return _values(text, *_LIMITS[4], _WEEKDAYS)


def _values(text: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        bounds, _, step = part.partition("/")
        if bounds in {"*", "?"}:
            first, last = low, high
        else:
            begin, _, end = bounds.partition("-")
            first = _number(begin, low, names)
            last = _number(end, low, names) if end else (high if step else first)
        if not low <= first <= last <= high:
            raise ValueError(f"{part!r} is not within {low} to {high}")
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    return names.index(text) + low if text in names else int(text)
