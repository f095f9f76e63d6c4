"""Views of no entity in a store: one value for all rows, under one key without columns."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skewless import Entity, Every, FeatureService, FeatureStore, FeatureView, Source, agg
from skewless.cost import Traffic, predict
from skewless.errors import DefinitionError, InputError
from skewless.types import Float64, String
from tests.offline.user_lake import a_glue_table, put
from tests.store.builders import NOON, payment, payments, profile

if TYPE_CHECKING:
    from pathlib import Path

WORLD = FeatureView(
    "world",
    entity=None,
    source=payments,
    refresh="stream",
    features={"all_7d": agg.count(window="7d"), "highest": agg.max("amount", window="7d")},
)
LATEST = FeatureView(
    "latest", entity=None, source=payments, refresh=Every("1d", delay="2h"), features=["shop"]
)
MODEL = FeatureService("model", features=[WORLD, LATEST, profile["items"]])
ROW = {"card": "a", "event_timestamp": NOON}


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    store.apply(MODEL)
    store.backfill(
        "payments",
        [
            payment(-3000, card="a", amount=1.0, shop="book"),
            payment(-2900, card="b", amount=7.0, shop="tea"),
            payment(-2950, card=None, amount=3.0),
        ],
    )
    for view in MODEL.features:
        store.materialize(view[0])
    return store


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_labels_need_no_keys_of_it(filled: FeatureStore, engine: str) -> None:
    made = filled.get_historical_features(
        [{"event_timestamp": NOON}], [WORLD, LATEST], engine=engine, with_status=True
    )
    (row,) = made.to_arrow().to_pylist()
    assert (row["all_7d"], row["highest"], row["shop"]) == (3, 7.0, "tea")
    assert row["skewless_status__world"] == "ok"
    both = filled.get_historical_features([ROW, {**ROW, "card": "x"}], MODEL, engine=engine)
    assert both.to_arrow()["all_7d"].to_pylist() == [3, 3]
    assert both.to_arrow()["items"].to_pylist() == [1, None]


@pytest.mark.parametrize(
    "rows",
    [
        [{}, {}],
        pd.DataFrame({"note": ["x", "y"]}),
        pl.DataFrame({"note": ["x", "y"]}),
        pa.table({"note": ["x", "y"]}),
    ],
    ids=["dicts", "pandas", "polars", "arrow"],
)
def test_rows_of_a_request_need_no_keys_either(filled: FeatureStore, rows: Any) -> None:
    answer = filled.get_online_features([WORLD, LATEST], rows)
    assert answer.to_dict() == {"all_7d": [3, 3], "highest": [7.0, 7.0], "shop": ["tea", "tea"]}
    assert len(answer.to_arrow()) == len(answer.to_pandas()) == answer.to_polars().height == 2


def test_a_stream_counts_events_of_every_key_and_of_none(filled: FeatureStore) -> None:
    filled.ingest("payments", [payment(-1, card="c"), payment(-1, card=None, amount=9.0)])
    answer = filled.get_online_features(WORLD, {})
    assert answer.rows == [{"all_7d": 5, "highest": 10.0}]
    filled.verify(MODEL, sample=3).raise_if_different()
    filled.verify(WORLD).raise_if_different()


def test_a_lock_keeps_it(filled: FeatureStore, tmp_path: Path) -> None:
    filled.lock(MODEL, tmp_path / "skewless.lock")
    assert '"entity": null' in (tmp_path / "skewless.lock").read_text()
    assert not filled.plan([MODEL]).has_changes


def test_it_is_built_anew_without_an_erased_entitys_events_and_has_no_key_to_forget(
    filled: FeatureStore,
) -> None:
    filled.ingest("payments", [payment(-1, card="b", amount=9.0)])
    with pytest.raises(InputError, match="the view 'world' is of no entity"):
        filled.forget("world", "b")
    assert filled.forget("card", "b").is_complete
    assert filled.get_online_features([WORLD, LATEST], {}).rows == [
        {"all_7d": 2, "highest": 3.0, "shop": "book"}
    ]


def test_it_may_have_another_name_and_no_other_columns(filled: FeatureStore) -> None:
    both = [WORLD["highest"], WORLD.with_name("market")["highest"]]
    answer = filled.get_online_features(both, {})
    assert answer.rows == [{"world__highest": 7.0, "market__highest": 7.0}]
    made = filled.get_historical_features([{"event_timestamp": NOON}], both)
    assert made.to_arrow()["market__highest"].to_pylist() == [7.0]
    with pytest.raises(DefinitionError, match="it is of no entity, so it has no keys"):
        WORLD.with_join_key_map({"card": "payer"})


def test_its_cost_is_that_of_one_entity(filled: FeatureStore) -> None:
    traffic = Traffic(entities={"card": 100}, events={"payments": 1000}, predictions={"world": 10})
    assert predict(filled.published, traffic).row_read_units["world"] > 0


def visits(store: FeatureStore, **columns: Any) -> FeatureService:
    """Views of no entity, and one of an entity beside them, over a Glue table of the user's own."""
    at = NOON.replace(tzinfo=None)
    rows: dict[str, Any] = {
        "card": ["a", "b", None, "a", "c"],
        "amount": [1.0, 7.0, 3.0, float("nan"), 9.0],
        "at": [at - timedelta(hours=hours) for hours in (30, 40, 50, 26, 1)],
        **columns,
    }
    put(store.aws, store.resources.bucket, "visits/0.parquet", pa.table(rows))
    kinds = {"card": "string", "amount": "double", "at": "timestamp"}
    source = Source(
        "visits",
        schema={"card": String, "amount": Float64},
        event_time="at",
        table=a_glue_table(
            store.aws,
            store.resources.database,
            kinds,
            name="visits",
            Location=f"s3://{store.resources.bucket}/visits/",
        ),
    )
    card = Entity("visitor", keys={"card": String})
    summed = {"all": agg.count(window="7d"), "total": agg.sum("amount", window="7d")}
    seldom = Every("1d", delay="2h")
    views = [
        FeatureView("everybody", entity=None, source=source, refresh=seldom, features=summed),
        FeatureView("newest", entity=None, source=source, refresh=seldom, features=["amount"]),
        FeatureView(
            "own",
            entity=card,
            source=source,
            refresh=seldom,
            features={"n": agg.count(window="7d")},
        ),
    ]
    return FeatureService("visiting", features=views)


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_a_table_of_the_users_own_has_one_value_too(store: FeatureStore, engine: str) -> None:
    service = visits(store)
    store.apply(service)
    labels = [{"card": name, "event_timestamp": NOON} for name in ("a", "x", "b")]
    made = store.get_historical_features(labels, service, engine=engine).to_arrow()
    assert made["all"].to_pylist() == [4] * 3  # the last visit is younger than the cut
    assert made["total"].to_pylist() == [11.0] * 3
    assert made["n"].to_pylist() == [2, 0, 1]
    for view in service.features:
        store.materialize(view[0], engine=engine)
    asked = [{"card": name} for name in ("a", "x", "b")]
    answer = store.get_online_features(service, asked)
    assert answer.to_dict() == {
        name: made[name].to_pylist() for name in ("all", "total", "amount", "n")
    }
    store.verify(service, engine=engine).raise_if_different()


def test_a_table_without_rows_or_times_is_counted_as_nothing(store: FeatureStore) -> None:
    times = pa.array([None] * 5, pa.timestamp("us"))
    service = visits(store, at=times)
    store.apply(service)
    made = store.get_historical_features([{"event_timestamp": NOON}], "everybody").to_arrow()
    assert (made["all"][0].as_py(), made["total"][0].as_py()) == (0, None)
    store.materialize("everybody")
    assert store.get_online_features("everybody", {}).rows == [{"all": 0, "total": None}]
    store.verify("everybody").raise_if_different()


def test_its_history_needs_no_labels(filled: FeatureStore) -> None:
    made = filled.get_historical_features(
        None, [WORLD], start=NOON - timedelta(days=3), end=NOON, every="1d"
    )
    assert made.to_arrow()["all_7d"].to_pylist() == [0, 3, 3]
