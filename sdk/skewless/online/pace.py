"""Pace: by how much stamps are ahead of clocks, and what that buys.

An event that comes in at 12:00:00 counts from 12:00:04 on. By then everybody can know of it: its
producer has entered the source's line, where readers look. So a reader whose clock says t serves
V(t), or, with a producer inside whose stamp is before t, V(that stamp), and says so.

The lead has to cover, in the worst case: a reader's clock that is ahead, a producer's that is
behind, the time from the stamp until the producer is in the line, and how old a reader's knowledge
of the line may be, DynamoDB's replicas included. A clock is compared with the Date of DynamoDB's
own answers, which are whole seconds: what cannot be seen is at most `BOUND` and a second. See
docs/decisions/0023.
"""

from __future__ import annotations

from typing import NamedTuple

_SETTLE_SECONDS = 5.0
BOUND = 250_000  # a clock's declared distance from AWS's: Amazon's time service keeps milliseconds
SECOND = 1_000_000  # the resolution of a Date header


class Pace(NamedTuple):
    """How producers and readers of one store go by their clocks.

    Attributes:
        lead: microseconds from a producer's clock to the stamp that it gives.
        entering: microseconds in which a producer must be in the line, or stamp again.
        knowing: microseconds for which a reader may go by what it knows of the line.
        settling: microseconds in which DynamoDB's replicas follow.
        dying: microseconds after which a producer that is still inside counts as dead, and the next
            one does its undone work. A batch takes some seconds; one that waits for others' commits
            may take a minute.
    """

    lead: int
    entering: int
    knowing: int
    settling: int
    dying: int

    @property
    def is_exact(self) -> bool:
        """Whether readers close the line at what they serve, so that no clock matters."""
        return self.lead == 0


# 2 * (0.25 + 1) + 0.5 + 0.5 + 0.5 s: see the module's docstring.
AWS = Pace(lead=4_000_000, entering=500_000, knowing=500_000, settling=500_000, dying=300_000_000)
# One machine, one replica: a reader can afford to write.
LOCAL = Pace(lead=0, entering=0, knowing=0, settling=0, dying=30_000_000)


def pace_of(endpoint: str | None) -> Pace:
    """Return the pace of AWS, or of a local one at an endpoint."""
    return AWS if endpoint is None else LOCAL


def settling(endpoint: str | None) -> float:
    """Return for how many seconds an eventually consistent read may miss a write.

    DynamoDB's replicas usually agree within a second; a local AWS has one.
    """
    return 0.0 if endpoint else _SETTLE_SECONDS
