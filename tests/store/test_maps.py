"""Features with a value for each key of a column, in history by both engines and online."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as Number
from typing import Any

import pytest

from skewless import (
    Entity,
    Every,
    FeatureStore,
    FeatureView,
    OnDemandView,
    Source,
    agg,
    on_demand_view,
)
from skewless.errors import ValueOverflowError
from skewless.types import Decimal, Int64, String
from tests.store.answering import NOON

card = Entity("card", keys={"card": String})
bought = Source(
    "bought",
    schema={"card": String, "kind": String, "shop": Int64, "price": Decimal(9, 2), "big": Int64},
    event_time="at",
)
WINDOW: dict[str, Any] = {"window": "30d"}
maps = FeatureView(
    "maps",
    entity=card,
    source=bought,
    refresh=Every("1d"),
    features={
        "spent": agg.sum("price", by="kind", **WINDOW),
        "rows": agg.count(by="shop", **WINDOW),
        "deviation": agg.stddev_samp("price", by="kind", default=0, **WINDOW),
        "certain": agg.stddev_samp("price", by="kind", **WINDOW),
        "recent": agg.last_n("price", 2, by="kind", **WINDOW),
        "shops": agg.value_counts("shop", by="kind", **WINDOW),
        "distinct": agg.count_distinct("kind", by="shop", **WINDOW),
        "few": agg.max("price", by="kind", limit=1, **WINDOW),
        "large": agg.sum("big", by="kind", **WINDOW),
        "total": agg.sum("price", **WINDOW),
    },
)
of_maps = OnDemandView(
    "of_maps",
    features={
        "food": maps["spent"].map.get("food"),
        "all": maps["spent"].map.sum(),
        "kinds": maps["spent"].map.len(),
        "most": maps["few"].map.len().fill_null(-1),
        "sum_large": maps["large"].map.sum(),
    },
)


@on_demand_view(inputs=[maps["spent"], maps["recent"]], features={"kinds": Int64, "last": Int64})
def called(spent: Any, recent: Any) -> dict[str, Any]:
    if spent is None or recent is None:
        return {"kinds": None, "last": None}
    last = recent.get("food")
    return {"kinds": len(spent), "last": None if last is None else int(last[0] * 100)}


MADE: list[dict[str, Any]] = [
    {"food": Number("4.00"), "all": Number("-4.00"), "kinds": 2, "most": None, "sum_large": 7},
    {"food": Number("1.00"), "all": Number("1.00"), "kinds": 1, "most": 1, "sum_large": None},
    {"food": None, "all": None, "kinds": 0, "most": 0, "sum_large": None},
]
CALLED = [(2, 250), (1, 100), (0, None)]
ROWS: list[dict[str, Any]] = [
    {"kind": "food", "shop": 1, "price": Number("1.50"), "big": 1},
    {"kind": "food", "shop": 2, "price": Number("2.50"), "big": None},
    {"kind": "", "shop": 1, "price": None, "big": 2},
    {"kind": None, "shop": 2, "price": Number("4.00"), "big": 3},
    {"kind": "travel", "shop": None, "price": Number("-8.00"), "big": 4},
]
FULL: dict[str, Any] = {
    "spent": {"food": Number("4.00"), "travel": Number("-8.00")},
    "rows": {1: 2, 2: 2},
    "deviation": {"food": 0.7071067811865476, "travel": 0.0},
    "certain": {"food": 0.7071067811865476},
    "recent": {"food": [Number("2.50"), Number("1.50")], "travel": [Number("-8.00")]},
    "shops": {"": {1: 1}, "food": {1: 1, 2: 1}},
    "distinct": {1: 2, 2: 1},
    "few": None,
    "large": {"": 2, "food": 1, "travel": 4},
    "total": Number("0.00"),
}
ONE: dict[str, Any] = {
    "spent": {"food": Number("1.00")},
    "rows": {7: 2},
    "deviation": {"food": 0.0},
    "certain": {},
    "recent": {"food": [Number("1.00")]},
    "shops": {"food": {7: 2}},
    "distinct": {7: 1},
    "few": {"food": Number("1.00")},
    "large": None,
    "total": Number("1.00"),
}
NONE: dict[str, Any] = {**{name: {} for name in FULL}, "total": None}
CARDS = ("full", "one", "nobody")


@pytest.fixture(scope="module")
def store() -> FeatureStore:
    made = FeatureStore.local(clock=NOON)
    made.apply([maps, of_maps, called])
    at = NOON - timedelta(days=2)
    events = [
        {"card": "full", "at": at + timedelta(hours=hour), **row} for hour, row in enumerate(ROWS)
    ]
    events += [
        {"card": "one", "at": at, "kind": "food", "shop": 7, "price": price, "big": 2**62 + 1}
        for price in (Number("1.00"), None)
    ]
    assert made.backfill("bought", events).accepted == 7
    made.materialize(maps)
    return made


def asked() -> list[dict[str, Any]]:
    return [{"card": name} for name in CARDS]


def test_online_answers_have_maps_and_name_those_with_too_many_keys(store: FeatureStore) -> None:
    answer = store.get_online_features(maps, asked())
    assert answer.rows == [FULL, ONE, NONE]
    assert answer.overflowed == [("few",), ("large",), ()]
    status = [row["maps"] for row in answer.status]
    assert [each.status for each in status] == ["ok", "failed", "missing"]
    assert status[1].reason == "large overflows: it does not fit in 64 bits"
    assert answer.to_pandas()["shops"][0] == FULL["shops"]
    assert answer.to_polars()["spent"].to_list()[1] == {"food": Number("1.00")}
    assert answer.to_polars()["shops"].to_list()[1] == {"food": {7: 2}}
    assert '"recent": {"food": ["2.50", "1.50"], "travel": ["-8.00"]}' in answer.to_json()


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_history_has_the_same_maps(store: FeatureStore, engine: str) -> None:
    labels = [{**row, "event_timestamp": NOON} for row in asked()]
    found = store.get_historical_features(
        labels, maps, engine=engine, errors="null", with_status=True
    )
    table, served = found.to_arrow(), store.get_online_features(maps, asked()).to_arrow()
    for name in FULL:
        assert table[name].to_pylist() == served[name].to_pylist(), name
        assert table[name].type == served[name].type
    assert found.manifest["overflowed"] == {"few": 1, "large": 1}
    assert table["skewless_status__maps"].to_pylist() == ["ok", "failed", "missing"]


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_too_many_keys_are_no_error_and_a_value_that_overflows_is(
    store: FeatureStore, engine: str
) -> None:
    full, one, _ = ({**row, "event_timestamp": NOON} for row in asked())
    found = store.get_historical_features([full], maps, engine=engine)
    assert found.manifest["overflowed"] == {"few": 1}
    with pytest.raises(ValueOverflowError, match=r"maps\.large .* in 1 of 2 .*card='one'"):
        store.get_historical_features([full, one], maps, engine=engine)


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_what_is_computed_from_maps_is_the_same_in_training_and_serving(
    store: FeatureStore, engine: str
) -> None:
    labels = [{**row, "event_timestamp": NOON} for row in asked()]
    found = store.get_historical_features(labels, of_maps, engine=engine, errors="null")
    rows = [{name: row[name] for name in MADE[0]} for row in found.to_arrow().to_pylist()]
    assert rows == MADE
    assert store.get_online_features(of_maps, asked()).rows == MADE
    answer = store.get_online_features(called, asked())
    assert [(row["kinds"], row["last"]) for row in answer.rows] == CALLED
    table = store.get_historical_features(labels, called, engine=engine).to_arrow()
    pairs = zip(table["kinds"].to_pylist(), table["last"].to_pylist(), strict=True)
    assert list(pairs) == CALLED


def test_verify_compares_maps(store: FeatureStore) -> None:
    report = store.verify(maps, entity_rows=asked())
    assert report.is_equal
