"""A small shop of payments: definitions, events and a clock that stands where it is put."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from skewless import Entity, Every, FeatureView, Source, agg
from skewless.types import Float64, Int64, String

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
# Longer than what Parquet and Iceberg keep of a text as its bounds, and found nowhere by chance.
ERASED = "card-4242-4242-4242-to-be-forgotten"
card = Entity("card", keys={"card": String})
shop = Entity("shop", keys={"shop": String})
payments = Source(
    "payments",
    schema={"card": String, "amount": Float64, "shop": String, "items": Int64},
    event_time="paid_at",
    delay="5m",
)


class MovableClock:
    """Stands where it is put."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def payments_view(name: str = "spending", **changes: Any) -> FeatureView:
    """A view of a card's payments, kept up to date by the stream."""
    values: dict[str, Any] = {
        "entity": card,
        "source": payments,
        "refresh": "stream",
        "features": {"payments_7d": agg.count(window="7d")},
    }
    return FeatureView(name, **{**values, **changes})


def daily_view(name: str = "profile", **changes: Any) -> FeatureView:
    """A view of a card's latest payment, cut once a day."""
    return payments_view(
        name, refresh=Every("1d", delay="2h"), features=["shop", "items"], **changes
    )


def payment(minutes: float = 0, **values: Any) -> dict[str, Any]:
    """A payment so many minutes after noon."""
    row = {"card": "a", "amount": 10.0, "shop": "book", "items": 1}
    return {**row, "paid_at": NOON + timedelta(minutes=minutes), **values}
