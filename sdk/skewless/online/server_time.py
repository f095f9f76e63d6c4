"""DynamoDB's clock, by the Date of its answers, and the difference of this machine's clock."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from skewless.online.pace import BOUND, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping


def server_time(answer: Mapping[str, Any]) -> int | None:
    """Return the second in which an answer was given, in microseconds; None if it does not say."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if date is None:
        return None
    try:
        return int(parsedate_to_datetime(date).timestamp()) * SECOND
    except ValueError:
        return None


def ahead(server: int | None, asked: int) -> int:
    """Return by how much this clock is certainly ahead of DynamoDB's, beyond the bound; or 0.

    Args:
        server: the second in which DynamoDB answered, in microseconds.
        asked: what this machine's clock said before it asked.
    """
    return 0 if server is None else max(0, asked - (server + SECOND) - BOUND)


def behind(server: int | None, answered: int) -> int:
    """Return by how much this clock is certainly behind DynamoDB's, beyond the bound; or 0.

    Args:
        server: the second in which DynamoDB answered, in microseconds.
        answered: what this machine's clock said after the answer had come.
    """
    return 0 if server is None else max(0, server - answered - BOUND)
