"""A view with a feature of every type, and rows to ask for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as Number
from typing import Any

from skewless import (
    Entity,
    Every,
    FeatureService,
    FeatureStore,
    FeatureView,
    OnDemandView,
    Source,
    request,
)
from skewless.types import (
    Array,
    Bool,
    Bytes,
    Date,
    Decimal,
    Float64,
    Int64,
    Map,
    String,
    Timestamp,
    ValueType,
    Vector,
)

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
VALUES: dict[str, tuple[ValueType, Any]] = {
    "flag": (Bool, True),
    "whole": (Int64, 2**62 + 1),
    "real": (Float64, 0.1 + 0.2),
    "text": (String, 'a"\u2028é'),
    "raw": (Bytes, b"\x00\xff"),
    "seen": (Timestamp, datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC)),
    "born": (Date, date(1969, 12, 31)),
    "price": (Decimal(18, 4), Number("-0.1000")),
    "names": (Array(String), ["x", ""]),
    "moments": (Array(Timestamp), [NOON]),
    "paid": (Array(Date), [date(1, 1, 1), date(9999, 12, 31)]),
    "prices": (Array(Decimal(18, 4)), [Number("-0.1000"), Number("2.0000")]),
    "shares": (Map(String, Float64), {"a": 0.1, 'b|"': -1e300}),
    "visits": (Map(Date, Timestamp), {date(1969, 12, 31): NOON, date(2024, 2, 29): NOON}),
    "owed": (Map(Int64, Decimal(18, 4)), {-1: Number("-0.1000"), 7: Number("2.0000")}),
    "place": (Vector(2), [0.1, -1e300]),
}
TYPES = {name: type_ for name, (type_, _) in VALUES.items()}
user = Entity("user", keys={"user_id": Int64, "shop": String})
rows_of = Source("rows", schema={"user_id": Int64, "shop": String, **TYPES}, event_time="at")
latest = FeatureView("latest", entity=user, source=rows_of, refresh=Every("1d"), features=[*TYPES])
asked = OnDemandView(
    "asked",
    request={"amount": Float64, "when": Timestamp, "day": Date},
    features={
        "doubled": request("amount") * 2.0,
        "later": request("when").cast(Date) > request("day"),
    },
)
everything = FeatureService("everything", features=[latest, asked])
FULL, EMPTY, NOBODY = 1, 2, 3


def rows(*users: int) -> list[dict[str, Any]]:
    return [
        {"user_id": user, "shop": "s", "amount": 1.5, "when": NOON, "day": NOON.date()}
        for user in users
    ]


def filled() -> FeatureStore:
    """Make a store with values of every type for one user, and nulls for another."""
    made = FeatureStore.local(clock=NOON)
    made.apply(everything)
    at = NOON - timedelta(days=3)
    full = {name: value for name, (_, value) in VALUES.items()}
    events = [
        {"user_id": FULL, "shop": "s", "at": at, **full},
        {"user_id": EMPTY, "shop": "s", "at": at, **dict.fromkeys(full)},
    ]
    assert made.backfill("rows", events).accepted == 2
    made.materialize(latest)
    return made
