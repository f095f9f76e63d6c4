"""An entity is erased from all that the store keeps, and a report says so."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, Every, FeatureStore, FeatureView, Source
from skewless.erasure.report import canonical, verify_report
from skewless.errors import ErasedSnapshotError, InputError, StoreError, UnknownNameError
from skewless.types import Bool, Int64, String, Timestamp
from tests.ops.builders import ERASED, NOON, card, daily_view, payment, payments_view
from tests.ops.traces import kinds, traces

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ops.builders import MovableClock

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def fill(store: FeatureStore) -> None:
    """Give a store an entity's traces, among those of others, everywhere."""
    store.apply([payments_view(), daily_view(), daily_view(version=2)])
    others = [payment(-3000 + 10 * n, card=f"c{n % 4}") for n in range(40)]
    store.backfill("payments", [*others, *(payment(-2000 + n, card=ERASED) for n in range(7))])
    for view in ("spending", "profile@1", "profile@2"):
        store.materialize(view)
    store.ingest(
        "payments",
        [
            payment(-1, card=ERASED),
            payment(-1, card="c1"),
            payment(0, card=ERASED, amount="much"),
            payment(0, card="c1", amount="much"),
        ],
    )
    write_set(store, "sets/training.parquet")


def write_set(store: FeatureStore, key: str) -> Any:
    rows = [{"card": name, "event_timestamp": NOON} for name in (ERASED, "c1", ERASED, "c2")]
    made = store.get_historical_features(rows, ["spending", "profile"])
    made.write_parquet(f"s3://{store.resources.bucket}/{key}")
    return made


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    fill(store)
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


def test_no_object_and_no_item_holds_an_erased_key(filled: FeatureStore) -> None:
    before = traces(filled, ERASED)
    assert kinds(before) == {"parquet", "avro"}
    assert any("quarantine" in key for key in before)
    assert any(key.startswith("sets/") for key in before)
    report = filled.forget("card", ERASED)
    assert report.is_complete
    assert traces(filled, ERASED) == []
    assert items(filled, ERASED) == []


def test_what_is_of_others_is_as_it_was(filled: FeatureStore) -> None:
    keys = [{"card": f"c{n}"} for n in range(4)]
    rows = [{**key, "event_timestamp": NOON} for key in keys]
    before = filled.get_online_features(["spending", "profile"], keys).rows
    trained = filled.get_historical_features(rows, ["spending", "profile"])
    filled.forget("card", ERASED)
    assert filled.get_online_features(["spending", "profile"], keys).rows == before
    again = filled.get_historical_features(rows, ["spending", "profile"])
    assert again.manifest["digest"] == trained.manifest["digest"]
    refused = filled._workbench.quarantine.list().to_pylist()
    assert [json.loads(row["row"])["card"] for row in refused] == ["c1"]


def test_an_erased_entity_is_as_one_never_seen(filled: FeatureStore) -> None:
    filled.forget("card", ERASED)
    served = filled.get_online_features("spending", [{"card": ERASED}, {"card": "nobody"}])
    assert served.rows[0] == served.rows[1]
    assert [status["spending"].status for status in served.status] == ["missing", "missing"]


def test_the_report_counts_by_place_and_names_no_key(filled: FeatureStore) -> None:
    report = filled.forget("card", ERASED)
    found = counts(report)
    assert found["log payments", "rows"] == 8
    assert found["log skewless_quarantine", "rows"] == 1
    assert found["online spending@1", "items"] == 2
    assert found["online profile@1", "items"] == found["online profile@2", "items"] == 1
    assert found[f"training set s3://{filled.resources.bucket}/sets/training.parquet", "rows"] == 2
    assert found["log payments", "snapshots"] > 0
    assert found["log payments", "files"] > 0
    assert ERASED not in report.text()


def test_a_dry_run_tells_the_same_and_changes_nothing(filled: FeatureStore) -> None:
    before = traces(filled, ERASED)
    expected = filled.forget("card", ERASED, dry_run=True)
    assert traces(filled, ERASED) == before
    assert expected.uri == ""
    done = counts(filled.forget("card", ERASED))
    told = counts(expected)
    for place, what in done:
        if what in ("rows", "items"):
            assert told[place, what] == done[place, what]


def test_a_second_run_finds_nothing_and_reports_it(filled: FeatureStore) -> None:
    first = filled.forget("card", ERASED)
    second = filled.forget("card", ERASED)
    assert (second.removed, second.again) == ((), ())
    assert second.uri != first.uri
    assert verify_report(second.document(), filled.resources.report_key, filled.aws)


def test_a_report_is_kept_and_its_signature_holds_to_the_letter(filled: FeatureStore) -> None:
    report = filled.forget("card", ERASED)
    bucket, key = report.uri.removeprefix("s3://").split("/", 1)
    body = filled.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert verify_report(body, filled.resources.report_key, filled.aws)
    changed = json.loads(body)
    changed["removed"][0]["count"] -= 1
    assert not verify_report(changed, filled.resources.report_key, filled.aws)


def test_a_report_is_verified_by_openssl_alone(filled: FeatureStore, tmp_path: Path) -> None:
    import base64  # noqa: PLC0415

    report = filled.forget("card", ERASED).document()
    kms = filled.aws.client("kms")
    public = kms.get_public_key(KeyId=filled.resources.report_key)["PublicKey"]
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


def test_a_store_without_a_key_says_that_its_report_is_unsigned(
    filled: FeatureStore, clock: MovableClock
) -> None:
    from dataclasses import replace  # noqa: PLC0415

    plain = FeatureStore(filled.aws, replace(filled.resources, report_key=""), clock=clock)
    report = plain.forget("card", ERASED)
    assert report.signature is None
    with pytest.raises(InputError, match="not signed"):
        verify_report(report.document(), filled.resources.report_key, filled.aws)


def test_a_training_set_of_an_expired_snapshot_says_why_it_cannot_be_made(
    filled: FeatureStore,
) -> None:
    rows = [{"card": "c1", "event_timestamp": NOON}]
    manifest = filled.get_historical_features(rows, "spending").manifest
    report = filled.forget("card", ERASED)
    for engine in ("duckdb", "athena"):
        with pytest.raises(ErasedSnapshotError, match="expired by the erasure") as caught:
            filled.get_historical_features(
                rows, "spending", snapshots=manifest["snapshots"], engine=engine
            )
        assert caught.value.erasure == report.id


def test_a_snapshot_that_never_was_is_not_blamed_on_an_erasure(filled: FeatureStore) -> None:
    filled.forget("card", ERASED)
    rows = [{"card": "c1", "event_timestamp": NOON}]
    with pytest.raises(StoreError, match="no snapshot 12") as caught:
        filled.get_historical_features(rows, "spending", snapshots={"payments": 12})
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


def test_a_training_set_is_written_anew_with_its_manifest(filled: FeatureStore) -> None:
    from skewless.offline.parquet import read_named  # noqa: PLC0415
    from skewless.offline.training import digest  # noqa: PLC0415

    uri = f"s3://{filled.resources.bucket}/sets/training.parquet"
    report = filled.forget("card", ERASED)
    kept = read_named(uri, filled.aws)
    assert kept["card"].to_pylist() == ["c1", "c2"]
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    s3 = filled.aws.client("s3")
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=f"{key}.manifest.json")["Body"].read())
    features = [item["output"] for item in manifest["features"]]
    assert manifest["digest"] == digest(kept.select(features))
    assert manifest["rows"] == 2
    assert [item["erasure"] for item in manifest["erasures"]] == [report.id]


def test_a_training_set_in_a_file_is_named_as_not_reached(
    filled: FeatureStore, tmp_path: Path
) -> None:
    rows = [{"card": ERASED, "event_timestamp": NOON}]
    path = tmp_path / "set.parquet"
    filled.get_historical_features(rows, "spending").write_parquet(str(path))
    report = filled.forget("card", ERASED)
    assert [item.place for item in report.not_reached] == [f"training set {path}"]


def test_a_training_set_that_was_deleted_is_no_obstacle(filled: FeatureStore) -> None:
    filled.aws.client("s3").delete_object(
        Bucket=filled.resources.bucket, Key="sets/training.parquet"
    )
    assert filled.forget("card", ERASED).is_complete


def test_a_bucket_with_versions_keeps_none_with_the_key(store: FeatureStore) -> None:
    s3 = store.aws.client("s3")
    s3.put_bucket_versioning(
        Bucket=store.resources.bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    fill(store)
    write_set(store, "sets/training.parquet")
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
    from datetime import UTC, datetime  # noqa: PLC0415

    from skewless.erasure import forget  # noqa: PLC0415

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


def test_a_cut_that_is_under_way_is_told(filled: FeatureStore, clock: MovableClock) -> None:
    from skewless.compiler.plan import plan_view  # noqa: PLC0415
    from skewless.online.address import view_partition  # noqa: PLC0415

    clock.now = NOON + timedelta(days=1)
    partition = view_partition(plan_view(daily_view()))
    midnight = int((NOON + timedelta(hours=12)).timestamp() * 1e6)
    filled._table.begin_cut(partition, midnight)
    report = filled.forget("card", ERASED)
    assert not report.is_complete
    assert "skewless materialize profile@1" in report.again[0]
    filled.materialize("profile@1")
    assert filled.forget("card", ERASED).is_complete


def test_a_composite_key_of_all_types_is_erased_exactly(store: FeatureStore) -> None:
    keys = {"who": String, "number": Int64, "flag": Bool, "since": Timestamp}
    entity = Entity("thing", keys=keys)
    source = Source("things", schema={**keys, "value": Int64}, event_time="at")
    view = FeatureView("v", entity=entity, source=source, refresh="stream", features=["value"])
    store.apply(view)
    store.materialize(view)
    erased = {"who": ERASED, "number": 42, "flag": True, "since": NOON}
    near = [{**erased, "number": 43}, {**erased, "flag": False}, {**erased, "who": "b"}]
    rows = [{**key, "value": 1, "at": NOON} for key in (erased, *near)]
    store.ingest("things", rows)
    report = store.forget("thing", erased)
    assert counts(report)["log things", "rows"] == 1
    assert store._workbench.log.scan(source).read_all().num_rows == 3
    served = store.get_online_features(view, [erased, *near], now=NOON + timedelta(seconds=1))
    assert [row["value"] for row in served.rows] == [None, 1, 1, 1]


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
    filled: FeatureStore, entity: str, key: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        filled.forget(entity, key)
    assert message in str(caught.value)
