"""The instant of a request: the label's in history, by both engines, and now in serving."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from skewless import Entity, FeatureStore, FeatureView, OnDemandView, Source, request_time
from skewless.types import Int64, String, Timestamp
from tests.ops.builders import MovableClock

NOW = datetime(2024, 2, 29, 23, 30, 0, 123_456, tzinfo=UTC)


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_request_time_is_the_same_instant_in_training_and_in_serving(engine: str) -> None:
    source = Source(
        "logins",
        schema={"user_id": Int64, "mail": String, "seen": Timestamp},
        event_time="at",
        delay="0s",
    )
    users = FeatureView(
        "users",
        entity=Entity("user", keys={"user_id": Int64}),
        source=source,
        features=["mail", "seen"],
        refresh="stream",
    )
    view = OnDemandView(
        "moment",
        features={
            "asked": request_time(),
            "hour": request_time().dt.hour(utc_offset="+01:00"),
            "day": request_time().dt.day(utc_offset="+01:00"),
            "since": request_time() - users["seen"],
            "domain": users["mail"].str.split_part("@", 2).str.upper(),
        },
    )
    clock = MovableClock()
    clock.now = NOW - timedelta(seconds=2)
    store = FeatureStore.local(f"request-time-{engine}", clock=clock)
    store.apply([view, users])
    early = datetime(2024, 2, 29, 23, tzinfo=UTC)
    row = {"user_id": 1, "mail": "a@b.example", "seen": early, "at": early}
    assert store.ingest("logins", [row]).rejected == []
    store.materialize(users)
    clock.now = NOW
    expected = {
        "asked": NOW,
        "hour": 0,
        "day": 1,
        "since": 1800.123456,
        "domain": "B.EXAMPLE",
    }
    served = store.get_online_features(view, [{"user_id": 1}]).rows[0]
    assert served == expected
    labels = [{"user_id": 1, "event_timestamp": NOW}]
    (found,) = store.get_historical_features(labels, view, engine=engine).to_arrow().to_pylist()
    assert {name: found[name] for name in expected} == expected
