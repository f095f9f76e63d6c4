"""The definitions behind `stored/2026-11.json`, as their users wrote them, apply by apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless import (
    Entity,
    Every,
    FeatureService,
    FeatureView,
    OnDemandView,
    Source,
    agg,
    col,
    on_demand_view,
    request,
    request_time,
)
from skewless.types import Bool, Decimal, Float64, Int64, String, Timestamp

if TYPE_CHECKING:
    from skewless.definitions.aggregation import Aggregation
    from skewless.definitions.collection import Definition
    from skewless.definitions.types import ValueType

user = Entity("user", keys={"user_id": String}, description="who pays", owner="payments")
pair = Entity("pair", keys={"sender": String, "merchant": Int64})
_COLUMNS: dict[str, ValueType] = {
    "user_id": String,
    "merchant": Int64,
    "amount": Float64,
    "price": Decimal(2),
    "is_card": Bool,
    "is_deleted": Bool,
}
payments = Source("payments", schema=_COLUMNS, event_time="paid_at", delay="5m", event_id="user_id")
wider = Source(
    "payments",
    schema={**_COLUMNS, "country": String},
    event_time="paid_at",
    delay="10m",
    event_id="user_id",
    description="card payments",
    tags={"pii": "no"},
)
rates = Source(
    "rates",
    schema={"merchant": Int64, "sender": String, "rate": Float64, "loaded_at": Timestamp},
    event_time="changed_at",
    ingest_time="loaded_at",
    table="finance.rates",
)
_BEGAN = {
    "mean_7d": agg.mean("amount", window="7d", hop="1h"),
    "cards_1d": agg.count(where=col("is_card"), window="1d"),
    "paid": agg.sum("price", window="30d"),
}
_ADDED = {**_BEGAN, "last_3": agg.last_n("amount", n=3, window="7d")}


def spending(source: Source, version: str | int, features: dict[str, Aggregation]) -> FeatureView:
    """Return the view of a user's payments."""
    return FeatureView(
        "spending",
        entity=user,
        source=source,
        refresh="stream",
        where=col("amount") > 0,
        features=features,
        version=version,
    )


latest_rate = FeatureView(
    "latest_rate",
    entity=pair,
    source=rates,
    features=["rate"],
    refresh=Every("1d", delay="1h"),
    ttl="90d",
)


def _trend(view: FeatureView) -> OnDemandView:
    return OnDemandView(
        "trend",
        request={"amount": Float64},
        features={
            "ratio": request("amount") / view["mean_7d"],
            "hour": request_time().dt.hour(),
        },
    )


def _judged(view: FeatureView) -> OnDemandView:
    @on_demand_view(
        inputs=[view["mean_7d"]], request={"amount": Float64}, features={"far": Float64}
    )
    def judged(mean_7d: float | None, amount: float | None) -> dict[str, float | None]:
        return {"far": None if mean_7d is None or amount is None else amount - mean_7d}

    return judged


_first = spending(payments, 1, _BEGAN)
_second = spending(wider, "1.1", _ADDED)
_friend = latest_rate.with_name("friend").with_join_key_map({"sender": "friend_id"})
_service = FeatureService("fraud_model", features=[_first, _trend(_first), _judged(_first)])
_grown = FeatureService(
    "fraud_model",
    version="1.1",
    features=[
        *(_second[name] for name in _BEGAN),
        _trend(_second),
        _judged(_second),
        _second["last_3"],
        _friend["rate"],
    ],
)

APPLIES: tuple[tuple[Definition, ...], ...] = (
    (_first, _service),
    (_second, _grown, latest_rate),
    (spending(wider, 2, {"mean_7d": agg.mean("amount", window="7d")}),),
)
