"""One cut of a view by skewless: from the log to items, written under conditions, committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.data.noon import NOON
from benchmarks.host import STORE
from benchmarks.meter import Meter
from benchmarks.task import Task
from skewless import FeatureStore

if TYPE_CHECKING:
    from pathlib import Path


def untouched(folder: Path, count: int) -> str:
    """Return a store that nobody has cut yet."""
    for number in range(count):
        mark = folder / f"cut-{number}"
        if not mark.exists():
            mark.touch()
            return f"{STORE}{number}"
    raise ValueError(f"all of the {count} stores have been cut")


task = Task.read()
store = FeatureStore.connect(untouched(task.folder, task.parameters["stores"]), clock=NOON)
store.materialize("few")
with Meter() as meter:
    store.materialize("values_0")
task.report(meter.sample)
answer = store.get_online_features(STORE, [{"user": user} for user in task.parameters["read"]])
task.write([sorted(row.values()) for row in answer.rows])
