"""A fresh process: skewless and a locked store; then, if asked to, one feature vector."""

from __future__ import annotations

from benchmarks.data.noon import LOCK, NOON
from benchmarks.task import Task
from skewless import FeatureStore

task = Task.read()
store = FeatureStore.from_lock(task.folder / LOCK, clock=NOON)
values: list[float] = []
if task.parameters["reads"]:
    values = sorted(store.get_online_features([{"user": 7}]).rows[0].values())
task.write(values)
