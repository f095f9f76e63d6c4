"""What others wrote badly is told, and stops no erasure; training sets are judged by Parquet."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from skewless import Entity, Every, FeatureStore, FeatureView, Source, agg
from skewless.errors import InputError
from skewless.offline.tables.named import read_named
from skewless.types import Int64, String
from tests.ops.builders import ERASED, NOON, MovableClock, card, payment, payments_view, shop
from tests.ops.raw import places_with
from tests.ops.test_forget import SET, write_set

if TYPE_CHECKING:
    from skewless.erasure.report import Erasure

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    """A store of one view, with an entity's events, its items and a training set."""
    store.apply(payments_view())
    store.backfill("payments", [payment(-60, card=name) for name in (ERASED, "c1")])
    store.materialize("spending")
    write_set(store, "spending", ERASED)
    return store


def put(store: FeatureStore, key: str, body: bytes) -> None:
    store.aws.client("s3").put_object(Bucket=store.resources.bucket, Key=key, Body=body)


def told(report: Erasure) -> dict[str, str]:
    return {item.place: item.why for item in report.not_reached}


@pytest.mark.parametrize(
    "body",
    [b"", b"garbage \xff", b"[]", b"null", b'{"uri": 7}', b'{"url": "s3://a/b"}', b"[" * 100_000],
    ids=["empty", "bytes", "list", "null", "number", "other", "deep"],
)
def test_an_entry_that_is_none_is_told(filled: FeatureStore, body: bytes) -> None:
    put(filled, "reports/sets/bad.json", body)
    report = filled.forget("card", ERASED)
    assert list(told(report)) == ["training set reports/sets/bad.json"]
    assert report.is_complete
    assert places_with(filled, ERASED) == []


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("s3://{bucket}/labels/notes.txt", "no Parquet"),
        ("s3://{bucket}/log/payments/data/x.parquet", "the store's own"),
        ("s3://{bucket}/reports/pending/x.json", "the store's own"),
        ("s3://{bucket}/", "the store's own"),
        ("s3://somebody-elses/training/set.parquet", "another bucket"),
        ("s3://", "another bucket"),
        ("https://example.org/set.parquet", "somebody's machine"),
    ],
)
def test_an_entry_that_names_no_set_is_told_as_not_looked_at(
    filled: FeatureStore, uri: str, why: str
) -> None:
    put(filled, "labels/notes.txt", b"no parquet")
    wrong = uri.format(bucket=filled.resources.bucket)
    put(filled, "reports/sets/bad.json", json.dumps({"uri": wrong}).encode())
    report = filled.forget("card", ERASED)
    assert list(told(report)) == [f"training set {wrong}"]
    assert why in told(report)[f"training set {wrong}"]
    assert f"training set {wrong}" not in {item.place for item in report.removed}
    assert places_with(filled, ERASED) == []


@pytest.mark.parametrize(
    "manifest",
    [None, b"", b"[]", b'{"features": [{"output": "gone"}]}', b'{"features": 1}'],
    ids=["missing", "empty", "list", "columns", "number"],
)
def test_a_set_is_erased_whatever_its_manifest_is(
    filled: FeatureStore, manifest: bytes | None
) -> None:
    beside = f"{SET}.manifest.json"
    if manifest is None:
        filled.aws.client("s3").delete_object(Bucket=filled.resources.bucket, Key=beside)
    else:
        put(filled, beside, manifest)
    report = filled.forget("card", ERASED)
    uri = f"s3://{filled.resources.bucket}/{SET}"
    assert list(told(report)) == [f"training set {uri}.manifest.json"]
    assert places_with(filled, ERASED) == []
    assert read_named(uri, filled.aws)["card"].to_pylist() == ["c1", "c2"]


def test_a_deleted_set_goes_in_all_its_versions(filled: FeatureStore) -> None:
    s3, bucket = filled.aws.client("s3"), filled.resources.bucket
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    write_set(filled, "spending", ERASED)
    s3.delete_object(Bucket=bucket, Key=SET)
    assert SET in places_with(filled, ERASED)
    assert filled.forget("card", ERASED).is_complete
    assert places_with(filled, ERASED) == []


def test_a_feature_of_others_whose_value_is_the_key_is_told(store: FeatureStore) -> None:
    last = payments_view("last", entity=shop, features={"last_card": agg.last("card", window="7d")})
    store.apply([payments_view(), last])
    store.backfill("payments", [payment(-60, card=ERASED)])
    rows = [{"shop": "book", "event_timestamp": NOON}]
    made = store.get_historical_features(rows, "last")
    made.write_parquet(f"s3://{store.resources.bucket}/{SET}")
    report = store.forget("card", ERASED)
    ((place, why),) = told(report).items()
    assert place.endswith(SET)
    assert "'last_card'" in why
    assert places_with(store, ERASED) == [SET]


def test_a_refused_row_that_nobody_can_parse_is_searched_as_text(filled: FeatureStore) -> None:
    quarantine = filled._workbench.quarantine
    texts = ['{"card": "' + ERASED, '{"card": "c1', "null", "[1]"]
    rows = {"row_number": range(4), "reason": ["half"] * 4, "row": texts}
    quarantine.keep(
        "payments", pa.table({name: list(some) for name, some in rows.items()}), NOON, "s"
    )
    filled.forget("card", ERASED)
    assert sorted(quarantine.list().to_pydict()["row"]) == sorted(texts[1:])


def test_a_journal_that_is_none_stops_nothing(filled: FeatureStore) -> None:
    put(filled, "reports/pending/bad.json", b"{")
    put(filled, "reports/pending/old.json", b'{"id": "x"}')
    assert filled.forget("card", ERASED).is_complete
    assert places_with(filled, ERASED) == []


@pytest.mark.parametrize("size", [1_801, 2_000, 10_000])
def test_a_key_that_is_too_long_for_an_item_is_erased(store: FeatureStore, size: int) -> None:
    long = "toolong-" + "k" * (size - 8)
    by_shop = payments_view("sold", entity=shop, features={"n": agg.count(window="7d")})
    store.apply(by_shop)
    store.backfill("payments", [payment(-60, card=long), payment(-60, card="c1")])
    store.materialize(by_shop)
    store.apply([by_shop, payments_view(), payments_view("daily", refresh=Every("1d"))])
    store.ingest("payments", [payment(0, card="c1"), payment(0, card="c1", shop=long)])
    refused = store.ingest("payments", [payment(0, card=long)])
    assert len(refused.rejected) == 1
    for view in ("spending", "daily"):
        store.materialize(view)
        store.verify(view, sample=5).raise_if_different()
    assert store.get_online_features("spending", {"card": "c1"}).rows == [{"payments_7d": 2}]
    store.forget("card", long)
    store.forget("shop", long)
    assert places_with(store, long) == []
    assert store.get_online_features("sold", {"shop": "book"}, now=NOON).status is not None


def test_a_source_with_the_key_in_another_type_is_named(store: FeatureStore) -> None:
    other = Source("other", schema={"card": Int64, "shop": String}, event_time="at")
    theirs = FeatureView("theirs", entity=shop, source=other, refresh="stream", features=["card"])
    store.apply([payments_view(), theirs])
    report = store.forget("card", ERASED)
    assert list(told(report)) == ["log other"]
    assert "'card' is Int64" in told(report)["log other"]


def test_of_a_composite_key_all_columns_have_to_be_there(store: FeatureStore) -> None:
    pair = Entity("pair", keys={"card": String, "shop": String})
    half = Source("half", schema={"card": String, "n": Int64}, event_time="at")
    store.apply(
        [
            payments_view(entity=pair),
            FeatureView("halves", entity=card, source=half, refresh="stream", features=["n"]),
        ]
    )
    store.ingest("half", [{"card": ERASED, "n": 1, "at": NOON}])
    store.backfill("payments", [payment(-60, card=ERASED, shop=name) for name in ("a", "b")])
    store.forget("pair", {"card": ERASED, "shop": "a"})
    rows = store._workbench.log.scan(store.published.source("payments")).read_all()
    assert rows["shop"].to_pylist() == ["b"]
    assert store._workbench.log.scan(half).read_all().num_rows == 1


def test_a_source_that_another_process_published_is_looked_into(store: FeatureStore) -> None:
    store.apply(payments_view())
    assert store.published.source("payments")
    other = FeatureStore(store.aws, replace(store.resources), clock=MovableClock())
    notes = Source("notes", schema={"card": String, "shop": String}, event_time="at")
    by_shop = FeatureView("v", entity=shop, source=notes, refresh="stream", features=["card"])
    other.apply([payments_view(), by_shop])
    other.ingest("notes", [{"card": ERASED, "shop": "book", "at": NOON}])
    assert store.forget("card", ERASED).again == ()
    assert places_with(store, ERASED) == []


def test_an_entity_of_no_view_and_no_source_is_refused(store: FeatureStore) -> None:
    stranger = Entity("stranger", keys={"other": String})
    store.apply([payments_view(), stranger])
    with pytest.raises(InputError, match="no source has its key columns"):
        store.forget("stranger", ERASED)


def test_an_append_that_waits_for_a_writer_that_died_leaves_the_line(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _leave_waiting(filled, monkeypatch)
    registry = filled.resources.registry_table
    assert any(place.startswith(f"{registry} commits#") for place in places_with(filled, ERASED))
    young = filled.forget("card", ERASED)
    assert "younger than an hour" in young.again[0]
    from tests.ops.test_nothing_left import _later  # noqa: PLC0415

    _later(monkeypatch)
    assert filled.forget("card", ERASED).is_complete
    assert places_with(filled, ERASED) == []
    filled.ingest("payments", [payment(0, card="c2")])
    rows: Any = filled._workbench.log.scan(filled.published.source("payments")).read_all()
    assert sorted(rows["card"].to_pylist()) == ["c1", "c2"]


def _leave_waiting(store: FeatureStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave an append in the queue, as a writer that dies while it waits does."""
    from skewless.ingest import commit_queue  # noqa: PLC0415

    class Died(Exception):  # noqa: N818
        pass

    def lead(self: Any, me: str, after: str | None) -> None:
        del self, me, after

    def wait(self: Any, me: str, id_: str) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(commit_queue.CommitQueue, "_lead", lead)
        patch.setattr(commit_queue.CommitQueue, "_wait", wait)
        other = FeatureStore(store.aws, store.resources, clock=store.clock)
        with pytest.raises(Died):
            other.ingest("payments", [payment(0, card=ERASED)])
