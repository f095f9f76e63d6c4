"""A training set is made again from its labels and its manifest, or the store says why not."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pytest

from skewless import Every, FeatureView, Source, agg
from skewless.errors import InputError, RebuildError, StoreError
from skewless.offline.lake.day_table import DayTable
from skewless.types import Int64, String, Timestamp
from tests.offline.user_lake import a_glue_table, put
from tests.store.builders import NOON, card, label, model, payment, payments

if TYPE_CHECKING:
    from pathlib import Path

    from skewless import FeatureStore
    from skewless.offline.training.training_set import TrainingSet
    from tests.store.conftest import MovableClock

ENGINES = ["duckdb", "athena"]
PAIRS = list(itertools.product(ENGINES, ENGINES))


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    store.apply(model)
    store.backfill("payments", [payment(-300 + n, amount=float(n)) for n in range(200)])
    return store


def labels() -> pd.DataFrame:
    rows = [label(-60, note="x"), label(-5, card="nobody"), label(-90)]
    return pd.DataFrame(rows, index=[7, 3, 7])


def late(store: FeatureStore) -> None:
    """Load what changes every value of the labels."""
    store.backfill("payments", [payment(-n, amount=1e6) for n in range(61, 90)], rewrite=True)


def assert_same(again: TrainingSet, made: TrainingSet) -> None:
    assert again.manifest["digest"] == made.manifest["digest"]
    pd.testing.assert_frame_equal(again.to_pandas(), made.to_pandas())


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_set_is_made_again_by_either_engine_whatever_was_loaded_since(
    filled: FeatureStore, first: str, second: str
) -> None:
    made = filled.get_historical_features(labels(), "model", engine=first)
    assert made.manifest["rebuildable"]
    late(filled)
    now = filled.get_historical_features(labels(), "model", engine=first)
    assert now.manifest["digest"] != made.manifest["digest"]
    assert_same(filled.rebuild(labels(), made.manifest, engine=second), made)


@pytest.mark.parametrize(
    "options",
    [
        {"full_names": True},
        {"mode": "event_time"},
        {"mode": "replay", "watermark": "known_at"},
        {"timestamp": "at"},
    ],
    ids=str,
)
def test_all_that_was_asked_for_is_in_the_manifest(
    filled: FeatureStore, options: dict[str, Any]
) -> None:
    frame = labels().assign(known_at=NOON - timedelta(minutes=70))
    frame = frame.rename(columns={"event_timestamp": options.get("timestamp", "event_timestamp")})
    made = filled.get_historical_features(frame, "model", **options)
    late(filled)
    assert_same(filled.rebuild(frame, json.loads(json.dumps(made.manifest))), made)


def test_a_written_manifest_is_read_by_the_place_of_its_set(
    filled: FeatureStore, tmp_path: Path
) -> None:
    made = filled.get_historical_features(labels(), "model")
    for place in (str(tmp_path / "set.parquet"), f"s3://{filled.resources.bucket}/set.parquet"):
        made.write_parquet(place)
        assert_same(filled.rebuild(labels(), place), made)
        assert_same(filled.rebuild(labels(), f"{place}.manifest.json"), made)
    with pytest.raises(InputError, match="nowhere"):
        filled.rebuild(labels(), "nowhere.parquet")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_set_of_an_empty_log_is_made_again_empty(store: FeatureStore, engine: str) -> None:
    store.apply(model)
    made = store.get_historical_features(labels(), "model", engine=engine)
    assert made.manifest["snapshots"] == {"payments": None}
    store.backfill("payments", [payment(-300 + n) for n in range(200)])
    assert_same(store.rebuild(labels(), made.manifest, engine=engine), made)


def test_the_version_that_the_set_was_made_of_is_used(filled: FeatureStore) -> None:
    made = filled.get_historical_features(labels(), "spending")
    view = FeatureView(
        "spending",
        entity=card,
        source=payments,
        refresh="stream",
        features={"amount_mean_1h": agg.mean("amount", window="2h")},
        version=2,
    )
    filled.apply(view)
    assert_same(filled.rebuild(labels(), made.manifest), made)


def test_other_labels_are_told(filled: FeatureStore) -> None:
    made = filled.get_historical_features(labels(), "model")
    with pytest.raises(RebuildError, match="there are 2 labels, and it was made of 3"):
        filled.rebuild(labels().iloc[:2], made.manifest)
    with pytest.raises(RebuildError, match="other keys, instants or request fields, or another"):
        filled.rebuild(labels().iloc[::-1], made.manifest)


def test_what_is_published_otherwise_or_not_at_all_is_told(filled: FeatureStore) -> None:
    made = json.loads(json.dumps(filled.get_historical_features(labels(), "model").manifest))
    made["features"][0]["fingerprint"] = "0" * 16
    with pytest.raises(RebuildError, match="published here with another meaning"):
        filled.rebuild(labels(), made)
    made["features"][0]["version"] = 9
    with pytest.raises(RebuildError, match="spending@9"):
        filled.rebuild(labels(), made)


def test_a_snapshot_that_never_was_is_told_before_anything_is_read(filled: FeatureStore) -> None:
    made = dict(filled.get_historical_features(labels(), "model").manifest)
    with pytest.raises(StoreError, match="has no snapshot 5"):
        filled.rebuild(labels(), {**made, "snapshots": {"payments": 5}})


def a_view(store: FeatureStore, **source: Any) -> FeatureView:
    events = Source(
        "visits",
        schema={"card": String, "x": Int64},
        event_time="at",
        table=f"{store.resources.database}.lake",
        **source,
    )
    return FeatureView(
        "visiting",
        entity=card,
        source=events,
        refresh=Every("1h"),
        features={"n": agg.count(window=None)},
    )


def visits(count: int) -> pa.Table:
    at = [NOON.replace(tzinfo=None) - timedelta(hours=3)] * count
    return pa.table({"card": ["a"] * count, "x": list(range(count)), "at": at})


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_an_iceberg_table_of_the_users_own_is_pinned(
    store: FeatureStore, first: str, second: str
) -> None:
    columns = {"card": String, "x": Int64, "at": Timestamp}
    lake = DayTable(store.aws, store.resources, "lake", columns, day_of="at")
    lake.create()
    rows = {name: visits(2)[name] for name in ("card", "x")}
    at = pa.array([NOON - timedelta(hours=3)] * 2, pa.timestamp("us", "UTC"))
    lake.append({**rows, "at": at})
    store.apply(a_view(store))
    made = store.get_historical_features(labels(), "visiting", engine=first)
    assert made.to_pandas()["n"].tolist() == [2, 0, 2]
    assert made.manifest["rebuildable"]
    lake.append({**rows, "at": at})
    now = store.get_historical_features(labels(), "visiting", engine=first)
    assert now.to_pandas()["n"].tolist() == [4, 0, 4]
    assert_same(store.rebuild(labels(), made.manifest, engine=second), made)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_table_without_snapshots_is_said_beforehand_not_to_be_rebuildable(
    store: FeatureStore, engine: str
) -> None:
    columns = {"card": "string", "x": "bigint", "at": "timestamp"}
    put(store.aws, store.resources.bucket, "lake/0.parquet", visits(2))
    a_glue_table(
        store.aws,
        store.resources.database,
        columns,
        name="lake",
        Location=f"s3://{store.resources.bucket}/lake/",
    )
    store.apply(a_view(store))
    made = store.get_historical_features(labels(), "visiting", engine=engine)
    assert made.to_pandas()["n"].tolist() == [2, 0, 2]
    assert not made.manifest["rebuildable"]
    assert "not Iceberg and keeps no snapshots" in made.manifest["rebuild_problems"][0]
    with pytest.raises(RebuildError, match="not Iceberg and keeps no snapshots"):
        store.rebuild(labels(), made.manifest)


def test_what_an_erasure_took_is_told(filled: FeatureStore, clock: MovableClock) -> None:
    made = filled.get_historical_features(labels(), "model")
    clock.now = NOON + timedelta(days=1)
    filled.forget("card", "a")
    with pytest.raises(StoreError, match="was expired by the erasure"):
        filled.rebuild(labels(), made.manifest)
