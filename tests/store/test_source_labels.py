"""A frame of labels made of a source's rows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, FeatureView, Source, agg, col
from skewless.errors import InputError, UnknownNameError
from skewless.types import Array, Decimal, Float64, Int64, String, Timestamp
from tests.store.builders import NOON, card, payment, payments, spending

if TYPE_CHECKING:
    from skewless import FeatureStore

ENGINES = ["duckdb", "athena"]
shop = Entity("shop", keys={"shop": String})
unrelated = Entity("unrelated", keys={"card": String, "country": String})
ROWS = [
    payment(-30, amount=5.0, shop="tea"),
    payment(-10, amount=-1.0),
    payment(-10, amount=7.0, card="b", items=None),
    payment(-20, amount=3.0),
]


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    store.apply([spending, shop, unrelated])
    store.backfill("payments", ROWS)
    return store


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_are_labels_at_the_instants_they_happened(filled: FeatureStore, engine: str) -> None:
    found = filled.labels("payments", columns=["amount", "items"], engine=engine)
    assert found.column_names == ["card", "shop", "event_timestamp", "amount", "items"]
    rows = [tuple(row.values()) for row in found.to_pylist()]
    assert rows == [
        ("a", "tea", NOON - timedelta(minutes=30), 5.0, 1),
        ("a", "book", NOON - timedelta(minutes=20), 3.0, 1),
        ("a", "book", NOON - timedelta(minutes=10), -1.0, 1),
        ("b", "book", NOON - timedelta(minutes=10), 7.0, None),
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_are_chosen_by_a_condition_and_by_time(filled: FeatureStore, engine: str) -> None:
    found = filled.labels(
        payments,
        columns=[],
        where=(col("amount") > 0) & (col("items") == 1),
        start=NOON - timedelta(minutes=30),
        end=NOON - timedelta(minutes=20),
        engine=engine,
    )
    assert found.to_pylist() == [
        {"card": "a", "shop": "tea", "event_timestamp": NOON - timedelta(minutes=30)}
    ]
    none = filled.labels(payments, columns=["amount"], where=col("amount") > 99, engine=engine)
    assert none.num_rows == 0
    assert none.schema == filled.labels(payments, columns=["amount"], engine=engine).schema


def test_all_columns_come_if_none_are_named(filled: FeatureStore) -> None:
    assert filled.labels("payments").column_names == [
        "card",
        "shop",
        "event_timestamp",
        "amount",
        "items",
        "paid_at",
    ]


def test_the_event_time_may_be_the_column_of_instants(filled: FeatureStore) -> None:
    found = filled.labels("payments", timestamp="paid_at")
    assert found.column_names == ["card", "shop", "paid_at", "amount", "items"]
    made = filled.get_historical_features(found, spending, timestamp="paid_at")
    assert made.values.num_rows == 4


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("mode", ["as_served", "event_time"])
@pytest.mark.parametrize("delay", ["0s", "5m"])
def test_features_at_the_label_s_instant_do_not_count_its_event(
    store: FeatureStore, engine: str, mode: str, delay: str
) -> None:
    source = Source("tx", schema={"card": String}, event_time="at", delay=delay)
    view = FeatureView(
        "v", entity=card, source=source, refresh="stream", features={"n": agg.count(window=None)}
    )
    store.apply(view)
    rows = [{"card": "a", "at": NOON - timedelta(hours=n)} for n in (3, 2, 2, 1)]
    store.backfill("tx", rows)
    found = store.labels("tx", columns=[], engine=engine)
    made = store.get_historical_features(found, view, mode=mode, engine=engine)
    assert made.to_arrow()["n"].to_pylist() == [0, 1, 1, 3]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_event_that_came_twice_is_one_label(store: FeatureStore, engine: str) -> None:
    source = Source("tx", schema={"card": String, "id": String}, event_time="at", event_id="id")
    view = FeatureView("v", entity=card, source=source, refresh="stream", features=["id"])
    store.apply(view)
    at = NOON - timedelta(hours=1)
    rows = [{"card": "a", "id": "x", "at": at}, {"card": "a", "id": "x", "at": at}]
    store.backfill("tx", [*rows, {"card": "b", "id": "x", "at": at}])
    found = store.labels("tx", columns=[], engine=engine)
    assert found["card"].to_pylist() == ["a", "b"]


@pytest.mark.parametrize("engine", ENGINES)
def test_columns_of_every_kind_come_as_users_hold_them(store: FeatureStore, engine: str) -> None:
    schema: dict[str, Any] = {
        "card": String,
        "Price": Decimal(9, 2),
        "seen": Timestamp,
        "tags": Array(String),
        "select": Int64,
    }
    source = Source("tx", schema=schema, event_time="at")
    store.apply([card, source])
    row = {"card": "a", "Price": None, "seen": NOON, "tags": ["x", "y"], "select": -1, "at": NOON}
    store.clock = NOON + timedelta(hours=1)
    store.backfill(
        "tx", [row, {**row, "card": None, "Price": Number("1.5"), "tags": None, "seen": None}]
    )
    found = store.labels("tx", engine=engine).drop_columns(["at"])
    first, second = found.to_pylist()
    assert first == {**{k: v for k, v in row.items() if k != "at"}, "event_timestamp": NOON}
    assert second["card"] is None
    assert str(second["Price"]) == "1.50"
    view = FeatureView("v", entity=card, source=source, refresh="stream", features=["select"])
    with pytest.raises(InputError, match="'card' has 1 nulls"):
        store.get_historical_features(found.select(["card", "event_timestamp"]), [view])


def test_a_column_named_like_the_instants_needs_another_name(store: FeatureStore) -> None:
    source = Source("tx", schema={"card": String, "event_timestamp": Float64}, event_time="at")
    store.apply([card, source])
    with pytest.raises(InputError, match="name another for the instants, timestamp="):
        store.labels("tx")
    assert "label_at" in store.labels("tx", timestamp="label_at").column_names


@pytest.mark.parametrize(
    ("options", "error", "why"),
    [
        ({"columns": ["amuont"]}, UnknownNameError, "'payments'.*'amuont'. Did you mean 'amount'"),
        ({"columns": "amount"}, InputError, "give a list of columns: "),
        ({"where": "amount > 0"}, InputError, "write an expression such as"),
        ({"where": col("amount") + 1.0}, InputError, "is Float64, not Bool"),
        ({"where": col("amuont") > 0}, InputError, "where: .*'amuont'"),
        ({"start": NOON, "end": NOON}, InputError, "start is not before end"),
        ({"engine": "spark"}, InputError, "engine is 'spark'"),
    ],
)
def test_what_does_not_fit_is_refused(
    filled: FeatureStore, options: dict[str, Any], error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        filled.labels("payments", **options)


def test_an_unknown_source_is_refused(filled: FeatureStore) -> None:
    with pytest.raises(UnknownNameError, match=r"there is no source 'payment'\. Did you mean"):
        filled.labels("payment")
