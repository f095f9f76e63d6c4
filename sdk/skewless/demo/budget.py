"""The time that each step of the demo may take, so that a slower demo is noticed.

The seconds are for two quiet cores of a common server (2020 or later), half again as long as the
steps take there. A machine with slower cores gets proportionally more.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

_REFERENCE_SECONDS = 0.022  # of `_work` on such a core
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the demo.

    Attributes:
        title: what it is called.
        seconds: how long it may take.
    """

    title: str
    seconds: float


OPEN = Step("Real flights, a local AWS", 8)
DEFINE = Step("Define features once", 2)
LOAD = Step("Load history", 9)
BUILD = Step("Build the training set, as it would have been served", 30)
TRAIN = Step("Train, and learn what a leak is worth", 18)
FILL = Step("Fill the online store", 18)
PLAY = Step("Move the clock: take in, cut, serve", 40)
COMPARE = Step("Compare what was served with what is trained on", 6)
CATALOG = Step("Write the catalog", 10)
STEPS = (OPEN, DEFINE, LOAD, BUILD, TRAIN, FILL, PLAY, COMPARE, CATALOG)


def pace() -> float:
    """Measure how many times slower than the reference this machine is; at least 1."""
    best = min(_timed() for _ in range(_ATTEMPTS))
    return max(1.0, best / _REFERENCE_SECONDS)


def _timed() -> float:
    started = time.thread_time()
    _work()
    return time.thread_time() - started


def _work() -> int:
    found = 0
    for number in range(400_000):
        found = (found * 31 + number) & 0xFFFFFF
    return found
