"""Load, cut, train, serve: what users rely on, on the local AWS."""

from __future__ import annotations

import decimal
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skewless import Entity, Every, FeatureStore, FeatureView, Source, agg
from skewless.errors import OnlineStoreError, StoreError
from skewless.online.table import OnlineTable
from skewless.types import Array, Bool, Bytes, Decimal, Float64, Int64, String, Timestamp, ValueType
from tests.store.builders import NOON, card, label, model, payment, payments, profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.store.conftest import MovableClock

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    store.apply(model)
    history = [payment(-3000 + 10 * n, card="ab"[n % 2], amount=float(n)) for n in range(290)]
    store.backfill("payments", history)
    for view in ("spending", "profile"):
        store.materialize(view)
    return store


def test_rows_come_out_as_they_went_in_with_duplicates_and_labels(filled: FeatureStore) -> None:
    rows = [label(-60, note="x"), label(-5, card="nobody"), label(-60, note="y"), label(-60)]
    found = filled.get_historical_features(rows, "model").to_arrow()
    assert found["note"].to_pylist() == ["x", None, "y", None]
    assert found["card"].to_pylist() == ["a", "nobody", "a", "a"]
    means = found["amount_mean_1h"].to_pylist()
    assert means[0] == means[2] == means[3] is not None
    assert means[1] is None
    assert found["payments_7d"].to_pylist()[1] == 0


def test_a_frame_comes_back_in_its_own_library(filled: FeatureStore) -> None:
    rows = [label(-60), label(-30)]
    for frame, kind in (
        (pd.DataFrame(rows), pd.DataFrame),
        (pl.DataFrame(rows), pl.DataFrame),
        (pa.Table.from_pylist(rows), pa.Table),
    ):
        assert isinstance(filled.get_historical_features(frame, "model").to_frame(), kind)


def test_both_engines_give_one_digest_and_a_manifest_that_tells_how(filled: FeatureStore) -> None:
    rows = [label(-60), label(-30), label(-1, card="b")]
    first = filled.get_historical_features(rows, "model", engine="duckdb")
    second = filled.get_historical_features(rows, "model", engine="athena")
    assert first.manifest["digest"] == second.manifest["digest"]
    assert first.manifest["rows"] == 3
    assert first.manifest["mode"] == "as_served"
    assert not first.manifest["is_leak_prone"]
    assert "WITH" in first.manifest["sql"]
    assert {item["output"] for item in first.manifest["features"]} >= {"shop", "amount_ratio"}


def test_a_training_set_is_made_again_as_it_was_from_its_manifest(
    filled: FeatureStore, clock: MovableClock
) -> None:
    rows = [label(-60), label(-30)]
    before = filled.get_historical_features(rows, "model")
    clock.now = NOON + timedelta(days=1)
    filled.backfill("payments", [payment(-90, amount=1e6)], rewrite=True)
    assert (
        filled.get_historical_features(rows, "model").manifest["digest"]
        != (before.manifest["digest"])
    )
    again = filled.get_historical_features(rows, "model", snapshots=before.manifest["snapshots"])
    assert again.manifest["digest"] == before.manifest["digest"]


def test_what_is_served_is_what_is_trained_on(filled: FeatureStore, clock: MovableClock) -> None:
    filled.ingest("payments", [payment(0, amount=7.5), payment(-2, card="b", amount=0.1)])
    clock.now = NOON + timedelta(minutes=10)
    report = filled.verify("model", sample=20)
    report.raise_if_different()
    assert report.compared == 20 * 6
    assert report.stale == 0


def test_a_late_event_counts_from_when_it_was_known(
    filled: FeatureStore, clock: MovableClock
) -> None:
    before = filled.get_online_features("spending", {"card": "a"}).rows[0]["payments_7d"]
    clock.now = NOON + timedelta(hours=1)
    filled.ingest("payments", [payment(-30)])
    clock.now = NOON + timedelta(hours=2)
    after = filled.get_online_features("spending", {"card": "a"}).rows[0]["payments_7d"]
    assert after == before + 1
    rows = [label(59), label(61)]
    counts = filled.get_historical_features(rows, ["spending:payments_7d"]).to_arrow()
    assert counts["payments_7d"].to_pylist() == [before, after]


def test_a_cut_rewrites_only_entities_with_new_events(
    filled: FeatureStore, clock: MovableClock
) -> None:
    clock.now = NOON + timedelta(days=1)
    filled.materialize(profile)
    filled.ingest("payments", [payment(0, shop="new")])
    clock.now = NOON + timedelta(days=2)
    done = filled.materialize(profile)
    assert (done.is_new, done.entities, done.written) == (True, 1, 1)
    again = filled.materialize(profile)
    assert (again.is_new, again.written) == (False, 0)


def test_a_cut_becomes_visible_for_all_at_the_instant_that_training_says(
    filled: FeatureStore, clock: MovableClock
) -> None:
    filled.ingest("payments", [payment(0, shop="new")])
    midnight = NOON + timedelta(hours=12)
    clock.now = midnight
    filled.materialize(profile)
    for minutes, shop in ((119, "book"), (121, "new")):
        clock.now = midnight + timedelta(minutes=minutes)
        answer = filled.get_online_features("profile", {"card": "a"})
        assert answer.rows[0]["shop"] == shop
        assert answer.status[0]["profile"].status == "ok"
        rows = [{"card": "a", "event_timestamp": clock.now}]
        trained = filled.get_historical_features(rows, "profile").to_arrow()
        assert trained["shop"].to_pylist() == [shop]


def test_a_cut_that_is_not_there_is_stale_and_never_wrong(
    filled: FeatureStore, clock: MovableClock
) -> None:
    clock.now = NOON + timedelta(days=3)
    answer = filled.get_online_features("profile", {"card": "a"})
    assert answer.status[0]["profile"].status == "stale"
    assert answer.status[0]["profile"].as_of == NOON - timedelta(hours=12)


def test_a_cut_that_died_half_way_is_finished_by_the_next_run(
    filled: FeatureStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.ingest("payments", [payment(0, shop="new"), payment(0, card="b", shop="new")])
    clock.now = NOON + timedelta(days=1)

    def die(_table: OnlineTable, _view: str, _cut: int) -> None:
        raise OnlineStoreError("the function was killed")

    with monkeypatch.context() as patch:
        patch.setattr(OnlineTable, "commit_cut", die)
        with pytest.raises(OnlineStoreError):
            filled.materialize(profile)
    answer = filled.get_online_features("profile", [{"card": "a"}, {"card": "b"}])
    assert [status["profile"].status for status in answer.status] == ["stale", "stale"]
    assert [row["shop"] for row in answer.rows] == ["book", "book"]
    clock.now = NOON + timedelta(days=2)
    done = filled.materialize(profile)
    assert done.before is not None
    answer = filled.get_online_features("profile", [{"card": "a"}, {"card": "b"}])
    assert [row["shop"] for row in answer.rows] == ["new", "new"]
    assert [status["profile"].status for status in answer.status] == ["ok", "ok"]


def test_events_that_reached_the_log_only_are_applied_by_the_next_ingest(
    filled: FeatureStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = filled.get_online_features("spending", {"card": "a"}).rows[0]["payments_7d"]

    def die(*_arguments: Any) -> None:
        raise OnlineStoreError("throttled")

    with monkeypatch.context() as patch:
        patch.setattr(OnlineTable, "put_stream", die)
        with pytest.raises(OnlineStoreError):
            filled.ingest("payments", [payment(0)])
    clock.now = NOON + timedelta(minutes=1)
    filled.ingest("payments", [payment(1)])
    clock.now = NOON + timedelta(minutes=2)
    after = filled.get_online_features("spending", {"card": "a"}).rows[0]["payments_7d"]
    assert after == before + 2
    filled.verify("spending", sample=3).raise_if_different()


def test_a_replay_sees_only_what_was_known_then(filled: FeatureStore, clock: MovableClock) -> None:
    clock.now = NOON + timedelta(hours=1)
    filled.ingest("payments", [payment(-1)])
    clock.now = NOON + timedelta(hours=2)
    rows = [label(30, known=NOON + timedelta(minutes=minutes)) for minutes in (-3000, 0, 30)]
    replayed = (
        filled.get_historical_features(
            rows, ["spending:payments_7d"], mode="replay", watermark="known"
        )
        .to_arrow()["payments_7d"]
        .to_pylist()
    )
    assert replayed[0] == 0
    assert replayed[0] < replayed[1] <= replayed[2]


def test_a_locked_store_serves_the_same_and_does_nothing_else(
    filled: FeatureStore, clock: MovableClock, tmp_path: Path
) -> None:
    path = tmp_path / "skewless.lock"
    filled.lock("model", path)
    locked = FeatureStore.from_lock(path, session=filled.aws.session, clock=clock)
    row = {"card": "a", "amount": 20.0}
    assert locked.get_online_features(entity_rows=[row]).rows == (
        filled.get_online_features("model", [row]).rows
    )
    with pytest.raises(StoreError, match="lock file"):
        locked.backfill("payments", [payment()])


def test_two_versions_are_served_side_by_side(filled: FeatureStore, clock: MovableClock) -> None:
    second = FeatureView(
        "profile",
        entity=card,
        source=payments,
        refresh=Every("1d", delay="2h"),
        features=["shop", "items", "amount"],
        version=2,
    )
    filled.apply(second)
    filled.materialize("profile@2")
    clock.now = NOON + timedelta(minutes=1)
    old = filled.get_online_features("profile@1:shop", {"card": "a"}).rows[0]
    new = filled.get_online_features("profile", {"card": "a"}).rows[0]
    assert old["shop"] == new["shop"]
    assert set(new) == {"shop", "items", "amount"}


def test_every_type_comes_back_as_it_was_taken_in(
    new_store: Callable[[], FeatureStore], clock: MovableClock
) -> None:
    schema: dict[str, ValueType] = {
        "card": String,
        "yes": Bool,
        "whole": Int64,
        "real": Float64,
        "money": Decimal(12, 2),
        "at": Timestamp,
        "raw": Bytes,
        "tags": Array(String),
    }
    source = Source("things", schema=schema, event_time="seen_at")
    view = FeatureView(
        "thing", entity=card, source=source, refresh="stream", features=list(schema)[1:]
    )
    values = {
        "yes": True,
        "whole": 2**63 - 1,
        "real": 0.1,
        "money": decimal.Decimal("-1234567890.12"),
        "at": NOON.replace(year=1961, microsecond=1),
        "raw": b"\x00\xff",
        "tags": ["", "é"],
    }
    store = new_store()
    store.apply(view)
    store.materialize(view)
    result = store.ingest("things", [{"card": "", "seen_at": NOON, **values}])
    assert result.rejected == []
    clock.now = NOON + timedelta(seconds=1)
    assert store.get_online_features(view, {"card": ""}).rows == [values]
    rows = [{"card": "", "event_timestamp": clock.now}]
    for engine in ("duckdb", "athena"):
        (found,) = store.get_historical_features(rows, view, engine=engine).to_arrow().to_pylist()
        assert {name: found[name] for name in values} == values


def test_an_item_that_would_be_too_large_is_warned_of_in_the_plan(store: FeatureStore) -> None:
    view = FeatureView(
        "fine",
        entity=card,
        source=payments,
        refresh=Every("1d"),
        features={"deviation": agg.stddev_samp("amount", window="30d", hop="1m")},
    )
    plan = store.plan(view)
    (change,) = [change for change in plan.changes if change.name == "fine"]
    assert change.estimate is not None
    assert "409,600" in str(change.estimate["warning"])


def test_an_existing_table_is_read_where_it_is(store: FeatureStore) -> None:
    frame = pa.table(
        {
            "card": ["a", "a"],
            "amount": [1.0, float("nan")],
            "paid_at": pa.array([NOON - timedelta(hours=3), NOON - timedelta(hours=2)]),
        }
    )
    location = f"s3://{store.resources.bucket}/lake/old/"
    _glue_table(store, "old", frame, location)
    source = Source(
        "old",
        schema={"card": String, "amount": Float64},
        event_time="paid_at",
        delay="5m",
        table=f"{store.resources.database}.old",
    )
    view = FeatureView(
        "old_spending",
        entity=card,
        source=source,
        refresh=Every("1h"),
        features={"total": agg.sum("amount", window="1d"), "rows": agg.count(window="1d")},
    )
    store.apply(view)
    store.materialize(view)
    assert store.get_online_features(view, {"card": "a"}).rows == [{"total": 1.0, "rows": 2}]
    rows = [{"card": "a", "event_timestamp": NOON}]
    for engine in ("duckdb", "athena"):
        (found,) = store.get_historical_features(rows, view, engine=engine).to_arrow().to_pylist()
        assert (found["total"], found["rows"]) == (1.0, 2)


def _glue_table(store: FeatureStore, name: str, frame: pa.Table, location: str) -> None:
    import io  # noqa: PLC0415

    import pyarrow.parquet as pq  # noqa: PLC0415

    buffer = io.BytesIO()
    pq.write_table(frame, buffer)
    key = location.split("/", 3)[3] + "part.parquet"
    store.aws.client("s3").put_object(
        Bucket=store.resources.bucket, Key=key, Body=buffer.getvalue()
    )
    package = "org.apache.hadoop.hive.ql.io.parquet"
    store.aws.client("glue").create_table(
        DatabaseName=store.resources.database,
        TableInput={
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "parquet"},
            "StorageDescriptor": {
                "Columns": [
                    {"Name": "card", "Type": "string"},
                    {"Name": "amount", "Type": "double"},
                    {"Name": "paid_at", "Type": "timestamp"},
                ],
                "Location": location,
                "InputFormat": f"{package}.MapredParquetInputFormat",
                "OutputFormat": f"{package}.MapredParquetOutputFormat",
                "SerdeInfo": {"SerializationLibrary": f"{package}.serde.ParquetHiveSerDe"},
            },
        },
    )


def test_an_entity_with_two_keys_is_found_by_both(store: FeatureStore, clock: MovableClock) -> None:
    route = Entity("route", keys={"origin": String, "dest": String})
    source = Source(
        "hops", schema={"origin": String, "dest": String, "miles": Int64}, event_time="at"
    )
    view = FeatureView("miles", entity=route, source=source, refresh="stream", features=["miles"])
    store.apply(view)
    store.materialize(view)
    rows = [("a|b", "c", 1), ("a", "b|c", 2), ("a\\", "b", 3)]
    store.ingest("hops", [{"origin": o, "dest": d, "miles": m, "at": NOON} for o, d, m in rows])
    clock.now = NOON + timedelta(seconds=1)
    keys = [{"origin": o, "dest": d} for o, d, _ in rows]
    assert [row["miles"] for row in store.get_online_features(view, keys).rows] == [1, 2, 3]


def test_what_a_dead_process_left_in_the_log_is_repaired(
    filled: FeatureStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = filled.get_online_features("spending", {"card": "a"}).rows[0]["payments_7d"]

    def die(*_arguments: Any) -> None:
        raise OnlineStoreError("throttled")

    with monkeypatch.context() as patch:
        patch.setattr(OnlineTable, "put_stream", die)
        with pytest.raises(OnlineStoreError):
            filled.ingest("payments", [payment(0)])
    clock.now = NOON + timedelta(minutes=1)
    other = FeatureStore(filled.aws, filled.resources, clock=clock)
    other.repair("spending")
    after = other.get_online_features("spending", {"card": "a"}).rows[0]["payments_7d"]
    assert after == before + 1


def test_after_a_missed_cut_the_served_one_is_written_with_the_due_one(
    filled: FeatureStore, clock: MovableClock
) -> None:
    clock.now = NOON.replace(hour=1) + timedelta(days=5)
    done = filled.materialize(profile)
    assert done.before is not None
    answer = filled.get_online_features("profile", {"card": "a"})
    assert (answer.status[0]["profile"].status, answer.rows[0]["shop"]) == ("ok", "book")
