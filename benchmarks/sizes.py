"""How much a run measures: from agreement alone to what the goals are set for."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

T = TypeVar("T")


class Size(IntEnum):
    """Sizes, in order: a peer that is too slow for one is too slow for the next."""

    SMOKE = 0
    SMALL = 1
    MID = 2
    FULL = 3

    def of(self, smoke: T, small: T, mid: T, full: T) -> T:
        """Return what belongs to this size."""
        return (smoke, small, mid, full)[self]

    @property
    def rounds(self) -> int:
        """How often each contender is measured after it has shown its answer."""
        return self.of(0, 5, 3, 3)

    @property
    def seconds(self) -> float:
        """How long a case may take: no round begins later, but all are measured once."""
        return self.of(60.0, 60.0, 300.0, 1_200.0)
