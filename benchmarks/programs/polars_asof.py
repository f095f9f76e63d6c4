"""The latest values by polars' `join_asof` over Parquet files."""

from __future__ import annotations

from typing import Any

import polars as pl

from benchmarks.meter import Meter
from benchmarks.task import WARM_UP, Task

task = Task.read()
labels = pl.read_parquet(task.folder / "labels.parquet")


def answer(asked: pl.DataFrame) -> Any:
    """Return the frame with its features, for pandas."""
    joined = asked.lazy().sort("event_timestamp")
    for view in range(task.parameters["views"]):
        events = pl.scan_parquet(task.folder / f"events_{view}.parquet").sort("read_at")
        joined = joined.join_asof(
            events,
            left_on="event_timestamp",
            right_on="read_at",
            by="sensor",
            strategy="backward",
            allow_exact_matches=False,
            coalesce=True,
            check_sortedness=False,
        ).drop("read_at")
    return joined.collect().to_pandas()


answer(labels.head(WARM_UP))
with Meter() as meter:
    frame = answer(labels)
task.report(meter.sample)
frame.to_parquet(task.answer)
