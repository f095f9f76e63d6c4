"""Answer "will these flights land late?" from a Lambda, with the features that training saw.

Deploy it with boto3 (the runtime has it), skewless and a `skewless.lock`, which pins the serving
plan of one service; `skewless lock arrival_model` writes it. That is all a cold start imports. A
`model.joblib` beside it, if scikit-learn and pandas are deployed as well, adds probabilities.

    request   {"flights": [{"carrier": "UA", "origin": "EWR", "dest": "IAH", "tailnum": "N14228",
                            "distance": 1400, "scheduled_hour": 5, "weekday": 1}],
               "now": "2013-11-05T10:15:00Z"}                    (now is for replays; leave it out)
    response  {"flights": [{"features": {...}, "probability": 0.18}],
               "status": [{"carrier_delays": {"as_of": "2013-11-05T10:15:00Z",
                                              "status": "ok"}, ...}]}
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
    from collections.abc import Mapping, Sequence

HERE = Path(__file__).parent
SERVICE = "arrival_model"


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """Return features, and probabilities if there is a model, one answer per flight, in order."""
    flights = event.get("flights")
    if flights is None:
        raise ValueError(f"the event needs 'flights', a list of flights; it has {sorted(event)}")
    now = event.get("now")
    answer = store().get_online_features(
        features=SERVICE,
        entity_rows=flights,
        now=None if now is None else datetime.fromisoformat(now),
    )
    # Instants, decimals and bytes become text here; the model sees them as they are.
    plain = json.loads(answer.to_json(with_status=True))
    answers: list[dict[str, Any]] = [
        {"features": {name: row[name] for name in answer.names}} for row in plain["rows"]
    ]
    if model() is not None:
        for found, probability in zip(answers, probabilities(flights, answer.rows), strict=True):
            found["probability"] = probability
    return {"flights": answers, "status": plain["status"]}


@cache
def store() -> FeatureStore:
    """Open the store, once per container, from the plan that was deployed with the code."""
    return FeatureStore.from_lock(os.environ.get("SKEWLESS_LOCK", str(HERE / "skewless.lock")))


@cache
def model() -> Any:
    """Load the model, once per container; None if none was deployed."""
    path = Path(os.environ.get("SKEWLESS_MODEL", str(HERE / "model.joblib")))
    if not path.exists():
        return None
    import joblib  # type: ignore[import-untyped]  # noqa: PLC0415 - without a model, no joblib

    return joblib.load(path)


@cache
def threads() -> Any:
    """Find the libraries that the model computes with, once per container."""
    import threadpoolctl  # type: ignore[import-untyped]  # noqa: PLC0415 - scikit-learn has it

    return threadpoolctl.ThreadpoolController()


def probabilities(
    flights: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> list[float]:
    """Return the model's probability of landing late, per flight."""
    if not rows:
        return []
    import pandas as pd  # noqa: PLC0415 - as above

    inputs = [{**flight, **row} for flight, row in zip(flights, rows, strict=True)]
    frame = pd.DataFrame(inputs, columns=list(model().feature_names_in_), dtype=object)
    with threads().limit(limits=1):  # waking more threads takes longer than a few rows do
        return [float(probability) for probability in model().predict_proba(frame)[:, 1]]
