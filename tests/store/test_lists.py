"""Lists and maps of aggregates, of values of every type, in history by both engines and online."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pytest

from skewless import (
    Every,
    FeatureStore,
    FeatureView,
    OnDemandView,
    Source,
    agg,
    haversine,
    request,
)
from skewless.types import Array, Decimal, Float64, Vector
from tests.store.answering import NOON, TYPES, VALUES, user

if TYPE_CHECKING:
    from skewless.types import ValueType

SCALARS: dict[str, ValueType] = {
    name: TYPES[name] for name in ("flag", "whole", "real", "text", "raw", "seen", "born", "price")
}
told = Source(
    "told", schema={"user_id": TYPES["whole"], "shop": TYPES["text"], **SCALARS}, event_time="at"
)
LATER: dict[str, Any] = {
    "flag": False,
    "whole": -1,
    "real": -0.5,
    "text": "",
    "raw": b"",
    "seen": NOON,
    "born": NOON.date(),
    "price": Number("7.0001"),
}
EARLIER = {name: VALUES[name][1] for name in SCALARS}
FULL, NOBODY = 1, 2
TEXTS = ("flag", "whole", "text", "seen", "born", "price")
NUMBERS = ("whole", "real", "price")
lists = FeatureView(
    "lists",
    entity=user,
    source=told,
    refresh=Every("1d"),
    features={
        **{f"last_{name}": agg.last_n(name, 3, window="30d") for name in SCALARS},
        **{f"top_{name}": agg.top_n(name, 1, window=None) for name in SCALARS},
        **{f"counts_{name}": agg.value_counts(name, window="30d") for name in SCALARS},
        **{f"few_{name}": agg.value_counts(name, window=None, limit=1) for name in SCALARS},
        **{f"mode_{name}": agg.mode(name, window="30d") for name in SCALARS},
        **{f"distinct_{name}": agg.count_distinct(name, window="30d") for name in TEXTS},
        **{f"many_{name}": agg.count_distinct(name, window=None, limit=1) for name in TEXTS},
        **{f"bars_{name}": agg.histogram(name, [0, 7], window="30d") for name in NUMBERS},
        **{f"median_{name}": agg.median(name, window="30d") for name in NUMBERS},
    },
)

read = OnDemandView(
    "read",
    request={"few": Array(Float64), "pair": Vector(2), "costs": Array(Decimal(9, 4))},
    features={
        "newest": lists["last_real"].list.first(),
        "mean": lists["last_whole"].list.mean(),
        "cost": lists["last_price"].list.sum() + request("costs").list.sum(),
        "born": lists["last_born"].list.min(),
        "empty": lists["counts_text"].map.get("").fill_null(0),
        "events": lists["counts_whole"].map.sum(),
        "kinds": lists["counts_flag"].map.len(),
        "below": lists["bars_real"].list.get(0),
        "dot": request("pair").list.get(0) * request("few").list.last(),
        "likely": (request("few").list.max().ln() * request("few").list.len()).sigmoid(),
        "km": haversine(request("few").list.first(), 13.4, 48.1, 11.6),
    },
)
SENT = {"few": [52.5, 0.5], "pair": [2.0, 3.0], "costs": [Number("0.1001")]}


@pytest.fixture(scope="module")
def listing() -> FeatureStore:
    store = FeatureStore.local(clock=NOON)
    store.apply([lists, read])
    events = [
        {"user_id": FULL, "shop": "s", "at": NOON - timedelta(days=days), **values}
        for days, values in ((4, EARLIER), (3, LATER), (2, dict.fromkeys(SCALARS)))
    ]
    assert store.backfill("told", events).accepted == 3
    store.materialize(lists)
    return store


def asked(*users: int) -> list[dict[str, Any]]:
    return [{"user_id": user, "shop": "s"} for user in users]


EXPECTED: dict[str, Any] = {f"last_{name}": [LATER[name], EARLIER[name]] for name in SCALARS} | {
    f"top_{name}": [max(LATER[name], EARLIER[name])] for name in SCALARS
}
EXPECTED |= {f"counts_{name}": {EARLIER[name]: 1, LATER[name]: 1} for name in SCALARS}
EXPECTED |= {f"few_{name}": None for name in SCALARS}
EXPECTED |= {f"mode_{name}": min(EARLIER[name], LATER[name]) for name in SCALARS}
EXPECTED |= {f"{word}_{name}": 2 for word in ("distinct", "many") for name in TEXTS}
EXPECTED |= {"bars_whole": [1, 0, 1], "bars_real": [1, 1, 0], "bars_price": [1, 0, 1]}
EXPECTED |= {"median_whole": -1.0, "median_real": -0.500736, "median_price": -0.1002}
NOTHING: dict[str, Any] = {
    **{name: [] for name in EXPECTED if name.startswith(("last", "top"))},
    **{name: {} for name in EXPECTED if name.startswith(("counts", "few"))},
    **{name: None for name in EXPECTED if name.startswith(("mode", "median"))},
    **{name: 0 for name in EXPECTED if name.startswith(("distinct", "many"))},
    **{name: [0, 0, 0] for name in EXPECTED if name.startswith("bars")},
}


def test_online_answers_have_lists(listing: FeatureStore) -> None:
    answer = listing.get_online_features(lists, asked(FULL, NOBODY))
    assert answer.rows == [EXPECTED, NOTHING]
    assert answer.overflowed == [tuple(name for name in EXPECTED if name.startswith("few")), ()]
    assert [row["lists"].status for row in answer.status] == ["ok", "missing"]
    assert answer.to_polars()["counts_text"].to_list()[0] == EXPECTED["counts_text"]
    assert answer.to_pandas()["counts_text"][0] == EXPECTED["counts_text"]
    assert answer.to_arrow()["last_price"].to_pylist() == [EXPECTED["last_price"], []]
    assert answer.to_polars()["last_seen"].to_list() == [EXPECTED["last_seen"], []]
    assert list(answer.to_pandas()["last_text"][0]) == EXPECTED["last_text"]
    assert '"last_price": ["7.0001", "-0.1000"]' in answer.to_json()


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_history_has_the_same_lists(listing: FeatureStore, engine: str) -> None:
    labels = [{**row, "event_timestamp": NOON} for row in asked(FULL, NOBODY)]
    found = listing.get_historical_features(labels, lists, engine=engine, with_status=True)
    answer = listing.get_online_features(lists, asked(FULL, NOBODY))
    table = found.to_arrow()
    served = answer.to_arrow()
    assert {name: table[name].to_pylist() for name in EXPECTED} == {
        name: served[name].to_pylist() for name in EXPECTED
    }
    few = {name: 1 for name in EXPECTED if name.startswith("few")}
    assert found.manifest["overflowed"] == few
    assert table["skewless_status__lists"].to_pylist() == ["ok", "missing"]
    assert {name: table[name].type for name in EXPECTED} == {
        name: answer.to_arrow()[name].type for name in EXPECTED
    }
    assert found.to_polars()["last_price"].to_list() == [EXPECTED["last_price"], []]
    assert list(found.to_pandas()["last_whole"][0]) == EXPECTED["last_whole"]


def test_verify_compares_lists(listing: FeatureStore) -> None:
    report = listing.verify(lists, entity_rows=asked(FULL, NOBODY))
    assert report.is_equal


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_expressions_read_lists_and_maps_alike_in_training_and_serving(
    listing: FeatureStore, engine: str
) -> None:
    rows = [{**row, **SENT} for row in asked(FULL, NOBODY)]
    served = listing.get_online_features(read, rows).to_arrow()
    labels = [{**row, "event_timestamp": NOON} for row in rows]
    trained = listing.get_historical_features(labels, read, engine=engine).to_arrow()
    names = list(read.feature_types)
    assert {name: trained[name].to_pylist() for name in names} == {
        name: served[name].to_pylist() for name in names
    }
    first, second = served.to_pylist()
    assert {name: first[name] for name in names if name not in ("mean", "likely", "km")} == {
        "newest": LATER["real"],
        "cost": float(LATER["price"] + EARLIER["price"]) + 0.1001,
        "born": min(LATER["born"], EARLIER["born"]),
        "empty": 1,
        "events": 2,
        "kinds": 2,
        "below": 1,
        "dot": 1.0,
    }
    assert first["km"] == pytest.approx(505.6437, abs=1e-4)
    assert [second[name] for name in ("newest", "cost", "empty", "kinds")] == [None, None, 0, 0]
