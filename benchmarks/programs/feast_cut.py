"""The same values by Feast's `materialize`, into DynamoDB."""

from __future__ import annotations

from datetime import UTC, datetime

from benchmarks.meter import Meter
from benchmarks.programs import feast_store
from benchmarks.task import Task

task = Task.read()
store = feast_store.opened(task)
key = task.parameters["key"]
with Meter() as meter:
    store.materialize(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC))
task.report(meter.sample)
found = store.get_online_features(
    features=feast_store.references(task),
    entity_rows=[{key: user} for user in task.parameters["read"]],
).to_dict()
values = [column for name, column in found.items() if name != key]
task.write([sorted(column) for column in zip(*values, strict=True)])
