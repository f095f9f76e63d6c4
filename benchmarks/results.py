"""What was measured, kept in one file: a case measured anew takes the place of what was there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.environment import HERE

if TYPE_CHECKING:
    from pathlib import Path

FILE = HERE / "results.json"
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Results:
    """Cases by workload, and curves by name: plain values, as the runner made them."""

    workloads: dict[str, list[dict[str, Any]]]
    curves: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, path: Path = FILE) -> Results:
        """Return what a file has; nothing if there is none."""
        if not path.exists():
            return cls({}, {})
        document = json.loads(path.read_text(encoding="utf-8"))
        return cls(document["workloads"], document["curves"])

    def keep(self, workload: str, case: dict[str, Any], machine: dict[str, Any]) -> None:
        """Add a case, measured just now."""
        cases = self.workloads.setdefault(workload, [])
        cases[:] = [other for other in cases if other["case"] != case["case"]]
        cases.append({"date": today(), "machine": machine, **_rounded(case)})
        cases.sort(key=lambda one: int(one["size"]))

    def keep_curve(self, name: str, points: list[dict[str, Any]], machine: dict[str, Any]) -> None:
        """Add a curve, measured just now."""
        points = [_rounded(point) for point in points]
        self.curves[name] = {"date": today(), "machine": machine, "points": points}

    def write(self, path: Path = FILE) -> None:
        """Write all to a file."""
        document = {"workloads": self.workloads, "curves": self.curves}
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def middle(contender: dict[str, Any], measure: str) -> float | None:
    """Return the median of a contender's samples; None if it has none."""
    samples = [sample[measure] for sample in contender["samples"]]
    return median(samples) if samples else None


def ratio(case: dict[str, Any], contender: dict[str, Any], measure: str) -> float | None:
    """Return a contender's median by the baseline's, who is the first of a case."""
    own, baseline = (middle(one, measure) for one in (contender, case["contenders"][0]))
    return own / baseline if own is not None and baseline else None


def today() -> str:
    """Return the date, in UTC."""
    return datetime.now(UTC).date().isoformat()


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, _DIGITS) if isinstance(value, float) else value
