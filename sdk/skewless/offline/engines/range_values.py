"""Sums and extremes over ranges of events, exact: see `ranges`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skewless.offline.engines.ranges import Integers, Lane

    Values: TypeAlias = np.ndarray[Any, Any]

_DIGIT = 32
_MASK = 2**_DIGIT - 1
_NARROW = 2**63


def digits(values: Integers, most: int, *, squared: bool) -> tuple[Integers, ...]:
    """Write integers, or their squares, in as many digits of 32 bits as keep their sums exact.

    The lowest digit comes first; a sum is the sum of its digits' sums, each times its power.
    A running total may wrap: a difference of two is right where the sum itself has 63 bits.

    Args:
        values: of 64 bits.
        most: how many are added up at most.
        squared: whether the squares are meant.
    """
    if not len(values):
        return (values,)
    largest = max(int(values.max()), -int(values.min()))
    if not squared:
        if largest * most < _NARROW:
            return (values,)
        return values & _MASK, values >> _DIGIT
    if largest * largest * most < _NARROW:
        return (values * values,)
    size = np.abs(values).view(np.uint64)  # the least integer's size has 64 bits, and is right here
    low, high = size & np.uint64(_MASK), size >> np.uint64(_DIGIT)
    lows, middles, highs = low * low, low * high * np.uint64(2), high * high
    parts = [_split(part) for part in (lows, middles, highs)]
    found = (parts[0][0], parts[0][1] + parts[1][0], parts[1][1] + parts[2][0], parts[2][1])
    return tuple(part.view(np.int64) for part in found)


def _split(part: Values) -> tuple[Values, Values]:
    return part & np.uint64(_MASK), part >> np.uint64(_DIGIT)


@dataclass(frozen=True, slots=True)
class Ranges:
    """The ranges of events that windows see.

    Attributes:
        points: how many points there are.
        lanes: the ranges in each lane; a window's values are those of all lanes together.
    """

    points: int
    lanes: Sequence[Lane]

    @property
    def most(self) -> int:
        """A number of events that no window of any point exceeds."""
        return sum(
            max((int((lane.high - low).max()) for low in lane.low), default=0)
            for lane in self.lanes
        )

    def counts(self, window: int) -> Integers:
        """Count the events of each point's window."""
        found = np.zeros(self.points, np.int64)
        for lane in self.lanes:
            found += lane.after(window) - lane.low[window]
        return found

    def sums(self, values: Integers, windows: Sequence[int]) -> list[Integers]:
        """Add up the values of each point's windows, modulo 2^64."""
        found = [np.zeros(self.points, np.int64) for _ in windows]
        for lane in self.lanes:
            running = np.empty(len(lane.rows) + 1, np.int64)
            running[0] = 0
            np.cumsum(values[lane.rows], dtype=np.int64, out=running[1:])
            upto = running[lane.high]
            for place, window in enumerate(windows):
                ends = running[lane.ends[window]] if window in lane.ends else upto
                found[place] += ends - running[lane.low[window]]
        return found

    def extremes(
        self, values: Values, nothing: Any, choose: Callable[..., Values], windows: Sequence[int]
    ) -> list[Values]:
        """Return the least or greatest value of each point's windows.

        Args:
            values: of the events.
            nothing: of a window without events; it stands for events without a value too.
            choose: `np.minimum` or `np.maximum`.
            windows: which.
        """
        found = np.full(self.points * len(windows), nothing, values.dtype)
        for lane in self.lanes:
            low = np.concatenate([lane.low[window] for window in windows])
            high = np.concatenate([lane.after(window) for window in windows])
            of_lane = _of_blocks(values[lane.rows], nothing, choose, low, high)
            choose(found, of_lane, out=found)
        return np.split(found, len(windows))


def _of_blocks(
    block: Values, nothing: Any, choose: Callable[..., Values], low: Integers, high: Integers
) -> Values:
    """Cover each range of n values by two blocks of 2^k <= n values, which may overlap."""
    found = np.full(len(low), nothing, block.dtype)
    # The exponent of a double: 0 for no values, k + 1 from 2^k values on.
    levels = np.frexp((high - low).astype(np.float64))[1].astype(np.int8)
    order = np.argsort(levels, kind="stable")
    deepest = int(levels.max(initial=0))
    bounds = np.searchsorted(levels[order], np.arange(1, deepest + 2))
    for level in range(deepest):
        width = 1 << level
        if level:
            block = choose(block[: -(width // 2)], block[width // 2 :])
        places = order[bounds[level] : bounds[level + 1]]
        found[places] = choose(block[low[places]], block[high[places] - width])
    return found
