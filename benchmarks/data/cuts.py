"""Stores with values of users that wait to be cut: one for each time that it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from benchmarks.data import users
from benchmarks.host import STORE
from benchmarks.task import WARM_UP
from skewless import Every, FeatureStore, FeatureView, Source
from skewless.types import Float64, Int64

if TYPE_CHECKING:
    from pathlib import Path

FEW = "few"

few = FeatureView(
    FEW,
    entity=users.user,
    source=Source(FEW, schema={"user": Int64, "value": Float64}, event_time="at"),
    refresh=Every("1h"),
    features=["value"],
)


def prepare(store: FeatureStore, parameters: dict[str, Any], folder: Path) -> None:
    """Make the data, the stores, and a table for plain items."""
    for number in range(parameters["stores"]):
        publish(FeatureStore.local(f"{STORE}{number}"), parameters, folder)
    users.make_plain_table(store.aws.client("dynamodb"))


def publish(store: FeatureStore, parameters: dict[str, Any], folder: Path) -> None:
    """Make a store whose view waits, and a view of few users that warms up."""
    users.publish(store, parameters, folder)
    store.apply([few])
    rows = pq.read_table(folder / "events_0.parquet").slice(0, WARM_UP)
    names = ["value" if name not in {"user", "at"} else name for name in rows.column_names[:3]]
    store.backfill(few.source, rows.select(rows.column_names[:3]).rename_columns(names))
