"""An entity is erased from all that the store keeps, and a report says so."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, Every, FeatureStore, FeatureView, Source
from skewless.compiler.plan import plan_view
from skewless.erasure import forget
from skewless.erasure.report import canonical, verify_report
from skewless.errors import ErasedSnapshotError, InputError, StoreError, UnknownNameError
from skewless.offline.tables.named import read_named
from skewless.offline.training.build import digest
from skewless.online.address import view_partition
from skewless.types import Bool, Date, Int64, String, Timestamp
from tests.ops.builders import ERASED, NOON, MovableClock, card, daily_view, payment, payments_view
from tests.ops.traces import kinds, traces

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from skewless.erasure.report import Erasure
    from skewless.offline.training.training_set import TrainingSet

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


SET = "sets/training.parquet"
OTHERS = [{"card": f"c{n}"} for n in range(4)]
FEATURES = ["spending", "profile"]


def fill(store: FeatureStore, *erased: str) -> None:
    """Give a store entities' traces, among those of others, everywhere."""
    doomed = erased or (ERASED,)
    store.apply([payments_view(), daily_view(), daily_view(version=2)])
    others = [payment(-3000 + 10 * n, card=f"c{n % 4}") for n in range(40)]
    history = [payment(-2000 + n, card=card) for card in doomed for n in range(7)]
    store.backfill("payments", [*others, *history])
    for view in ("spending", "profile@1", "profile@2"):
        store.materialize(view)
    cards = (*doomed, "c1")
    store.ingest(
        "payments",
        [
            *(payment(-1, card=card) for card in cards),
            *(payment(0, card=card, amount="much") for card in cards),
        ],
    )
    write_set(store, FEATURES, *doomed)


def write_set(store: FeatureStore, features: object, *erased: str) -> None:
    names = [*erased, "c1", *erased, "c2"]
    rows = [{"card": name, "event_timestamp": NOON} for name in names]
    made = store.get_historical_features(rows, features)
    made.write_parquet(f"s3://{store.resources.bucket}/{SET}")


@dataclass(frozen=True, kw_only=True)
class Erased:
    """A store after an erasure, and what was to be seen before."""

    store: FeatureStore
    traces: list[str]
    told: Erasure
    traces_after_dry_run: list[str]
    served: list[dict[str, Any]]
    manifest: Mapping[str, Any]
    report: Erasure


@pytest.fixture(scope="module")
def erased() -> Erased:
    """For tests that look at what an erasure left; whatever they forget again is gone."""
    store = FeatureStore.local("ops-erased", clock=MovableClock())
    fill(store)
    before = traces(store, ERASED)
    return Erased(
        store=store,
        traces=before,
        told=store.forget("card", ERASED, dry_run=True),
        traces_after_dry_run=traces(store, ERASED),
        served=store.get_online_features(FEATURES, OTHERS).rows,
        manifest=history_of_others(store).manifest,
        report=store.forget("card", ERASED),
    )


def history_of_others(store: FeatureStore, **options: Any) -> TrainingSet:
    rows = [{**key, "event_timestamp": NOON} for key in OTHERS]
    return store.get_historical_features(rows, FEATURES, **options)


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    """A store of one view, with an entity's events, its items and a training set."""
    store.apply(payments_view())
    store.backfill("payments", [payment(-60, card=card) for card in (ERASED, "c1")])
    store.materialize("spending")
    write_set(store, "spending", ERASED)
    return store


def counts(report: Any) -> dict[tuple[str, str], int]:
    return {(item.place, item.what): item.count for item in report.removed}


def items(store: FeatureStore, text: str) -> list[str]:
    pages = (
        store.aws.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=store.resources.online_table)
    )
    keys = [item["pk"]["S"] for page in pages for item in page["Items"]]
    return [key for key in keys if text in key]


def test_no_object_and_no_item_holds_an_erased_key(erased: Erased) -> None:
    assert kinds(erased.traces) == {"parquet", "avro"}
    assert any("quarantine" in key for key in erased.traces)
    assert any(key.startswith("sets/") for key in erased.traces)
    assert erased.report.is_complete
    assert traces(erased.store, ERASED) == []
    assert items(erased.store, ERASED) == []


def test_what_is_of_others_is_as_it_was(erased: Erased) -> None:
    store = erased.store
    assert store.get_online_features(FEATURES, OTHERS).rows == erased.served
    assert history_of_others(store).manifest["digest"] == erased.manifest["digest"]
    refused = store._workbench.quarantine.list().to_pylist()
    assert [json.loads(row["row"])["card"] for row in refused] == ["c1"]


def test_an_erased_entity_is_as_one_never_seen(erased: Erased) -> None:
    served = erased.store.get_online_features("spending", [{"card": ERASED}, {"card": "nobody"}])
    assert served.rows[0] == served.rows[1]
    assert [status["spending"].status for status in served.status] == ["missing", "missing"]


def test_the_report_counts_by_place_and_names_no_key(erased: Erased) -> None:
    found = counts(erased.report)
    assert found["log payments", "rows"] == 8
    assert found["log skewless_quarantine_payments", "rows"] == 1
    assert found["online spending@1", "items"] == 2
    assert found["online profile@1", "items"] == found["online profile@2", "items"] == 1
    assert found[f"training set s3://{erased.store.resources.bucket}/{SET}", "rows"] == 2
    assert found["log payments", "snapshots"] > 0
    assert found["log payments", "files"] > 0
    assert ERASED not in erased.report.text()


def test_a_dry_run_tells_the_same_and_changes_nothing(erased: Erased) -> None:
    assert erased.traces_after_dry_run == erased.traces
    assert erased.told.uri == ""
    done, told = counts(erased.report), counts(erased.told)
    for place, what in done:
        if what in ("rows", "items"):
            assert told[place, what] == done[place, what]


def test_a_second_run_finds_nothing_and_reports_it(erased: Erased) -> None:
    second = erased.store.forget("card", ERASED)
    assert (second.removed, second.again) == ((), ())
    assert second.uri != erased.report.uri
    resources = erased.store.resources
    assert verify_report(second.document(), resources.report_key, erased.store.aws)


def test_a_report_is_kept_and_its_signature_holds_to_the_letter(erased: Erased) -> None:
    aws, signing_key = erased.store.aws, erased.store.resources.report_key
    bucket, key = erased.report.uri.removeprefix("s3://").split("/", 1)
    body = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert verify_report(body, signing_key, aws)
    changed = json.loads(body)
    changed["removed"][0]["count"] -= 1
    assert not verify_report(changed, signing_key, aws)


def test_a_report_is_verified_by_openssl_alone(erased: Erased, tmp_path: Path) -> None:
    report = erased.report.document()
    kms = erased.store.aws.client("kms")
    public = kms.get_public_key(KeyId=erased.store.resources.report_key)["PublicKey"]
    for name, content in (
        ("key.der", public),
        ("body", canonical(report)),
        ("signature", base64.b64decode(report["signature"]["value"])),
    ):
        (tmp_path / name).write_bytes(content)
    command = "openssl dgst -sha256 -keyform DER -verify key.der -signature signature body"
    ran = subprocess.run(  # noqa: S603 - our own command
        command.split(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.stdout.strip() == "Verified OK", ran.stderr


def test_a_store_without_a_key_says_that_its_report_is_unsigned(erased: Erased) -> None:
    store = erased.store
    plain = FeatureStore(store.aws, replace(store.resources, report_key=""), clock=store.clock)
    report = plain.forget("card", ERASED)
    assert report.signature is None
    with pytest.raises(InputError, match="not signed"):
        verify_report(report.document(), store.resources.report_key, store.aws)


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_a_training_set_of_an_expired_snapshot_says_why_it_cannot_be_made(
    erased: Erased, engine: str
) -> None:
    with pytest.raises(ErasedSnapshotError, match="expired by the erasure") as caught:
        history_of_others(erased.store, snapshots=erased.manifest["snapshots"], engine=engine)
    assert caught.value.erasure == erased.report.id


def test_a_snapshot_that_never_was_is_not_blamed_on_an_erasure(erased: Erased) -> None:
    with pytest.raises(StoreError, match="no snapshot 12") as caught:
        history_of_others(erased.store, snapshots={"payments": 12})
    assert not isinstance(caught.value, ErasedSnapshotError)


def test_a_snapshot_from_before_the_entity_is_kept(
    store: FeatureStore, clock: MovableClock
) -> None:
    store.apply(payments_view())
    store.backfill("payments", [payment(-60, card="c1")])
    rows = [{"card": "c1", "event_timestamp": NOON}]
    before = store.get_historical_features(rows, "spending")
    store.ingest("payments", [payment(-1, card=ERASED)])
    store.forget("card", ERASED)
    again = store.get_historical_features(rows, "spending", snapshots=before.manifest["snapshots"])
    assert again.manifest["digest"] == before.manifest["digest"]


def test_a_training_set_is_written_anew_with_its_manifest(erased: Erased) -> None:
    uri = f"s3://{erased.store.resources.bucket}/{SET}"
    kept = read_named(uri, erased.store.aws)
    assert kept["card"].to_pylist() == ["c1", "c2"]
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    s3 = erased.store.aws.client("s3")
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=f"{key}.manifest.json")["Body"].read())
    features = [item["output"] for item in manifest["features"]]
    assert manifest["digest"] == digest(kept.select(features))
    assert manifest["rows"] == 2
    assert [item["erasure"] for item in manifest["erasures"]] == [erased.report.id]


def test_a_training_set_in_a_file_is_named_as_not_reached(
    filled: FeatureStore, tmp_path: Path
) -> None:
    rows = [{"card": ERASED, "event_timestamp": NOON}]
    path = tmp_path / "set.parquet"
    filled.get_historical_features(rows, "spending").write_parquet(str(path))
    report = filled.forget("card", ERASED)
    assert [item.place for item in report.not_reached] == [f"training set {path}"]


def test_a_training_set_that_was_deleted_is_no_obstacle(filled: FeatureStore) -> None:
    filled.aws.client("s3").delete_object(Bucket=filled.resources.bucket, Key=SET)
    assert filled.forget("card", ERASED).is_complete


def test_a_bucket_with_versions_keeps_none_with_the_key(store: FeatureStore) -> None:
    s3 = store.aws.client("s3")
    s3.put_bucket_versioning(
        Bucket=store.resources.bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    fill(store)
    write_set(store, FEATURES, ERASED)
    _delete_a_data_file_that_was_rewritten(store)
    assert store.forget("card", ERASED).is_complete
    assert traces(store, ERASED) == []


def _delete_a_data_file_that_was_rewritten(store: FeatureStore) -> None:
    """Leave a version behind a delete marker, as Glue's deletion of orphans does."""
    s3, bucket = store.aws.client("s3"), store.resources.bucket
    (source, *_) = [key for key in traces(store, ERASED, "log/") if key.endswith(".parquet")]
    content = s3.get_object(Bucket=bucket, Key=source)["Body"].read()
    stray = f"{source.rpartition('/')[0]}/orphan.parquet"
    s3.put_object(Bucket=bucket, Key=stray, Body=content)
    s3.delete_object(Bucket=bucket, Key=stray)


def test_a_file_that_a_writer_may_still_commit_is_left_and_told(filled: FeatureStore) -> None:
    s3, bucket = filled.aws.client("s3"), filled.resources.bucket
    (source, *_) = [key for key in traces(filled, ERASED, "log/payments") if "parquet" in key]
    stray = f"{source.rpartition('/')[0]}/stray.parquet"
    s3.copy_object(Bucket=bucket, Key=stray, CopySource={"Bucket": bucket, "Key": source})
    report = filled.forget("card", ERASED)
    assert not report.is_complete
    assert "1 files" in report.again[0]
    assert traces(filled, ERASED) == [stray]


def test_what_queries_left_is_deleted_or_told(filled: FeatureStore) -> None:
    filled.aws.client("s3").put_object(
        Bucket=filled.resources.bucket, Key="cuts/profile/1.json.gz", Body=b"x"
    )
    report = filled.forget("card", ERASED)
    assert [item.place for item in report.not_reached] == ["leftovers cuts/"]


def test_an_old_result_of_a_query_is_deleted(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.aws.client("s3").put_object(
        Bucket=filled.resources.bucket, Key="queries/1/a.csv", Body=ERASED.encode()
    )
    later = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr(forget, "_now", lambda: later)
    report = filled.forget("card", ERASED)
    assert counts(report)["leftovers queries/", "objects"] == 1
    assert traces(filled, ERASED) == []


def test_a_table_of_the_users_own_is_theirs_to_erase(store: FeatureStore) -> None:
    glue, database = store.aws.client("glue"), store.resources.database
    glue.create_table(
        DatabaseName=database,
        TableInput={
            "Name": "old",
            "StorageDescriptor": {
                "Columns": [],
                "Location": f"s3://{store.resources.bucket}/lake/",
            },
        },
    )
    source = Source("old", schema={"card": String}, event_time="at", table=f"{database}.old")
    store.apply(FeatureView("v", entity=card, source=source, refresh=Every("1d"), features=["at"]))
    report = store.forget("card", ERASED)
    assert [item.place for item in report.not_reached] == [f"table {database}.old"]


def test_a_cut_that_is_under_way_is_told(store: FeatureStore, clock: MovableClock) -> None:
    store.apply(daily_view())
    store.backfill("payments", [payment(-3000, card=ERASED)])
    store.materialize("profile")
    clock.now = NOON + timedelta(days=1)
    partition = view_partition(plan_view(daily_view()))
    midnight = int((NOON + timedelta(hours=12)).timestamp() * 1e6)
    store._table.begin_cut(partition, midnight)
    report = store.forget("card", ERASED)
    assert not report.is_complete
    assert "skewless materialize profile@1" in report.again[0]
    store.materialize("profile@1")
    assert store.forget("card", ERASED).is_complete


def test_a_composite_key_of_all_types_is_erased_exactly(store: FeatureStore) -> None:
    keys = {"who": String, "number": Int64, "flag": Bool, "since": Timestamp, "day": Date}
    entity = Entity("thing", keys=keys)
    source = Source("things", schema={**keys, "value": Int64}, event_time="at")
    view = FeatureView("v", entity=entity, source=source, refresh="stream", features=["value"])
    store.apply(view)
    store.materialize(view)
    erased = {"who": ERASED, "number": 42, "flag": True, "since": NOON, "day": NOON.date()}
    other = {"number": 43, "flag": False, "who": "b", "day": date(1970, 1, 1)}
    near = [{**erased, name: value} for name, value in other.items()]
    rows = [{**key, "value": 1, "at": NOON} for key in (erased, *near)]
    store.ingest("things", rows)
    report = store.forget("thing", erased)
    assert counts(report)["log things", "rows"] == 1
    assert store._workbench.log.scan(source).read_all().num_rows == 4
    served = store.get_online_features(view, [erased, *near], now=NOON + timedelta(seconds=1))
    assert [row["value"] for row in served.rows] == [None, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("entity", "key", "error", "message"),
    [
        ("cart", "a", UnknownNameError, "Did you mean 'card'"),
        ("card", 42, InputError, "is 42, which is not String"),
        ("card", {"shop": "a"}, InputError, "has no key 'shop'"),
        ("card", {}, InputError, "lacks 'card'"),
    ],
)
def test_a_key_that_does_not_fit_is_refused(
    erased: Erased, entity: str, key: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        erased.store.forget(entity, key)
    assert message in str(caught.value)
