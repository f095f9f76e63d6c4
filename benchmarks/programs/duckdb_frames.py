"""Windows by DuckDB's RANGE frames, over doubles."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.meter import Meter
from benchmarks.programs import frames
from benchmarks.task import WARM_UP, Task

task = Task.read()
query = frames.query(task.parameters, "epoch_us({})")
labels = pq.read_table(task.folder / "labels.parquet")


def answer(asked: pa.Table) -> pa.Table:
    """Return the aggregates of each label."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.register("labels", asked)
        connection.read_parquet(f"{task.folder}/events_0.parquet").create_view("events")
        return connection.sql(query).to_arrow_table()


answer(labels.slice(0, WARM_UP))
with Meter() as meter:
    table = answer(labels)
task.report(meter.sample)
pq.write_table(table, task.answer)
