"""as_of and status of each view beside the labels, as serving would have said them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from skewless import Entity, Every, FeatureView, Source, agg, col
from skewless.errors import InputError
from skewless.types import Bool, Float64, Int64, String
from tests import reference
from tests.store.builders import NOON

if TYPE_CHECKING:
    from skewless import FeatureStore
    from tests.store.conftest import MovableClock

ENGINES = ["duckdb", "athena"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
user = Entity("user", keys={"k": String})
events = Source(
    "events", schema={"k": String, "x": Float64, "is_deleted": Bool}, event_time="at", delay="10m"
)
# A feature that is called like a status must not meet one.
sums = FeatureView(
    "sums",
    entity=user,
    source=events,
    refresh="stream",
    where=col("x") > 0,
    features={"status": agg.sum("x", window="1h"), "as_of": agg.count(window="1h")},
)
daily = FeatureView(
    "daily", entity=user, source=events, refresh=Every("1d", delay="2h"), features=["x"], ttl="3d"
)
ROWS: list[tuple[str, float, float, bool]] = [
    ("a", 100, 1.0, False),  # hours before noon, x, tombstone
    ("a", 30, 2.0, True),
    ("b", 200, -1.0, False),
    ("c", 5, 3.0, False),
    ("d", 14, 1.0, False),
]


def an_event(k: str, hours: float, x: float, is_deleted: bool) -> dict[str, Any]:  # noqa: FBT001
    return {"k": k, "x": x, "is_deleted": is_deleted, "at": NOON - hours * HOUR}


def labels() -> pd.DataFrame:
    rows = [
        {"k": k, "event_timestamp": NOON - hours * HOUR, "note": {k}}
        for k in "abcde"
        for hours in (0, 4.9, 13, 24, 90)
    ]
    return pd.DataFrame(rows, index=range(100, 100 + len(rows)))


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    store.apply([sums, daily])
    store.backfill("events", [an_event(*row) for row in ROWS])
    return store


def micros(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("mode", ["as_served", "event_time"])
def test_statuses_are_the_oracles(filled: FeatureStore, engine: str, mode: str) -> None:
    frame = labels()
    training = filled.get_historical_features(
        frame, [sums, daily], mode=mode, engine=engine, with_status=True
    )
    found = training.to_pandas()
    leaks = mode == "event_time"
    for view in (sums, daily):
        history = []
        for k, hours, x, is_deleted in ROWS:
            happened = micros(NOON - hours * HOUR)
            values = {"k": k, "x": x, "is_deleted": is_deleted}
            history.append(reference.backfilled(events, values, happened))
        for row in found.to_dict("records"):
            instant = micros(row["event_timestamp"].to_pydatetime())
            cut = instant if leaks else reference.as_of(view, instant)
            _, status = reference.view_value(
                view, history, {"k": row["k"]}, cut, event_time_mode=leaks
            )
            assert row[f"skewless_status__{view.name}"] == status, row
            assert micros(row[f"skewless_as_of__{view.name}"].to_pydatetime()) == cut
    assert list(found.index) == list(frame.index)
    assert training.features == ["status", "as_of", "x"]
    assert training.to_numpy().shape == (len(frame), 3)


def test_values_are_the_same_with_and_without(filled: FeatureStore) -> None:
    plain = filled.get_historical_features(labels(), [sums, daily])
    told = filled.get_historical_features(labels(), [sums, daily], with_status=True)
    assert plain.manifest["digest"] == told.manifest["digest"]
    assert told.to_frame().columns[-4:].tolist() == [
        "skewless_as_of__sums",
        "skewless_status__sums",
        "skewless_as_of__daily",
        "skewless_status__daily",
    ]
    again = filled.rebuild(labels(), told.manifest)
    pd.testing.assert_frame_equal(again.to_pandas(), told.to_pandas())


def test_statuses_are_those_that_serving_says(filled: FeatureStore, clock: MovableClock) -> None:
    for view in (sums, daily):
        filled.materialize(view)
    clock.now = NOON + timedelta(minutes=1)
    rows = [{"k": k} for k in "abcde"]
    answer = filled.get_online_features([sums, daily], rows)
    asked = [{**row, "event_timestamp": clock.now} for row in rows]
    training = filled.get_historical_features(asked, [sums, daily], with_status=True)
    for row, status in zip(training.to_frame(), answer.status, strict=True):
        for name in ("sums", "daily"):
            assert row[f"skewless_as_of__{name}"] == status[name].as_of
            assert row[f"skewless_status__{name}"] == status[name].status


@pytest.mark.parametrize("engine", ENGINES)
def test_what_overflows_is_failed(filled: FeatureStore, engine: str) -> None:
    wide = Source("wide", schema={"k": String, "n": Int64}, event_time="at")
    view = FeatureView(
        "total", entity=user, source=wide, refresh="stream",
        features={"sum": agg.sum("n", window="1d")},
    )  # fmt: skip
    filled.apply(view)
    most = [{"k": "a", "n": 2**63 - 1, "at": NOON - n * HOUR} for n in (2, 4)]
    filled.backfill("wide", [*most, {"k": "b", "n": 1, "at": NOON - HOUR}])
    asked = [("a", 0), ("b", 0), ("c", 0), ("a", 3)]
    rows = [{"k": k, "event_timestamp": NOON - hours * HOUR} for k, hours in asked]
    found = filled.get_historical_features(
        rows, view, engine=engine, with_status=True, errors="null"
    ).to_arrow()
    assert found["skewless_status__total"].to_pylist() == ["failed", "ok", "missing", "ok"]
    assert found["sum"].to_pylist() == [None, 1, None, 2**63 - 1]


def test_two_versions_are_told_apart_as_in_answers(filled: FeatureStore) -> None:
    counted = {"n": agg.count(window="1d")}
    second = FeatureView(
        "daily", entity=user, source=events, features=counted, version=2, refresh=Every("1h")
    )
    filled.apply(second)
    rows = [{"k": "d", "event_timestamp": NOON - HOUR / 2}]
    both = ["daily@1:x", "daily@2:n"]
    (row,) = filled.get_historical_features(rows, both, with_status=True).to_frame()
    assert row["skewless_as_of__daily@1"] == NOON - 12 * HOUR
    assert row["skewless_as_of__daily@2"] == NOON - HOUR
    labels = filled.get_online_features(both, [{"k": "d"}]).status[0]
    assert set(labels) == {"daily@1", "daily@2"}


def test_a_frame_that_has_such_columns_is_refused_by_name(filled: FeatureStore) -> None:
    rows = [{"k": "a", "event_timestamp": NOON, "skewless_status__sums": "ok"}]
    with pytest.raises(InputError, match="'skewless_status__sums'"):
        filled.get_historical_features(rows, sums, with_status=True)
