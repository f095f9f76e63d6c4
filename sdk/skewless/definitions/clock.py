"""Clocks, and instants as users write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

from skewless.definitions.expression import to_microseconds
from skewless.errors import InputError, shown
from skewless.quick import dataclass

Clock: TypeAlias = Callable[[], datetime]
Instant: TypeAlias = datetime | str


def as_clock(clock: Clock | datetime | None) -> Clock:
    """Return a clock: the system's if None; an instant stands still.

    Raises:
        InputError: it is neither, or the instant has no zone.
    """
    if clock is None:
        return system_clock
    if isinstance(clock, datetime):
        to_microseconds(clock, "the clock's instant")
        return StandingClock(clock)
    if not callable(clock):
        raise InputError(
            f"clock is {shown(clock)}; give a function that returns an aware datetime, an aware "
            "datetime, or None for the system's clock"
        )
    return clock


def system_clock() -> datetime:
    """Return what time the machine says it is."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class StandingClock:
    """A clock that stands still. Unlike a lambda, it can be pickled."""

    instant: datetime

    def __call__(self) -> datetime:
        """Return the instant."""
        return self.instant


def as_datetime(value: Instant) -> datetime:
    """Return an instant that may be ISO text.

    Raises:
        InputError: the text is no instant.
    """
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{shown(value)} is no instant; give an aware datetime or ISO text such as "
            "2013-12-01T00:00:00+00:00"
        ) from error


def as_microseconds(value: Instant, where: str) -> int:
    """Return an instant in microseconds since the epoch; `where` names it in errors."""
    return to_microseconds(as_datetime(value), where)
