"""The latest values by a plain ASOF JOIN over Parquet files: no ties, no late rows, no checks."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd

from benchmarks.meter import Meter
from benchmarks.task import WARM_UP, Task

task = Task.read()
views, features = task.parameters["views"], task.parameters["features"]
names = [f"v{view}_f{number}" for view in range(views) for number in range(features)]
joins = " ".join(
    f"""ASOF LEFT JOIN read_parquet('{task.folder}/events_{view}.parquet') AS e{view}
        ON labels.sensor = e{view}.sensor AND labels.event_timestamp > e{view}.read_at"""
    for view in range(views)
)
query = f"SELECT labels.*, {', '.join(names)} FROM labels {joins}"
labels = pd.read_parquet(task.folder / "labels.parquet")


def answer(asked: Any) -> Any:
    """Return the frame with its features."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.register("labels", asked)
        return connection.sql(query).df()


answer(labels.head(WARM_UP))
with Meter() as meter:
    frame = answer(labels)
task.report(meter.sample)
frame.to_parquet(task.answer)
