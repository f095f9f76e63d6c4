"""Schedule expressions: when is one due?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from localaws.deploy.scheduler.cron import Cron

_EXPRESSION = re.compile(r"(rate|cron|at)\((.+)\)")
_RATE = re.compile(r"([1-9]\d*) (minute|hour|day)s?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Every so often, counted from an instant."""

    every: timedelta

    def latest(self, after: datetime, until: datetime, anchor: datetime) -> datetime | None:
        """The last instant it is due at, after one instant and not after another."""
        if until < anchor:
            return None
        due_at = anchor + (until - anchor) // self.every * self.every
        return due_at if due_at > after else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """At one instant."""

    due_at: datetime


def parse(text: str, zone_name: str) -> Rate | Once | Cron:
    """Read an expression; ValueError says what is wrong."""
    matched = _EXPRESSION.fullmatch(text.strip())
    if matched is None:
        raise ValueError(f"Invalid Schedule Expression {text}. Use rate(), cron() or at().")
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"Invalid Schedule Expression Timezone {zone_name}.") from error
    kind, inner = matched.groups()
    if kind == "at":
        return Once(due_at=datetime.fromisoformat(inner).replace(tzinfo=zone).astimezone(UTC))
    if kind == "cron":
        return Cron.parse(inner, zone)
    rate = _RATE.fullmatch(inner)
    if rate is None:
        raise ValueError(f"Invalid Schedule Expression {text}. Use rate(5 minutes), for example.")
    return Rate(every=timedelta(**{f"{rate[2]}s": int(rate[1])}))


def latest_due(
    expression: Rate | Once | Cron, after: datetime, until: datetime, anchor: datetime
) -> datetime | None:
    """The last instant an expression is due at, after one instant and not after another."""
    match expression:
        case Rate():
            return expression.latest(after, until, anchor)
        case Once():
            return expression.due_at if after < expression.due_at <= until else None
    return expression.latest(after, until)
