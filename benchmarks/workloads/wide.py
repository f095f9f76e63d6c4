"""Many features for few labels: what planning costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.contender import OURS, Contender
from benchmarks.data import readings
from benchmarks.workload import Case, Workload

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
    contenders=(
        Contender(name="DuckDB ASOF", program="duckdb_asof", peer="duckdb"),
        Contender(name=OURS, program="skewless_history"),
        Contender(name="polars join_asof", program="polars_asof", peer="polars"),
        Contender(
            name="Feast, DuckDB",
            program="feast_history",
            peer="feast",
            setup="feast_apply",
            arguments={**readings.FEAST, "offline": "duckdb"},
        ),
    ),
)
