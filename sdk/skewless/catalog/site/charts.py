"""Distributions as the paths of small drawings. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.catalog.document import Bin

_GAP = 0.12  # of a bar's width
_NARROWEST = 0.004  # of the whole width
_LEAST = 1.0  # a bar with a single value is still seen


def histogram(bins: Sequence[Bin], width: float, height: float) -> str:
    """Return an SVG path of bars from left to right; areas are as the counts are.

    It is empty if there is nothing to draw.
    """
    drawn = [bar for bar in bins if _is_finite(bar) and bar.count > 0]
    if not drawn:
        return ""
    low = min(bar.low for bar in drawn)
    span = max(bar.high for bar in drawn) - low
    if not math.isfinite(span) or span <= 0:
        return _bar(width * 0.4, height, width * 0.2, height)
    # A bar too narrow to be seen counts as one that can be, or it would be the tallest of all.
    widths = [max((bar.high - bar.low) / span, _NARROWEST) for bar in drawn]
    heights = [bar.count / wide for bar, wide in zip(drawn, widths, strict=True)]
    return "".join(
        _bar(
            width * (bar.low - low) / span,
            height,
            width * wide * (1 - _GAP),
            max(height * high / max(heights), _LEAST),
        )
        for bar, wide, high in zip(drawn, widths, heights, strict=True)
    )


def _is_finite(bar: Bin) -> bool:
    return math.isfinite(bar.low) and math.isfinite(bar.high) and bar.high >= bar.low


def _bar(left: float, bottom: float, width: float, height: float) -> str:
    sizes = (f"{value:.1f}".removesuffix(".0") for value in (left, bottom, width, height, width))
    x, y, right, up, back = sizes
    return f"M{x} {y}h{right}v-{up}h-{back}z"
