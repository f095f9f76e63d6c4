"""When a view's online values move forward: with every event, or at cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from skewless.definitions.duration import ZERO, Duration
from skewless.errors import DefinitionError, shown
from skewless.quick import dataclass

if TYPE_CHECKING:
    from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Stream:
    """Every event counts as soon as it is ingested: as_of(t) = t."""

    def __str__(self) -> str:
        return "'stream'"

    __repr__ = __str__


@dataclass(frozen=True, slots=True, init=False)
class Every:
    """Values move at cuts, whole multiples of `every` since the epoch.

    The job for the cut T runs at T and has until T + `delay`; the instant t is served, and
    trained on, as of floor(t - delay, every).

    Args:
        every: the distance between cuts, at least a minute.
        delay: how long a job may take, at most `every`.
    """

    every: Duration
    delay: Duration

    def __init__(
        self, every: str | timedelta | Duration, delay: str | timedelta | Duration = ZERO
    ) -> None:
        parsed: list[Duration] = []
        problems: list[str] = []
        for value in (every, delay):
            try:
                parsed.append(Duration.parse(value))
            except ValueError as error:
                problems.append(str(error))
        if problems:
            raise DefinitionError("Every", problems)
        if parsed[0] < Duration.parse("1m"):
            problems.append(f"every is {parsed[0]}; the least distance between cuts is 1m")
        if parsed[1] > parsed[0]:
            problems.append(
                f"delay {parsed[1]} is longer than every {parsed[0]}: two cuts would be due at once"
            )
        if problems:
            raise DefinitionError(f"Every({str(parsed[0])!r})", problems)
        object.__setattr__(self, "every", parsed[0])
        object.__setattr__(self, "delay", parsed[1])

    def __str__(self) -> str:
        delay = f", delay={str(self.delay)!r}" if self.delay.microseconds else ""
        return f"Every({str(self.every)!r}{delay})"

    __repr__ = __str__


Refresh: TypeAlias = Stream | Every


def parse_refresh(value: object) -> Refresh:
    """Read `"stream"`, or take an `Every` as it is.

    Raises:
        ValueError: neither of them.
    """
    if isinstance(value, Stream | Every):
        return value
    # Compare classes first: `==` on an expression builds another expression.
    if isinstance(value, str) and value == "stream":
        return Stream()
    raise ValueError(f"refresh is {shown(value)}; write \"stream\" or Every('1d', delay='2h')")
