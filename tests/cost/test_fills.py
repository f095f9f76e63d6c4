"""What a first cut takes, predicted and done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skewless import Entity, Every, FeatureStore, FeatureView, Source, agg, col
from skewless.cost import Traffic
from skewless.cost.fills import fill_of
from skewless.errors import InputError, PublishError
from skewless.materialize.log_size import size_of
from skewless.registry.fill import LogSize
from skewless.types import Float64, Map, String
from tests.strategies import feature_views, sources

if TYPE_CHECKING:
    from skewless.materialize.cut import Materialized
    from skewless.registry.fill import Fill

NOW = datetime(2026, 5, 10, 12, tzinfo=UTC)
MICROSECONDS = int(NOW.timestamp() * 1_000_000)
DAY = 86_400_000_000
USERS, ROWS, DAYS = 40, 800, 30
user = Entity("user", keys={"user_id": String})
orders = Source(
    "orders",
    schema={"user_id": String, "amount": Float64, "city": String},
    event_time="ordered_at",
)
WEEK = {"mean_7d": agg.mean("amount", window="7d"), "count_7d": agg.count(window="7d")}
TOLD = Traffic({"user": USERS}, {"orders": ROWS / DAYS})
LOG = LogSize(1_000_000, 40_000_000, MICROSECONDS - 100 * DAY)


def a_view(**changes: Any) -> FeatureView:
    given = {"entity": user, "source": orders, "refresh": "stream", "features": WEEK, **changes}
    return FeatureView(given.pop("name", "spending"), **given)


def fill(view: FeatureView, size: LogSize = LOG, traffic: Traffic | None = None) -> Fill:
    return fill_of(view, size, MICROSECONDS, traffic)


@pytest.fixture(scope="module")
def store() -> FeatureStore:
    found = FeatureStore.local(clock=NOW)
    found.apply(orders)
    found.backfill(
        "orders",
        [
            {
                "user_id": f"u{number % USERS}",
                "amount": number / 7,
                "city": "Paris",
                "ordered_at": NOW - timedelta(minutes=1 + number * DAYS * 1_440 // ROWS),
            }
            for number in range(ROWS)
        ],
    )
    return found


def planned(store: FeatureStore, view: FeatureView, traffic: Traffic | None = None) -> Fill:
    (found,) = [one.fill for one in store.plan(view, traffic=traffic).changes if one.fill]
    return found


def online(store: FeatureStore, view: FeatureView) -> list[int]:
    """The bytes of the items of a view's entities, as they are in the table."""
    pages = store.aws.client("dynamodb").get_paginator("scan")
    items = [
        item
        for page in pages.paginate(TableName=store.resources.online_table)
        for item in page["Items"]
        if item["pk"]["S"].startswith(f"{view.name}@") and item["sk"]["S"][0] in "BS"
    ]
    assert items
    return [sum(len(name) + _size(value) for name, value in item.items()) for item in items]


def _size(value: dict[str, Any]) -> int:
    (found,) = value.values()
    return len(found) if isinstance(found, bytes | str) else 8


@pytest.mark.parametrize(
    "view",
    [
        a_view(),
        a_view(name="daily", refresh=Every("1d")),
        a_view(name="latest", features=["amount", "city"], refresh=Every("1h")),
        a_view(
            name="wide",
            refresh=Every("1d"),
            features={"most": agg.max("amount", window="30d", hop="1h")},
        ),
    ],
    ids=lambda view: view.name,
)
def test_a_first_cut_takes_what_the_plan_said(store: FeatureStore, view: FeatureView) -> None:
    at_most, told = planned(store, view), planned(store, view, TOLD)
    assert (at_most.log_rows, at_most.is_told, told.is_told) == (ROWS, False, True)
    store.apply(view)
    done: Materialized | None = store.materialize(view)
    while done is not None and not done.entities:
        done = done.before
    sizes = online(store, view)
    assert done is not None
    assert told.items is not None
    assert told.item_bytes is not None
    assert told.write_units is not None
    assert len(sizes) <= told.items <= 2 * len(sizes)
    assert sum(sizes) / 3 <= told.items * told.item_bytes <= 3 * sum(sizes)
    assert done.write_units <= told.write_units <= 2 * done.write_units + USERS
    # Where nobody says how many entities there are, the bound holds, and is said to be one.
    assert (at_most.items or 0) >= told.items
    assert (at_most.write_units or 0) >= told.write_units


def test_a_source_is_looked_at_once_and_a_plan_without_new_views_not_at_all(
    store: FeatureStore,
) -> None:
    calls: list[str] = []
    looked = {"GetTable", "GetObject"}

    def note(model: Any, **_: Any) -> None:
        if model.name in looked:
            calls.append(model.name)

    for name in ("glue", "s3"):
        store.aws.client(name).meta.events.register("before-call", note)
    store.plan([a_view(name="one"), a_view(name="two"), a_view(name="three", refresh=Every("1h"))])
    assert calls == ["GetTable", "GetObject"]
    calls.clear()
    store.plan(orders)
    assert calls == []


def test_a_new_log_fills_nothing(store: FeatureStore) -> None:
    new = Source("clicks", schema={"user_id": String}, event_time="at")
    view = a_view(name="clicked", source=new, features={"n": agg.count(window="1d")})
    found = planned(store, view)
    assert (found.is_nothing, found.items, found.dollars) == (True, 0, 0.0)


def test_a_table_of_unknown_size_must_be_named_to_be_read_again() -> None:
    store = FeatureStore.local(clock=NOW)
    columns = [{"Name": "user_id", "Type": "string"}, {"Name": "at", "Type": "timestamp"}]
    glue = store.aws.client("glue")
    glue.create_database(DatabaseInput={"Name": "lake"})
    glue.create_table(
        DatabaseName="lake",
        TableInput={
            "Name": "visits",
            "StorageDescriptor": {"Columns": columns, "Location": "s3://lake/visits/"},
        },
    )
    visits = Source("visits", schema={"user_id": String}, event_time="at", table="lake.visits")
    first = a_view(source=visits, refresh=Every("1d"), features={"n": agg.count(window="7d")})
    second = a_view(
        source=visits, refresh=Every("1d"), features={"n": agg.count(window="8d")}, version=2
    )
    store.apply(first)
    assert "nor statistics" in planned(store, second).why_unknown
    with pytest.raises(PublishError, match="name what is filled: refill='spending@2'"):
        store.apply(second)
    with pytest.raises(InputError, match="there are: spending@2"):
        store.apply(second, refill=["spending@3"])
    assert len(store.published.definitions.views) == 1
    tried = store.dev("anna")
    tried.apply(second)
    with pytest.raises(PublishError, match="promote spending@2 as well"):
        tried.promote()
    assert len(store.published.definitions.views) == 1
    tried.promote("spending")
    store.refresh()
    assert len(store.published.definitions.views) == 2
    store.apply(second, refill="spending@2")


def test_a_view_of_no_entity_has_one_item() -> None:
    found = fill(a_view(entity=None, refresh=Every("1d")))
    assert (found.items, found.is_told) == (1, True)


def test_a_condition_that_leaves_the_example_out_is_of_no_matter() -> None:
    found = fill(a_view(where=col("city") == "Paris"))
    assert found.items == fill(a_view()).items
    assert found.write_units == fill(a_view()).write_units


def test_there_are_no_more_entities_than_rows() -> None:
    assert fill(a_view(refresh=Every("1d")), traffic=Traffic({"user": 5e9}, {})).items == LOG.rows


def test_only_the_columns_that_are_read_are_scanned() -> None:
    few = fill(a_view(features={"n": agg.count(window="7d")}, refresh=Every("1d")))
    large = LogSize(10**10, 10**12)
    assert 0.5 < (few.scanned_bytes or 0) / (LOG.bytes or 1) < 0.75
    assert fill(a_view(refresh=Every("1d")), LogSize(9, 900)).scanned_bytes == 10_000_000
    assert 3e11 < (fill(a_view(refresh=Every("1d")), large).scanned_bytes or 0) < 1e12


def test_the_size_of_a_log_is_in_its_metadata() -> None:
    summary = {"total-records": "12", "total-files-size": "3400", "total-position-deletes": "2"}
    claims = '[["a",0,5,null,77],["b",0,5,null,55]]'
    snapshots = [
        {"snapshot-id": 1, "summary": {"skewless.claims": claims}},
        {"snapshot-id": 2, "summary": summary},
    ]
    found = size_of({"current-snapshot-id": 2, "snapshots": snapshots})
    assert found == LogSize(10, 3400, 55)
    for empty in ({}, {"current-snapshot-id": -1, "snapshots": []}, {"current-snapshot-id": None}):
        assert size_of(empty) == LogSize(0, 0)
    silent = size_of({"current-snapshot-id": 1, "snapshots": snapshots})
    assert (silent.rows, silent.why_unknown) == (
        None,
        "the table's latest snapshot does not say its size",
    )


@settings(max_examples=30)
@given(st.data(), st.integers(1, 10**9), st.integers(1, 10**6))
def test_whatever_a_view_is_its_fill_is_bounded(data: st.DataObject, rows: int, count: int) -> None:
    view = data.draw(feature_views(data.draw(sources())))
    size = LogSize(rows, 30 * rows, MICROSECONDS - 100 * DAY)
    told = fill(view, size, Traffic({view.entity.name: count}, {}) if view.entity.keys else None)
    most = fill(view, size)
    assert 0 < (told.items or 0) <= (most.items or 0)
    assert 0 < (told.write_units or 0) <= (most.write_units or 0)


def test_a_map_has_a_usual_size() -> None:
    source = Source("s", schema={"user_id": String, "m": Map(String, Float64)}, event_time="at")
    found = fill(a_view(source=source, features=["m"], refresh=Every("1d")))
    assert found.item_bytes is not None
    assert 60 < found.item_bytes < 200
