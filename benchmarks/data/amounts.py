"""Amounts of accounts, seeded, at whole minutes: what windows are computed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data.filled import fill
from skewless import Entity, FeatureView, Source, agg
from skewless.types import Float64, Int64

if TYPE_CHECKING:
    from pathlib import Path

    from skewless import FeatureStore

_START = 1_700_006_400_000_000  # midnight, in microseconds
_MINUTE = 60_000_000
_MINUTES_OF_A_DAY = 1_440
_SEED = 9


def prepare(store: FeatureStore, parameters: dict[str, Any], folder: Path) -> None:
    """Write `events_0.parquet` and `labels.parquet`, and make a store that knows them."""
    random = np.random.default_rng(_SEED)
    minutes = parameters["days"] * _MINUTES_OF_A_DAY
    count, entities = parameters["events"], parameters["entities"]
    columns = {
        "account": random.integers(0, entities, count),
        "at": _instants(np.sort(random.integers(0, minutes, count))),
        **{name: np.round(random.normal(50, 20, count), 2) for name in parameters["columns"]},
    }
    pq.write_table(pa.table(columns), folder / "events_0.parquet", compression="zstd")
    count = parameters["labels"]
    labels = {
        "row": np.arange(count),
        "account": random.integers(0, entities, count),
        "event_timestamp": _instants(random.integers(minutes // 12, minutes, count)),
    }
    pq.write_table(pa.table(labels), folder / "labels.parquet")
    fill(store, [view_of(parameters)], folder)


def view_of(parameters: dict[str, Any]) -> FeatureView:
    """Return the definition. With hops of a minute, windows begin where the peers' do."""
    return FeatureView(
        "amounts",
        entity=Entity("account", keys={"account": Int64}),
        source=Source(
            "amounts",
            schema={"account": Int64, **dict.fromkeys(parameters["columns"], Float64)},
            event_time="at",
        ),
        refresh="stream",
        features={
            f"{function}_{column}_{window}": getattr(agg, function)(column, window=window, hop="1m")
            for function in parameters["functions"]
            for column in parameters["columns"]
            for window in parameters["windows"]
        },
    )


def _instants(minutes: np.ndarray[Any, Any]) -> pa.Array:
    return pa.array(_START + minutes * _MINUTE, pa.timestamp("us", "UTC"))
