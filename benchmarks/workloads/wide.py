"""Many features for few labels: what planning costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.data import readings
from benchmarks.workload import Case, Workload
from benchmarks.workloads.latest import CONTENDERS

if TYPE_CHECKING:
    from benchmarks.sizes import Size

_VIEWS = 10


def cases(size: Size) -> list[Case]:
    """Return one case: 50 labels, ten views."""
    features = size.of(40, 100, 1_000, 1_000)
    parameters = {
        "frame": "pandas",
        "passed": ["sensor", "event_timestamp"],
        "labels": 50,
        "events": 1_000,
        "entities": 50,
        "views": _VIEWS,
        "features": features // _VIEWS,
        "days": 3,
    }
    return [Case(name=f"{features:,} features, 50 labels", parameters=parameters)]


WORKLOAD = Workload(
    name="wide",
    unit="s",
    cases=cases,
    prepare=readings.prepare,
    contenders=CONTENDERS,
)
