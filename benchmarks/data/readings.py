"""Readings of sensors, seeded: for each view a file of events, and one file of labels for all.

No two readings of a file have one instant, and no label falls on one: peers differ in what they
make of ties, and this is about speed. What skewless makes of them is tested elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data.filled import fill
from skewless import Entity, FeatureView, Source
from skewless.types import Float64, Int64, String

if TYPE_CHECKING:
    from pathlib import Path

    from skewless import FeatureStore
    from skewless.types import ValueType

FEAST = {"key": "sensor", "time": "read_at", "pattern": "v{view}_f{number}", "is_float": False}
_START = 1_700_006_400_000_000  # midnight, in microseconds
_DAY = 86_400_000_000
_SEED = 9
_KINDS: tuple[ValueType, ...] = (*[Float64] * 5, *[Int64] * 3, *[String] * 2)
_WORDS = np.array([f"c{number}" for number in range(5_000)])


def features_of(parameters: dict[str, Any]) -> list[list[str]]:
    """Return for each view the names of its features."""
    views, features = parameters["views"], parameters["features"]
    return [[f"v{view}_f{number}" for number in range(features)] for view in range(views)]


def generate(parameters: dict[str, Any], folder: Path) -> None:
    """Write `events_<view>.parquet` and `labels.parquet`."""
    random = np.random.default_rng(_SEED)
    span = parameters["days"] * _DAY
    for view, features in enumerate(features_of(parameters)):
        count = parameters["events"]
        step = span // count
        at = _START + np.arange(count) * step + random.integers(0, step // 2, count) * 2
        columns = {
            "sensor": random.integers(0, parameters["entities"], count),
            "read_at": pa.array(at, pa.timestamp("us", "UTC")),
        }
        for number, name in enumerate(features):
            columns[name] = _values(random, _KINDS[number % len(_KINDS)], count)
        pq.write_table(pa.table(columns), folder / f"events_{view}.parquet", compression="zstd")
    count = parameters["labels"]
    at = _START + random.integers(0, span // 2, count) * 2 + 1
    labels = {
        "row": np.arange(count),
        "sensor": random.integers(0, parameters["entities"], count),
        "event_timestamp": pa.array(at, pa.timestamp("us", "UTC")),
    }
    pq.write_table(pa.table(labels), folder / "labels.parquet")


def prepare(store: FeatureStore, parameters: dict[str, Any], folder: Path) -> None:
    """Make the data, and a store that knows them all."""
    generate(parameters, folder)
    fill(store, views_of(parameters), folder)


def views_of(parameters: dict[str, Any]) -> list[FeatureView]:
    """Return the definitions: a source for each view."""
    sensor = Entity("sensor", keys={"sensor": Int64})
    return [
        FeatureView(
            f"readings_{number}",
            entity=sensor,
            source=Source(
                f"readings_{number}",
                schema={
                    "sensor": Int64,
                    **{name: _KINDS[at % len(_KINDS)] for at, name in enumerate(features)},
                },
                event_time="read_at",
            ),
            refresh="stream",
            features=features,
        )
        for number, features in enumerate(features_of(parameters))
    ]


def _values(random: np.random.Generator, kind: ValueType, count: int) -> Any:
    if kind is Float64:
        return random.random(count) * 100
    if kind is Int64:
        return random.integers(0, 1_000_000, count)
    return pa.DictionaryArray.from_arrays(
        random.integers(0, len(_WORDS), count), pa.array(_WORDS)
    ).cast(pa.string())
