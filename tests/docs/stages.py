"""What a page takes as given: a store with a few flights in it, and the frames that it names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from examples.flights import definitions
from skewless import FeatureStore, FeatureView, Source, agg
from skewless.types import Float64, String

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2013, 11, 5, 12, tzinfo=UTC)
_ROW = {"carrier": "UA", "origin": "EWR", "dest": "IAH", "tailnum": "N14228"}
_REQUEST = {"distance": 1400, "scheduled_hour": 5, "weekday": 1}


def stage(page: str, folder: Path) -> dict[str, Any]:
    """Return the names that a page's blocks may use before they are defined.

    Args:
        page: the page's name, such as "serving".
        folder: the current folder of the page, for the files that it names.
    """
    make = _STAGES.get(page)
    return {"__name__": f"page_{page}", **(make(folder) if make else {})}


def _training(folder: Path) -> dict[str, Any]:
    store = _store()
    labels = pd.DataFrame([{**_ROW, **_REQUEST, "event_timestamp": NOW - timedelta(hours=2)}])
    del folder
    store.aws.client("s3").create_bucket(Bucket="my-bucket")
    known = {"agg": agg, "FeatureView": FeatureView}
    known |= {"flights": definitions.flights, "route": definitions.route}
    return {"store": store, "labels": labels, "pd": pd, **known}


def _exploring(folder: Path) -> dict[str, Any]:
    random = np.random.default_rng(7)
    rows = 1_200
    frame = pd.DataFrame(
        {
            "user_id": random.choice([f"u{n}" for n in range(30)], rows),
            "merchant": random.choice(["book", "tea", "gold"], rows),
            "amount": random.lognormal(3.0, 0.5, rows).round(2),
            "is_fraud": random.random(rows) < 0.05,
            "ts": NOW - pd.to_timedelta(random.integers(1, 30 * 86_400, rows), unit="s"),
        }
    )
    frame["amount"] = frame["amount"].where(~frame["is_fraud"], frame["amount"] * 4)
    frame.to_parquet(folder / "transactions.parquet")
    return {}


def _serving(folder: Path) -> dict[str, Any]:
    store = _store()
    for view in store.published.definitions.views:
        store.materialize(view)
    store.lock("arrival_model", folder / "skewless.lock")
    return {"store": store, "__file__": str(folder / "inference.py")}


def _catalog(folder: Path) -> dict[str, Any]:
    del folder
    return {"store": _store(), "Source": Source, "String": String, "Float64": Float64}


def _ingesting(folder: Path) -> dict[str, Any]:
    del folder
    store = FeatureStore.local(clock=NOW)
    store.apply(definitions.arrival_model)
    return {"store": store, "frame": pd.DataFrame([_flight(48)]), "rows": [_flight(1)]}


def _erasing(folder: Path) -> dict[str, Any]:
    store = _store()
    report = store.forget("plane", "N14228")
    (folder / "report.json").write_text(report.text(), encoding="utf-8")
    return {"store": store}


def _store() -> FeatureStore:
    store = FeatureStore.local(clock=NOW)
    store.apply(definitions.arrival_model)
    store.backfill("flights", [_flight(hours) for hours in (2, 30, 200)])
    return store


def _flight(hours_ago: int) -> dict[str, Any]:
    return {
        **_ROW,
        "flight_id": f"UA{hours_ago}",
        "dep_delay": 4.0,
        "arr_delay": float(hours_ago),
        "air_time": 200.0,
        "distance": 1400,
        "cancelled": False,
        "arrived_at": NOW - timedelta(hours=hours_ago),
    }


_STAGES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "catalog": _catalog,
    "erasing": _erasing,
    "exploring": _exploring,
    "ingesting": _ingesting,
    "serving": _serving,
    "training": _training,
}
