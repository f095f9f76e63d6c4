"""Lengths of time, in whole microseconds. Texts such as "7d" are parsed here and nowhere else."""

from __future__ import annotations

import re
from datetime import timedelta

from skewless.errors import shown
from skewless.quick import dataclass

_UNITS = {  # longest first, so that a duration prints in the largest unit that divides it
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
    "us": 1,
}
_READ = {**_UNITS, "w": 604_800_000_000}  # never printed: the hop ladder ends with 7d
_TEXT = re.compile(r"([0-9]{1,18})(us|ms|s|m|h|d|w)")
_MAX_YEARS = 1_000  # keeps T - window within the years that datetime and every engine support
_MAX = _MAX_YEARS * 366 * _UNITS["d"]


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time in microseconds, never negative and at most a thousand years."""

    microseconds: int

    def __post_init__(self) -> None:
        given = self.microseconds
        if not isinstance(given, int) or isinstance(given, bool):
            raise ValueError(  # noqa: TRY004 - DefinitionErrors are made of ValueErrors
                f"{given!r} is not a number of microseconds; read texts by Duration.parse"
            )
        if given < 0:
            raise ValueError(f"{given} microseconds are a negative duration")
        if given > _MAX:
            raise ValueError(
                f"a duration of {given} microseconds is longer than {_MAX_YEARS} years"
            )

    @classmethod
    def parse(cls, value: str | timedelta | Duration) -> Duration:
        """Read `"90s"`, `"5m"`, `"24h"`, `"7d"`, `"2w"`, a timedelta, or a Duration.

        Raises:
            ValueError: the text is not a number and a unit, or the length is negative or longer
                than a thousand years.
        """
        if isinstance(value, Duration):
            return value
        if isinstance(value, timedelta):
            microseconds = value // timedelta(microseconds=1)
        elif isinstance(value, str) and (match := _TEXT.fullmatch(value.strip())):
            microseconds = int(match[1]) * _READ[match[2]]
        else:
            raise ValueError(
                f"{shown(value)} is not a duration; write a whole number and one of "
                'us, ms, s, m, h, d, w, for example "90s" or "7d", or give a timedelta'
            )
        if microseconds < 0:
            raise ValueError(f"{value!r} is a negative duration")
        if microseconds > _MAX:
            raise ValueError(f"{value!r} is longer than {_MAX_YEARS} years")
        return cls(microseconds)

    def __str__(self) -> str:
        for unit, size in _UNITS.items():
            if self.microseconds and self.microseconds % size == 0:
                return f"{self.microseconds // size}{unit}"
        return "0s"

    def __repr__(self) -> str:
        return f"Duration({str(self)!r})"


def span(window: Duration, hop: Duration, offset: Duration | None) -> str:
    """Say how long a window really is, whose edges are rounded down to a hop: "30d to 31d"."""
    if offset is None:
        return f"{window} to {_sum(window, hop)}"
    left = window.microseconds % hop.microseconds
    if not left:
        return str(window)
    least = Duration(window.microseconds - left)
    return f"{least} to {_sum(least, hop)}"


def _sum(window: Duration, hop: Duration) -> str:
    """Write both together in the window's unit; "30d 6h" where that is not a whole number of it."""
    total = str(Duration(window.microseconds + hop.microseconds))
    return total if total[-1] == str(window)[-1] else f"{window} {hop}".removeprefix(f"{ZERO} ")


DAY = Duration(_UNITS["d"])
ZERO = Duration(0)
# The sawtooth ladder of the semantics: the steps that a window's left edge may move by.
HOP_LADDER = tuple(Duration.parse(text) for text in ("1m", "5m", "1h", "6h", "1d", "7d"))


def default_hop(window: Duration) -> Duration:
    """Return the largest step of the ladder that is at most a twelfth of the window."""
    fitting = [hop for hop in HOP_LADDER if hop.microseconds * 12 <= window.microseconds]
    return fitting[-1] if fitting else HOP_LADDER[0]
