"""History with no label frame: the views' own keys at regular instants."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, FeatureView, Source, agg, compute
from skewless.errors import InputError, RebuildError
from skewless.types import Int64, String
from tests.store.builders import NOON, card, model, payment, payments, profile, spending

if TYPE_CHECKING:
    from skewless import FeatureStore

ENGINES = ["duckdb", "athena"]
ROWS = [
    payment(-150),
    payment(-90, card="b"),
    payment(-60, card=None),
    payment(-10),
    payment(30, card="late"),
]
HOURLY: dict[str, Any] = {"start": NOON - timedelta(hours=3), "end": NOON, "every": "1h"}
shop = Entity("shop", keys={"shop": String})
sales = FeatureView(
    "sales", entity=shop, source=payments, refresh="stream", features={"n": agg.count(window="1d")}
)
LIMITS = Source("limits", schema={"card": String, "limit": Int64}, event_time="set_at")
SHOPS = Source("shops", schema={"shop": String, "rank": Int64}, event_time="at")
shops = FeatureView("shops", entity=shop, source=SHOPS, refresh="stream", features="*")
limits = FeatureView("limits", entity=card, source=LIMITS, refresh="stream", features="*")


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    store.clock = NOON + timedelta(days=1)
    store.apply([model, sales, limits, shops])
    store.backfill("payments", ROWS)
    return store


def keys(training: Any, *names: str) -> list[tuple[Any, ...]]:
    table = training.to_arrow()
    hours = [(at - NOON) // timedelta(hours=1) for at in table["event_timestamp"].to_pylist()]
    return list(zip(*(table[name].to_pylist() for name in names), hours, strict=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_each_instant_has_the_keys_that_were_seen_before_it(
    filled: FeatureStore, engine: str
) -> None:
    made = filled.get_historical_features(None, [spending, profile], engine=engine, **HOURLY)
    assert keys(made, "card") == [("a", -2), ("a", -1), ("b", -1)]
    labels = made.to_arrow().select(["card", "event_timestamp"])
    given = filled.get_historical_features(labels, [spending, profile], engine=engine)
    assert given.manifest["digest"] == made.manifest["digest"]
    computed = compute([spending, profile], events=ROWS, **HOURLY)
    assert computed.manifest["digest"] == made.manifest["digest"]
    assert computed.manifest["labels_digest"] == made.manifest["labels_digest"]


@pytest.mark.parametrize("engine", ENGINES)
def test_keys_of_several_entities_are_those_that_one_row_had(
    filled: FeatureStore, engine: str
) -> None:
    filled.backfill("payments", [payment(-70, shop="tea"), payment(-70, card="b", shop=None)])
    made = filled.get_historical_features(None, [spending, sales], engine=engine, **HOURLY)
    assert keys(made, "card", "shop") == [
        ("a", "book", -2),
        ("a", "book", -1),
        ("a", "tea", -1),
        ("b", "book", -1),
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_key_is_seen_by_any_source_that_has_it(filled: FeatureStore, engine: str) -> None:
    filled.backfill("limits", [{"card": "c", "limit": 1, "set_at": NOON - timedelta(hours=2.5)}])
    made = filled.get_historical_features(None, [spending, limits], engine=engine, **HOURLY)
    assert keys(made, "card") == [("a", -2), ("c", -2), ("a", -1), ("b", -1), ("c", -1)]


def test_in_event_time_mode_a_key_is_seen_when_its_event_happened(filled: FeatureStore) -> None:
    exact: dict[str, Any] = {
        "start": NOON - timedelta(minutes=148),
        "end": NOON - timedelta(minutes=147),
        "every": "1m",
    }
    made = filled.get_historical_features(None, spending, mode="event_time", **exact)
    assert keys(made, "card") == [("a", -3)]
    with pytest.raises(InputError, match=r"no key \('card'\) was seen before 2024-03-05T09:32"):
        filled.get_historical_features(None, spending, **exact)


def test_an_event_at_the_instant_was_not_seen_before_it(filled: FeatureStore) -> None:
    at = NOON - timedelta(minutes=145)  # when the first event became known
    made = filled.get_historical_features(
        None,
        spending,
        start=at,
        end=at + timedelta(microseconds=2),
        every=timedelta(microseconds=1),
    )
    assert made.values.num_rows == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_the_set_is_made_again_without_labels(filled: FeatureStore, engine: str) -> None:
    made = filled.get_historical_features(None, spending, engine=engine, **HOURLY)
    kept = json.loads(json.dumps(made.manifest))
    assert kept["instants"]["every"] == "1h"
    filled.backfill("payments", [payment(-160, card="new"), payment(-130)])
    again = filled.rebuild(None, kept, engine=engine)
    assert again.to_arrow().equals(made.to_arrow())
    labels = made.to_arrow().select(["card", "event_timestamp"])
    assert filled.rebuild(labels, kept).manifest["digest"] == kept["digest"]
    ordinary = filled.get_historical_features(labels, spending)
    with pytest.raises(RebuildError, match="it was made of labels; give them"):
        filled.rebuild(None, ordinary.manifest)


@pytest.mark.parametrize(
    ("features", "options", "why"),
    [
        (spending, {}, "start=, end=, every= is missing: give labels"),
        (spending, {**HOURLY, "every": None}, "every= is missing"),
        (spending, {**HOURLY, "every": "0s"}, "would never end"),
        (spending, {**HOURLY, "every": "often"}, "every: "),
        (spending, {**HOURLY, "end": HOURLY["start"]}, "there is no instant"),
        (spending, {**HOURLY, "start": NOON.replace(tzinfo=None)}, "start"),
        (spending, {**HOURLY, "timestamp": "card"}, "timestamp='card' is a key"),
        (spending, {**HOURLY, "mode": "replay", "watermark": "w"}, "needs a frame of labels"),
        (model, HOURLY, r"need request fields \('amount'\), which no log has"),
        ([limits, shops], HOURLY, "none of their sources .* has all of them"),
        (limits, HOURLY, r"no key \('card'\) was seen before"),
    ],
)
def test_what_gives_no_labels_is_refused(
    filled: FeatureStore, features: Any, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(InputError, match=why):
        filled.get_historical_features(None, features, **options)


def test_instants_beside_labels_are_refused(filled: FeatureStore) -> None:
    with pytest.raises(InputError, match="start=, end=, every= goes without a frame of labels"):
        filled.get_historical_features([{"card": "a", "event_timestamp": NOON}], spending, **HOURLY)


def test_a_role_s_keys_are_columns_of_a_source_or_there_are_no_labels(filled: FeatureStore) -> None:
    payer = spending.with_name("payer").with_join_key_map({"card": "payer"})
    with pytest.raises(InputError, match=r"need the keys 'payer' in one row, and none"):
        filled.get_historical_features(None, payer, **HOURLY)
