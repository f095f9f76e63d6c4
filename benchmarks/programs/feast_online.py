"""Feature vectors by Feast, from a store that is open, again and again."""

from __future__ import annotations

from typing import Any

from benchmarks.meter import repeated
from benchmarks.programs import feast_store
from benchmarks.task import Task

task = Task.read()
store = feast_store.opened(task)
references = feast_store.references(task)
key, count = task.parameters["key"], task.parameters["rows"]
rows = [{key: number} for number in range(count)]


def read() -> dict[str, list[Any]]:
    """Return a list for each feature."""
    answer: dict[str, list[Any]] = store.get_online_features(
        features=references, entity_rows=rows
    ).to_dict()
    return answer


for _ in range(task.parameters["warm_up"]):
    found = read()
task.report(repeated(read, task.parameters["times"]))
values = [column for name, column in found.items() if name != key]
task.write([sorted(column[number] for column in values) for number in range(count)])
