"""Windows by DataFusion's RANGE frames, over doubles."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
from datafusion import SessionContext

from benchmarks.meter import Meter
from benchmarks.programs import frames
from benchmarks.task import WARM_UP, Task

task = Task.read()
query = frames.query(
    task.parameters, "arrow_cast(arrow_cast({}, 'Timestamp(Microsecond, None)'), 'Int64')"
)
labels = pq.read_table(task.folder / "labels.parquet")


def answer(asked: pa.Table) -> pa.Table:
    """Return the aggregates of each label."""
    context = SessionContext()
    context.register_parquet("events", str(task.folder / "events_0.parquet"))
    context.register_record_batches("labels", [asked.to_batches()])
    return pa.Table.from_batches(context.sql(query).collect())


answer(labels.slice(0, WARM_UP))
with Meter() as meter:
    table = answer(labels)
task.report(meter.sample)
pq.write_table(table, task.answer)
