"""Answer "is this transfer fraud?" from a Lambda, with the features that training saw.

    request   {"transfers": [{"sender_id": "u0001", "receiver_id": "u0002", "device_id": "d0001a",
                              "amount": 25.0, "category": "food", "lat": 48.2, "lon": 16.4}],
               "now": "2024-03-01T10:15:00Z"}                    (now is for replays; leave it out)
    response  {"transfers": [{"probability": 0.002, "features": {...}}], "status": [...]}

It is deployed as the flights example's is: with skewless, a `skewless.lock` and a `model.joblib`.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skewless import FeatureStore

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
SERVICE = "fraud_model"
FIELDS = ("sender_id", "receiver_id", "device_id", "amount", "category", "lat", "lon")


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """Return a probability and the features behind it, one answer per transfer, in order."""
    transfers = event.get("transfers")
    if transfers is None:
        raise ValueError(f"the event needs 'transfers', a list of them; it has {sorted(event)}")
    now = event.get("now")
    answer = store().get_online_features(
        SERVICE, transfers, now=None if now is None else datetime.fromisoformat(now)
    )
    plain = json.loads(answer.to_json(with_status=True))
    return {
        "transfers": [
            {
                "probability": probability,
                "features": {name: row[name] for name in answer.names},
            }
            for probability, row in zip(probabilities(answer.rows), plain["rows"], strict=True)
        ],
        "status": plain["status"],
    }


@cache
def store() -> FeatureStore:
    """Open the store, once per container, from the plan that was deployed with the code."""
    return FeatureStore.from_lock(os.environ.get("SKEWLESS_LOCK", str(HERE / "skewless.lock")))


@cache
def model() -> Any:
    """Load the model, once per container."""
    import joblib  # type: ignore[import-untyped]  # noqa: PLC0415 - slow, and not for every import

    return joblib.load(os.environ.get("SKEWLESS_MODEL", str(HERE / "model.joblib")))


@cache
def threads() -> Any:
    """Find the libraries that the model computes with, once per container."""
    import threadpoolctl  # type: ignore[import-untyped]  # noqa: PLC0415 - scikit-learn has it

    return threadpoolctl.ThreadpoolController()


def probabilities(rows: list[dict[str, Any]]) -> list[float]:
    """Return the model's probability of fraud, per row of features."""
    if not rows:
        return []
    import pandas as pd  # noqa: PLC0415 - as above

    frame = pd.DataFrame(rows, columns=list(model().feature_names_in_)).astype("float64")
    with threads().limit(limits=1):  # waking more threads takes longer than a few rows do
        return [float(probability) for probability in model().predict_proba(frame)[:, 1]]
