"""A fresh process: Feast and its store; then, if asked to, one feature vector."""

from __future__ import annotations

from benchmarks.programs import feast_store
from benchmarks.task import Task

task = Task.read()
store = feast_store.opened(task)
values: list[float] = []
if task.parameters["reads"]:
    key, references = task.parameters["key"], feast_store.references(task)
    found = store.get_online_features(features=references, entity_rows=[{key: 7}]).to_dict()
    values = sorted(column[0] for name, column in found.items() if name != key)
task.write(values)
