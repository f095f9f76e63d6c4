"""Small definitions and frames for the tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from skewless import Entity, Every, FeatureService, FeatureView, OnDemandView, Source, agg, request
from skewless.types import Float64, Int64, String

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
card = Entity("card", keys={"card": String})
payments = Source(
    "payments",
    schema={"card": String, "amount": Float64, "shop": String, "items": Int64},
    event_time="paid_at",
    delay="5m",
)
spending = FeatureView(
    "spending",
    entity=card,
    source=payments,
    refresh="stream",
    features={
        "amount_mean_1h": agg.mean("amount", window="1h"),
        "payments_7d": agg.count(window="7d"),
        "largest_1h": agg.max("amount", window="1h"),
    },
)
profile = FeatureView(
    "profile",
    entity=card,
    source=payments,
    refresh=Every("1d", delay="2h"),
    features=["shop", "items"],
)
ratio = OnDemandView(
    "ratio",
    request={"amount": Float64},
    features={"amount_ratio": request("amount") / spending["amount_mean_1h"]},
)
model = FeatureService("model", features=[spending, profile, ratio])


def payment(minutes: float = 0, **values: Any) -> dict[str, Any]:
    """A payment so many minutes after noon."""
    row = {"card": "a", "amount": 10.0, "shop": "book", "items": 1}
    return {**row, "paid_at": NOON + timedelta(minutes=minutes), **values}


def label(minutes: float = 0, **values: Any) -> dict[str, Any]:
    """A label so many minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    return {"card": "a", "event_timestamp": at, "amount": 20.0, **values}
