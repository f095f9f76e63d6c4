"""Feature vectors by skewless, from a lock file, again and again."""

from __future__ import annotations

from benchmarks.data.noon import LOCK, NOON
from benchmarks.meter import repeated
from benchmarks.task import Task
from skewless import FeatureStore

task = Task.read()
store = FeatureStore.from_lock(task.folder / LOCK, clock=NOON)
rows = [{"user": number} for number in range(task.parameters["rows"])]
found = [store.get_online_features(rows).rows for _ in range(task.parameters["warm_up"])]
sample = repeated(lambda: store.get_online_features(rows), task.parameters["times"])
task.report(sample)
task.write([sorted(row.values()) for row in found[-1]] if task.parameters["shows"] else [])
