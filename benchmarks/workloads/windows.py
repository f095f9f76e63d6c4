"""Aggregates over four windows of four columns: sums alone, and with minima and maxima."""

from __future__ import annotations

from benchmarks.contender import OURS, Contender
from benchmarks.data import amounts
from benchmarks.sizes import Size
from benchmarks.workload import Case, Workload

_MEMORY_GB = 10 / 1_000_000  # a label
_SLOW = "its frames are evaluated one by one, and would take hours"


def cases(size: Size) -> list[Case]:
    """Return both, in a smoke run the second: ten events a label, a hundred an entity."""
    labels = size.of(1_000, 10_000, 100_000, 1_000_000)
    parameters = {
        "frame": "arrow",
        "passed": ["account", "event_timestamp"],
        "key": "account",
        "time": "at",
        "labels": labels,
        "events": 10 * labels,
        "entities": labels // 10,
        "days": 60,
        "columns": [f"x{number}" for number in range(4)],
        "windows": ["1h", "24h", "7d", "30d"],
    }
    memory_gb = _MEMORY_GB * labels
    asked = f"{labels:,} labels, {10 * labels:,} events"
    return [
        Case(
            name=f"sums: {asked}",
            parameters={**parameters, "functions": ["sum"]},
            memory_gb=memory_gb,
            goals={"cpu_seconds": 1.0} if size is Size.FULL else {},
        ),
        Case(
            name=f"sums, minima, maxima: {asked}",
            parameters={**parameters, "functions": ["sum", "min", "max"]},
            memory_gb=memory_gb,
            goals={"cpu_seconds": 1.5} if size is Size.FULL else {},
        ),
    ][size is Size.SMOKE :]


WORKLOAD = Workload(
    name="windows",
    unit="s",
    cases=cases,
    prepare=amounts.prepare,
    tolerance=1e-9,
    contenders=(
        Contender(name="polars rolling", program="polars_rolling", peer="polars"),
        Contender(name=OURS, program="skewless_history"),
        Contender(
            name="DuckDB frames",
            program="duckdb_frames",
            peer="duckdb",
            largest=Size.MID,
            bounded=_SLOW,
        ),
        Contender(
            name="DataFusion frames",
            program="datafusion_frames",
            peer="datafusion",
            largest=Size.MID,
            bounded=_SLOW,
        ),
    ),
)
