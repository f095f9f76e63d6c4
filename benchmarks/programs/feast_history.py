"""A training set by Feast: from labels to pandas."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.meter import Meter
from benchmarks.programs import feast_store
from benchmarks.task import WARM_UP, Task

task = Task.read()
store = feast_store.opened(task)
labels = pd.read_parquet(task.folder / "labels.parquet")


def answer(asked: Any) -> Any:
    """Return the frame with its features."""
    references = feast_store.references(task)
    return store.get_historical_features(entity_df=asked, features=references).to_df()


answer(labels.head(WARM_UP))
with Meter() as meter:
    frame = answer(labels)
task.report(meter.sample)
frame.reset_index(drop=True).to_parquet(task.answer)
