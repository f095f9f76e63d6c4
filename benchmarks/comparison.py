"""Two ways to do one thing, timed in turn: a ratio within one run outlives a noisy machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What was measured, less is better.

    Attributes:
        unit: of the samples: "s" or "MB".
        target: the ratio should not exceed it; None where none was set.
        skewless, baseline: the samples, in the order in which they alternated.
    """

    name: str
    unit: str
    target: float | None
    skewless: tuple[float, ...]
    baseline: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Of the medians: above 1, skewless needs more."""
        return median(self.skewless) / median(self.baseline)

    def document(self) -> dict[str, Any]:
        """Return what the file of results holds."""
        return {
            "name": self.name,
            "unit": self.unit,
            "ratio": round(self.ratio, 3),
            "target": self.target,
            "skewless": [round(sample, 4) for sample in self.skewless],
            "baseline": [round(sample, 4) for sample in self.baseline],
        }

    def row(self) -> str:
        """Return a line of the table, in Markdown."""
        ours, theirs = (
            f"{median(samples):,.3f} s" if self.unit == "s" else f"{median(samples):,.0f} MB"
            for samples in (self.skewless, self.baseline)
        )
        target = "" if self.target is None else f"{self.target:g}"
        return f"| {self.name} | {ours} | {theirs} | {self.ratio:.2f} | {target} |"


def alternate(
    skewless: Callable[[], float], baseline: Callable[[], float], *, rounds: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the samples of both, taken in turn."""
    pairs = [(skewless(), baseline()) for _ in range(rounds)]
    ours, theirs = zip(*pairs, strict=True)
    return ours, theirs


def timed(action: Callable[[], object]) -> float:
    """Return how many seconds an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
