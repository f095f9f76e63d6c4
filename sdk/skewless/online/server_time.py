"""How far this machine's clock is from AWS's, by the Date of AWS's answers."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from skewless.online.pace import BOUND, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping


def date_of(answer: Mapping[str, Any]) -> str | None:
    """Return the Date of an answer, as AWS wrote it; None if it has none."""
    date: str | None = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return date


def skew_seconds(before: float, after: float, stamped: float) -> float:
    """Return the least time by which a clock is ahead of another; negative if it is behind.

    Args:
        before: the clock before the other was asked.
        after: the clock after.
        stamped: the other's answer, in whole seconds rounded down.
    """
    if before > stamped + 1:
        return before - stamped - 1
    return min(after - stamped, 0.0)


def beyond_bound(date: str | None, asked: int, answered: int) -> int:
    """Return by how much this clock is certainly off, beyond the bound; negative if it is behind.

    Args:
        date: of AWS's answer; without one nothing is certain.
        asked: what this clock said before, in microseconds.
        answered: what it said after.

    Returns:
        Microseconds; 0 if the clock may be within the bound.
    """
    if date is None:
        return 0
    try:
        stamped = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return 0
    skew = round(skew_seconds(asked / SECOND, answered / SECOND, stamped) * SECOND)
    return max(0, skew - BOUND) or min(0, skew + BOUND)
