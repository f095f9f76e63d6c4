"""The latest values as of each label, of ten columns, to pandas."""

from __future__ import annotations

from benchmarks.contender import OURS, Contender
from benchmarks.data import readings
from benchmarks.sizes import Size
from benchmarks.workload import Case, Workload

_GOALS = {"cpu_seconds": 1.3, "peak_mb": 1.3}
_MEMORY_GB = 13 / 1_000_000  # a label, as the hungriest of those asked needs it


def cases(size: Size) -> list[Case]:
    """Return one case: ten events for each label, a hundred for each entity."""
    labels = size.of(2_000, 100_000, 300_000, 1_000_000)
    parameters = {
        "frame": "pandas",
        "passed": ["sensor", "event_timestamp"],
        "labels": labels,
        "events": 10 * labels,
        "entities": labels // 10,
        "views": 1,
        "features": 10,
        "days": 30,
    }
    name = f"{labels:,} labels, {10 * labels:,} events"
    return [Case(name=name, parameters=parameters, memory_gb=_MEMORY_GB * labels, goals=_GOALS)]


CONTENDERS = (
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
)
WORKLOAD = Workload(
    name="latest",
    unit="s",
    cases=cases,
    prepare=readings.prepare,
    contenders=(
        *CONTENDERS,
        Contender(
            name="Feast, Dask",
            program="feast_history",
            peer="feast",
            setup="feast_apply",
            arguments={**readings.FEAST, "offline": "dask"},
            largest=Size.SMALL,
            bounded="at 300,000 labels it took 100 s and 9.4 GB",
        ),
    ),
)
