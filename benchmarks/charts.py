"""The pictures of the benchmarks' page, light and dark, drawn from the results."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from benchmarks.contender import OURS
from benchmarks.curves import CURVES, slope, value_at
from benchmarks.environment import REPOSITORY
from benchmarks.results import ratio
from benchmarks.workloads import WORKLOADS
from docs.pictures.drawing import PALETTES, Drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.results import Results
    from docs.pictures.drawing import Palette

FOLDER = REPOSITORY / "docs" / "pictures"
_WIDTH = 720
_ROW, _LEFT, _RIGHT = 20, 330, 640
_LOWEST, _HIGHEST = -1.0, 2.0  # powers of ten
_PANEL, _COLUMNS, _SIDE = 230, 3, 150
_SMALL = 12


def draw(results: Results) -> None:
    """Draw all; a picture of what was not measured is empty."""
    for palette in PALETTES:
        _bars(results, palette).write(FOLDER, "benchmark-ratios")
        for measure, title in (("cpu_seconds", "Time"), ("peak_mb", "Memory")):
            curves = {
                curve.name: results.curves[curve.name]["points"]
                for curve in CURVES
                if curve.name in results.curves
                and (measure != "peak_mb" or not WORKLOADS[curve.workload].replays)
            }
            drawing = _panels(curves, measure, title, palette)
            drawing.write(FOLDER, f"benchmark-growth-{title.lower()}")


def _bars(results: Results, palette: Palette) -> Drawing:
    """Draw how often the baseline's time each contender takes, at each workload's largest size."""
    shown = [
        (f"{name}: {case['case']}", case)
        for name, cases in ((name, results.workloads.get(name, [])) for name in WORKLOADS)
        for case in cases
        if case["size"] == cases[-1]["size"] and len(case["contenders"]) > 1
    ]
    height = sum(_ROW * (len(_rows(case)) + 2) for _, case in shown) + 50
    title = "Processor time of each contender as a multiple of the baseline's, logarithmic."
    it = Drawing(_WIDTH, height, palette, title)
    for power in range(int(_LOWEST), int(_HIGHEST) + 1):
        x = _x_of(10.0**power)
        it.line([(x, 26), (x, height - 10)], colour=palette.faint, width=1.6 if not power else 0.4)
        it.text((x, 18), f"{10.0**power:g}x", size=_SMALL, colour=palette.faint)
    y = 46
    for name, case in shown:
        it.text((10, y), name, anchor="start", size=13, is_bold=True)
        for contender, value in _rows(case):
            y += _ROW
            colour = palette.accent if contender == OURS else palette.faint
            it.text((_LEFT - 110, y + 4), contender, anchor="end", size=_SMALL)
            it.line([(_x_of(1), y), (_x_of(value), y)], colour=colour, width=10)
            right = max(_x_of(1), _x_of(value))
            it.text((right + 6, y + 4), f"{value:.2f}x", anchor="start", size=_SMALL)
        y += 2 * _ROW
    return it


def _rows(case: dict[str, Any]) -> list[tuple[str, float]]:
    values = [(one["name"], ratio(case, one, "cpu_seconds")) for one in case["contenders"]]
    return [(name, value) for name, value in values if value is not None]


def _x_of(value: float) -> float:
    power = min(max(math.log10(value), _LOWEST), _HIGHEST)
    return _LEFT - 100 + (power - _LOWEST) / (_HIGHEST - _LOWEST) * (_RIGHT - _LEFT + 100)


def _panels(
    curves: dict[str, list[dict[str, Any]]], measure: str, title: str, palette: Palette
) -> Drawing:
    rows = math.ceil(len(curves) / _COLUMNS)
    what = "Processor time" if measure == "cpu_seconds" else title
    words = f"{what} against each dimension, both axes logarithmic, with the fitted slope."
    it = Drawing(_WIDTH, rows * _PANEL + 30, palette, words)
    it.text((20, 18), OURS, anchor="start", size=13, colour=palette.accent, is_bold=True)
    it.text((100, 18), "baseline", anchor="start", size=13, colour=palette.other, is_bold=True)
    for number, (name, found) in enumerate(curves.items()):
        corner = (54 + number % _COLUMNS * 235, 60 + number // _COLUMNS * _PANEL)
        _panel(it, corner, name, found, measure)
    return it


def _panel(
    it: Drawing, corner: tuple[int, int], name: str, found: list[dict[str, Any]], measure: str
) -> None:
    lines = [
        [(point["at"], value) for point in found if (value := value_at(point, side, measure))]
        for side in (0, 1)
    ]
    every = [value for line in lines for _, value in line]
    if not every:
        return
    across = _scale([point["at"] for point in found])
    up = _scale(every)
    x, y = corner
    own = slope(found, 1, measure)
    fitted = "" if own is None else f", slope {own:.2f}"
    it.text((x, y - 8), f"{name}{fitted}", anchor="start", size=13, is_bold=True)
    it.line([(x, y), (x, y + _SIDE), (x + 160, y + _SIDE)], colour=it.palette.faint, width=1)
    for value in (min(every), max(every)):
        at = (x - 4, y + _SIDE - up(value) * (_SIDE - 14) + 4 - 4)
        it.text(at, _short(value, measure), anchor="end", size=11, colour=it.palette.faint)
    for place in (found[0]["at"], found[-1]["at"]):
        at = (x + 8 + across(place) * 140, y + _SIDE + 15)
        it.text(at, _count(place), size=11, colour=it.palette.faint)
    for side, colour in ((0, it.palette.other), (1, it.palette.accent)):
        path = [
            (x + 8 + across(place) * 140, y + _SIDE - 4 - up(value) * (_SIDE - 14))
            for place, value in lines[side]
        ]
        if path:
            it.line(path, colour=colour, width=2.2)


def _scale(values: Sequence[float]) -> Any:
    low, high = math.log(min(values)), math.log(max(values))
    return lambda value: (math.log(value) - low) / (high - low) if high > low else 0.5


def _short(value: float, measure: str) -> str:
    if measure == "peak_mb":
        return f"{value:,.0f} MB" if value < 1_000 else f"{value / 1_000:.1f} GB"  # noqa: PLR2004
    return f"{value * 1_000:.3g} ms" if value < 1 else f"{value:.3g} s"


def _count(value: float) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
