"""Feature values of users, seeded, and cut at noon: what is read online."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data.noon import LOCK, NOON
from benchmarks.host import STORE
from skewless import Entity, Every, FeatureService, FeatureView, Source
from skewless.types import Float64, Int64

if TYPE_CHECKING:
    from pathlib import Path

    from skewless import FeatureStore

PLAIN = "plain"
FEAST = {
    "key": "user",
    "time": "at",
    "pattern": "view{view}_feature{number}",
    "is_float": True,
    "offline": "dask",
}
_HOURS = 5
_SEED = 9

user = Entity("user", keys={"user": Int64})


def features_of(parameters: dict[str, Any]) -> list[list[str]]:
    """Return for each view the names of its features."""
    views, features = parameters["views"], parameters["features"]
    return [[f"view{view}_feature{number}" for number in range(features)] for view in range(views)]


def views_of(parameters: dict[str, Any]) -> list[FeatureView]:
    """Return the definitions: a source for each view."""
    return [
        FeatureView(
            f"values_{number}",
            entity=user,
            source=Source(
                f"values_{number}",
                schema={"user": Int64, **dict.fromkeys(features, Float64)},
                event_time="at",
            ),
            refresh=Every("1h"),
            features=features,
        )
        for number, features in enumerate(features_of(parameters))
    ]


def generate(parameters: dict[str, Any], folder: Path) -> None:
    """Write `events_<view>.parquet`: for each user one row."""
    random = np.random.default_rng(_SEED)
    count = parameters["users"]
    for view, features in enumerate(features_of(parameters)):
        columns = {
            "user": np.arange(count),
            "at": pa.array([NOON - timedelta(hours=_HOURS)] * count, pa.timestamp("us", "UTC")),
            **{name: random.random(count) * 100 for name in features},
        }
        pq.write_table(pa.table(columns), folder / f"events_{view}.parquet")


def publish(store: FeatureStore, parameters: dict[str, Any], folder: Path) -> list[FeatureView]:
    """Make the data and a store that has them in its log, with the clock at noon."""
    generate(parameters, folder)
    views = views_of(parameters)
    store.clock = NOON
    store.apply([FeatureService(STORE, features=views)])
    for number, view in enumerate(views):
        store.backfill(view.source, str(folder / f"events_{number}.parquet"))
    return views


def prepare(store: FeatureStore, parameters: dict[str, Any], folder: Path) -> None:
    """Make the data, cut all views, pin the service; write the same values as plain attributes."""
    for view in publish(store, parameters, folder):
        store.materialize(view)
    store.lock(STORE, folder / LOCK)
    _write_plain(store, parameters, folder)


def _write_plain(store: FeatureStore, parameters: dict[str, Any], folder: Path) -> None:
    dynamodb: Any = store.aws.client("dynamodb")
    make_plain_table(dynamodb)
    for view, features in enumerate(features_of(parameters)):
        for row in pq.read_table(folder / f"events_{view}.parquet").to_pylist():
            dynamodb.put_item(TableName=PLAIN, Item=plain_item(view, row, features))


def make_plain_table(dynamodb: Any) -> None:
    """Make a table of items with a feature an attribute."""
    dynamodb.create_table(
        TableName=PLAIN,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )


def plain_key(view: int, number: int) -> dict[str, dict[str, str]]:
    """Return the key of a user's item of a view."""
    return {"pk": {"S": f"values_{view}#{number}"}}


def plain_item(view: int, row: dict[str, Any], features: list[str]) -> dict[str, dict[str, str]]:
    """Return an item: a number for each feature."""
    return {
        **plain_key(view, row["user"]),
        **{name: {"N": json.dumps(row[name])} for name in features},
    }
