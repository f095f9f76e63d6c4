"""The same cut on the local AWS of one process, as a developer's machine does it."""

from __future__ import annotations

from benchmarks.data import cuts
from benchmarks.host import STORE
from benchmarks.meter import Meter
from benchmarks.task import Task
from skewless import FeatureStore

task = Task.read()
store = FeatureStore.local(STORE)
cuts.publish(store, task.parameters, task.folder)
store.materialize("few")
with Meter() as meter:
    store.materialize("values_0")
task.report(meter.sample)
task.write([])
