"""A training set by skewless: from labels to a frame, out of the store's log."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.host import STORE
from benchmarks.meter import Meter
from benchmarks.task import WARM_UP, Task
from skewless import FeatureStore

task = Task.read()
store = FeatureStore.connect(STORE)
path = task.folder / "labels.parquet"
if task.parameters["frame"] == "pandas":
    labels = pd.read_parquet(path)
    store.get_historical_features(labels.head(WARM_UP), STORE).to_pandas()
    with Meter() as meter:
        frame = store.get_historical_features(labels, STORE).to_pandas()
    table = pa.Table.from_pandas(frame, preserve_index=False)
else:
    rows = pq.read_table(path)
    store.get_historical_features(rows.slice(0, WARM_UP), STORE).to_arrow()
    with Meter() as meter:
        table = store.get_historical_features(rows, STORE).to_arrow()
task.report(meter.sample)
pq.write_table(table.drop_columns(task.parameters["passed"]), task.answer)
