"""Marks: versions that should not, or must not, be used for anything new. Pure.

A deprecated or yanked version goes on: locks keep serving, cuts are written. A retired one is not
served any more, for good. History stays in any case.
"""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum

from skewless.errors import InputError, shown
from skewless.quick import dataclass

MOST_SAID = 2_000  # characters of a reason


class State(StrEnum):
    """What a mark says."""

    DEPRECATED = "deprecated"  # whoever uses it is told of the successor
    YANKED = "yanked"  # nothing new is locked to it
    RETIRED = "retired"  # it is not served any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What was said of a version.

    Attributes:
        state: deprecated, yanked or retired.
        reason: why.
        successor: what to use instead, as `view@2`; empty if nothing is.
        by: the ARN of whoever said it.
        at: when.
    """

    state: State
    reason: str
    successor: str
    by: str
    at: datetime

    @property
    def is_retired(self) -> bool:
        """Whether the version is served no more."""
        return self.state is State.RETIRED

    def to_json(self) -> str:
        """Return the mark as the registry holds it."""
        return json.dumps(
            {
                "state": self.state.value,
                "reason": self.reason,
                "successor": self.successor,
                "by": self.by,
                "at": self.at.isoformat(),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Mark:
        """Read what `to_json` wrote.

        Raises:
            ValueError, KeyError, TypeError: it is something else.
        """
        found = json.loads(text)
        return cls(
            state=State(found["state"]),
            reason=str(found["reason"]),
            successor=str(found["successor"]),
            by=str(found["by"]),
            at=datetime.fromisoformat(found["at"]),
        )

    def __str__(self) -> str:
        because = f": {self.reason}" if self.reason else ""
        instead = f". Use {self.successor} instead" if self.successor else ""
        when = f" since {self.at:%Y-%m-%d} by {self.by}" if self.is_retired else ""
        return f"is {self.state.value}{when}{because}{instead}"


def is_retired(mark: Mark | None) -> bool:
    """Say whether what is said of a version, if anything is, is that it is served no more."""
    return mark is not None and mark.is_retired


def checked_reason(reason: object) -> str:
    """Return why something is marked.

    Raises:
        InputError: it is no text, or too long for a mark.
    """
    if not isinstance(reason, str) or len(reason) > MOST_SAID:
        raise InputError(
            f"the reason {shown(reason)} must be a text of up to {MOST_SAID:,} letters"
        )
    return reason
