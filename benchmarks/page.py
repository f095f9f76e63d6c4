"""The tables of docs/benchmarks.md, written between its marks; the words around them stay."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from benchmarks import charts
from benchmarks.contender import OURS
from benchmarks.curves import CURVES, slope, value_at
from benchmarks.environment import REPOSITORY
from benchmarks.results import middle, ratio
from benchmarks.workloads import WORKLOADS

if TYPE_CHECKING:
    from benchmarks.results import Results

PAGE = REPOSITORY / "docs" / "benchmarks.md"
_CURVES = {curve.name: curve for curve in CURVES}
_UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6}
_CALLED = {"cpu_seconds": "CPU", "peak_mb": "memory"}


def write(results: Results) -> None:
    """Fill in the page, and draw its pictures; tables of other programs stay as they are."""
    tables = {
        "machine": _machine(results),
        "growth": _growth(results),
        **{name: _tables(results, name) for name in WORKLOADS},
    }
    marked = re.compile(rf"(<!-- (?P<name>{'|'.join(tables)}) -->\n).*?(<!-- end -->)", re.DOTALL)
    text = marked.sub(
        lambda found: f"{found[1]}\n{tables[found['name']]}\n\n{found[3]}",
        PAGE.read_text(encoding="utf-8"),
    )
    PAGE.write_text(text, encoding="utf-8")
    charts.draw(results)


def table(case: dict[str, Any], unit: str) -> str:
    """Return a case as Markdown."""
    shown = {"us": "µs"}.get(unit, unit)
    head = f"| {case['case']} | {shown} | x | CPU {shown} | x | peak MB | x | |"
    rows = [row(case, contender, unit) for contender in case["contenders"]]
    return "\n".join([head, "|---|--:|--:|--:|--:|--:|--:|---|", *rows])


def row(case: dict[str, Any], contender: dict[str, Any], unit: str) -> str:
    """Return a line of a table: medians for one operation, and ratios to the baseline."""
    cells = []
    for measure in ("seconds", "cpu_seconds", "peak_mb"):
        value, times = middle(contender, measure), ratio(case, contender, measure)
        if value is None:
            cells += ["", ""]
            continue
        scale = 1.0 if measure == "peak_mb" else _UNITS[unit] / case["each"]
        cells += [_figure(value * scale), "" if times is None else f"{times:.2f}"]
    name = f"**{OURS}**" if contender["name"] == OURS else contender["name"]
    return f"| {name} | {' | '.join(cells)} | {_remark(case, contender)} |"


def _figure(value: float) -> str:
    """Return a number with about three digits."""
    places = 2 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{value:,.{min(max(places, 0), 3)}f}"


def _remark(case: dict[str, Any], contender: dict[str, Any]) -> str:
    if contender["name"] != OURS:
        return str(contender["note"])
    words = [contender["note"]] if contender["note"] else []
    for measure, goal in case["goals"].items():
        times = ratio(case, contender, measure)
        if times is not None:
            words.append(f"{_CALLED[measure]} {'meets' if times <= goal else 'misses'} {goal:g}")
    return "; ".join(words)


def _tables(results: Results, name: str) -> str:
    if name not in results.workloads:
        return "Not measured yet."
    unit = WORKLOADS[name].unit
    return "\n\n".join(table(case, unit) for case in results.workloads[name])


def _machine(results: Results) -> str:
    """Say on what, and when, and how busy it was."""
    every = [case for cases in results.workloads.values() for case in cases]
    every += results.curves.values()
    if not every:
        return "Not measured yet."
    about = every[-1]["machine"]
    loads = [one["machine"]["load_before"] for one in every]
    dates = sorted({one["date"] for one in every})
    packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items())
    return (
        f"{about['processor']}, {about['cores']} cores, {about['memory_gb']} GB, "
        f"{about['system']}, Python {about['python']}; {packages}. Measured {' to '.join(dates)}; "
        f"the load before a case was {min(loads):g} to {max(loads):g}."
    )


def _growth(results: Results) -> str:
    if not results.curves:
        return "Not measured yet."
    lines = [
        "| dimension | from | to | CPU ms | slope | last step | of the baseline | MB | slope |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, curve in results.curves.items():
        found = curve["points"]
        cells = [
            *(f"{point['at']:,.0f}" for point in (found[0], found[-1])),
            _ends(found, "cpu_seconds", 1e3),
            _power(found, 1, "cpu_seconds"),
            _power(found[-2:], 1, "cpu_seconds"),
            _power(found, 0, "cpu_seconds"),
        ]
        is_read = WORKLOADS[_CURVES[name].workload].replays
        cells += ["", ""] if is_read else [_ends(found, "peak_mb"), _power(found, 1, "peak_mb")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _ends(found: list[dict[str, Any]], measure: str, scale: float = 1.0) -> str:
    """Return what skewless takes at both ends of a curve."""
    values = (value_at(point, 1, measure) for point in (found[0], found[-1]))
    return " to ".join("" if value is None else _figure(value * scale) for value in values)


def _power(found: list[dict[str, Any]], contender: int, measure: str) -> str:
    value = slope(found, contender, measure)
    return "" if value is None else f"{value:.2f}"
