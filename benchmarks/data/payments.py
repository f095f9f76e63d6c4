"""Payments of users, seeded, and 25 aggregates over five windows of them, cut at noon."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from benchmarks.data.noon import LOCK, NOON
from benchmarks.data.users import user
from benchmarks.host import STORE
from skewless import Every, FeatureService, FeatureView, Source, agg
from skewless.types import Float64, Int64

if TYPE_CHECKING:
    from pathlib import Path

    from skewless import FeatureStore

WINDOWS = ("1h", "6h", "1d", "7d", "30d")
_DAYS = 40
_SEED = 9

payments = Source(
    "payments", schema={"user": Int64, "amount": Float64, "units": Int64}, event_time="at"
)


def view_of(parameters: dict[str, Any]) -> FeatureView:
    """Return the definition: five aggregates over each of the first windows, or one with a hop."""
    features: dict[str, Any] = {}
    if hop := parameters.get("hop"):
        features["sum"] = agg.sum("units", window=WINDOWS[-1], hop=hop)
    for window in WINDOWS[: parameters["windows"]]:
        features |= {
            f"count_{window}": agg.count(window=window),
            f"sum_{window}": agg.sum("units", window=window),
            f"mean_{window}": agg.mean("amount", window=window),
            f"max_{window}": agg.max("amount", window=window),
            f"stddev_{window}": agg.stddev_samp("amount", window=window),
        }
    return FeatureView(
        "spending", entity=user, source=payments, refresh=Every("1h"), features=features
    )


def prepare(store: FeatureStore, parameters: dict[str, Any], folder: Path) -> None:
    """Make a store that has cut the view at noon, and pin its service."""
    random = np.random.default_rng(_SEED)
    users, count = parameters["users"], parameters["users"] * parameters["payments"]
    seconds = random.integers(1, _DAYS * 86_400, count)
    rows = pa.table(
        {
            "user": random.integers(0, users, count),
            "at": pa.array(
                [NOON - timedelta(seconds=int(age)) for age in seconds], pa.timestamp("us", "UTC")
            ),
            "amount": np.round(random.random(count) * 100, 2),
            "units": random.integers(0, 1_000, count),
        }
    )
    view = view_of(parameters)
    store.clock = NOON
    store.apply([FeatureService(STORE, features=[view])])
    store.backfill(payments, rows)
    store.materialize(view)
    store.lock(STORE, folder / LOCK)
