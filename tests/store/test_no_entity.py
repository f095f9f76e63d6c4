"""Views of no entity in a store: one value for all rows, under one key without columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skewless import Every, FeatureService, FeatureStore, FeatureView, agg
from skewless.cost import Traffic, predict
from skewless.errors import DefinitionError, InputError
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
