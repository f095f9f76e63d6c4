"""Distributions as the paths of small drawings. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.catalog.document import Bin

_GAP = 0.12  # of a bar's width
_LEAST = 1.0  # a bar with a single value is still seen


def histogram(bins: Sequence[Bin], width: float, height: float) -> str:
    """Return an SVG path of bars from left to right; areas are as the counts are.

    It is empty if there is nothing to draw.
    """
    drawn = [bar for bar in bins if _is_finite(bar) and bar.count > 0]
    if not drawn:
        return ""
    low, high = min(bar.low for bar in drawn), max(bar.high for bar in drawn)
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return _bar(width * 0.4, height, width * 0.2, height)
    narrowest = min((bar.high - bar.low for bar in drawn if bar.high > bar.low), default=span)
    tallest = max(bar.count / max(bar.high - bar.low, narrowest) for bar in drawn)
    return "".join(
        _bar(
            width * (bar.low - low) / span,
            height,
            max(width * (bar.high - bar.low) / span * (1 - _GAP), 0.5),
            max(height * bar.count / max(bar.high - bar.low, narrowest) / tallest, _LEAST),
        )
        for bar in drawn
    )


def _is_finite(bar: Bin) -> bool:
    return math.isfinite(bar.low) and math.isfinite(bar.high) and bar.high >= bar.low


def _bar(left: float, bottom: float, width: float, height: float) -> str:
    sizes = (f"{value:.1f}".removesuffix(".0") for value in (left, bottom, width, height, width))
    x, y, right, up, back = sizes
    return f"M{x} {y}h{right}v-{up}h-{back}z"
