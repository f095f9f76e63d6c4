"""Small builders with defaults: plans, events and items for the online tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless import Entity, FeatureView, Source, agg, col
from skewless.compiler.plan import plan_view
from skewless.definitions import types
from skewless.online.codec import encode
from skewless.online.state import add_events, empty_state

if TYPE_CHECKING:
    from skewless.compiler.plan import ViewPlan
    from skewless.online.state import Event

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TODAY = 20_000 * DAY  # 2024-10-04

CARRIER = Entity("carrier", keys={"carrier": types.String})
SCHEMA: dict[str, Any] = {
    "carrier": types.String,
    "id": types.String,
    "rank": types.Int64,
    "delay": types.Float64,
    "seats": types.Int64,
    "price": types.Decimal(12, 2),
    "gate": types.String,
    "raw": types.Bytes,
    "seen_at": types.Timestamp,
    "is_late": types.Bool,
    "is_deleted": types.Bool,
    "tags": types.Array(types.String),
    "scores": types.Array(types.Float64),
    "embedding": types.Vector(3),
}


def a_source(**changes: Any) -> Source:
    return Source("flights", **{"schema": SCHEMA, "event_time": "at", **changes})


def a_view(**changes: Any) -> FeatureView:
    name = changes.pop("name", "delays")
    features = {
        "n_1h": agg.count(window="1h"),
        "sum_7d": agg.sum("seats", window="7d"),
        "mean_1d": agg.mean("delay", window="24h", default=-1.0),
    }
    given = {"entity": CARRIER, "source": a_source(), "features": features, "refresh": "stream"}
    return FeatureView(name, **{**given, **changes})


def a_latest_view(**changes: Any) -> FeatureView:
    columns = ["seats", "gate"]
    return a_view(**{"name": "aircraft", "features": columns, "source": a_source(), **changes})


def a_rich_plan(*, tiebreak: str | None = "rank") -> ViewPlan:
    """Return a plan with every function, over every type, several hops and conditions."""
    late = col("delay") > 0
    features = {
        "rows": agg.count(window=None),
        "late": agg.count(window="1h", where=late),
        "sum": agg.sum("delay", window="1h"),
        "seats": agg.sum("seats", window="1d"),
        "price": agg.sum("price", window="7d"),
        "mean": agg.mean("delay", window="1d", where=late),
        "std": agg.stddev_samp("price", window="1d", hop="1h"),
        "var": agg.var_pop("seats", window=None),
    }
    for name in ("delay", "seats", "price", "gate", "raw", "seen_at", "is_late"):
        features[f"min_{name}"] = agg.min(name, window="1d")
        features[f"max_{name}"] = agg.max(name, window="2h")
        features[f"first_{name}"] = agg.first(name, window="1d", where=late)
        features[f"last_{name}"] = agg.last(name, window=None)
    view = a_view(features=features, where=~col("is_deleted"), source=a_source(tiebreak=tiebreak))
    return plan_view(view)


def an_event(at: int, **values: Any) -> Event:
    return {"carrier": "UA", "at": at, "is_deleted": False, **values}


def encoded(plan: ViewPlan, *events: Event) -> bytes:
    return encode(plan, add_events(plan, empty_state(plan), events))
