"""The functions of a cut, called as the state machine calls them."""

from __future__ import annotations

import gzip
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from lambdas import runtime
from lambdas.watch.handler import handle as watch
from skewless import Entity, Every, FeatureStore, FeatureView, Source, agg, col
from skewless.materialize import shard
from skewless.types import Bytes, Float64, Int64, String
from tests.lambdas.steps import context
from tests.lambdas.test_watch import metrics
from tests.store.builders import card, model, payment, payments

if TYPE_CHECKING:
    from tests.lambdas.conftest import MovableClock
    from tests.lambdas.steps import Steps

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    store.apply(model)
    history = [payment(-3000 + 10 * n, card=f"c{n % 30}", amount=float(n)) for n in range(290)]
    store.backfill("payments", history)
    return store


def assert_parity(store: FeatureStore, features: object = "model") -> None:
    report = store.verify(features, sample=40, engine="duckdb")
    report.raise_if_different()
    assert report.stale == 0


def test_the_steps_fill_the_online_store_with_the_bits_of_history(
    filled: FeatureStore, steps: Steps
) -> None:
    filled.ingest("payments", [payment(card="c1"), payment(card="new")])
    assert steps.run("spending@1") == ["2024-03-05T00:00:00+00:00"]
    assert steps.run("profile@1") == ["2024-03-05T00:00:00+00:00"]
    assert_parity(filled)


def test_a_view_of_no_entity_is_cut_by_the_functions_as_others_are(
    filled: FeatureStore, steps: Steps
) -> None:
    features = {"all_7d": agg.count(window="7d"), "highest": agg.max("amount", window="7d")}
    seldom = Every("1d", delay="2h")
    filled.apply(
        [
            FeatureView("seldom", entity=None, source=payments, refresh=seldom, features=features),
            FeatureView(
                "always", entity=None, source=payments, refresh="stream", features=features
            ),
            FeatureView("newest", entity=None, source=payments, refresh=seldom, features=["shop"]),
        ]
    )
    filled.ingest("payments", [payment(-1, card=None, amount=999.0)])
    for view in ("seldom", "always", "newest"):
        assert steps.run(f"{view}@1") == ["2024-03-05T00:00:00+00:00"]
        assert_parity(filled, view)
    answer = filled.get_online_features(["always", "seldom"], {}, full_names=True)
    assert answer.rows[0]["always__highest"] == 999.0
    assert answer.rows[0]["seldom__highest"] == 227.0  # the last that was known at midnight


def test_what_is_committed_is_not_due_again(filled: FeatureStore, steps: Steps) -> None:
    steps.run("profile@1")
    assert steps.plan("profile@1") == {"action": "none"}


def test_the_functions_and_the_process_write_the_same_items(
    filled: FeatureStore, steps: Steps
) -> None:
    other = FeatureStore.local(f"{filled.name}-other", clock=filled.clock)
    other.apply(model)
    history = [payment(-3000 + 10 * n, card=f"c{n % 30}", amount=float(n)) for n in range(290)]
    other.backfill("payments", history)
    for view in ("spending@1", "profile@1"):
        steps.run(view)
        other.materialize(view)
    shards = "q"  # each store's history came by a shard of its own
    assert _items(filled, without=shards) == _items(other, without=shards)


def test_a_cut_waits_for_what_was_stamped_before_it(
    filled: FeatureStore, steps: Steps, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDING_SECONDS", "60")
    steps.run("profile@1")
    clock.now += timedelta(hours=12, seconds=10)
    assert steps.plan("profile@1") == {"action": "wait", "until": "2024-03-06T00:01:00Z"}
    clock.now += timedelta(seconds=50)
    assert steps.plan("profile@1")["action"] == "cut"


def test_a_step_that_is_done_twice_changes_nothing(filled: FeatureStore, steps: Steps) -> None:
    step = steps.plan("profile@1")
    steps.query(step["statement"])
    steps.write(step)
    before = _items(filled)
    steps.write(step)
    assert _items(filled) == before
    steps.commit(step)
    steps.commit(step)
    assert_parity(filled, "profile")


def test_a_write_that_dies_in_the_middle_is_finished_by_the_next(
    filled: FeatureStore, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = steps.plan("profile@1")
    steps.query(step["statement"])
    put, count = runtime.online_table().put_cuts, iter(range(10**6))

    def dies(*arguments: Any, **options: Any) -> Any:
        if next(count) == 1:
            raise ConnectionResetError("the environment is gone")
        return put(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(type(runtime.online_table()), "put_cuts", lambda _, *a, **o: dies(*a, **o))
        with pytest.raises(ConnectionResetError):
            steps.write(step)
    assert 0 < len(_items(filled)) < 31
    assert filled.get_online_features("profile", [{"card": "c1"}]).status[0]["profile"].status == (
        "stale"
    )
    assert steps.write(step) == 1
    steps.commit(step)
    assert_parity(filled, "profile")


def test_a_large_object_is_written_in_parts(
    filled: FeatureStore, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard, "CHUNK", 4)
    monkeypatch.setattr("lambdas.parts._MARGIN_MILLISECONDS", 10**9)  # the time is always up
    step = steps.plan("profile@1")
    steps.query(step["statement"])
    assert steps.write(step) == 8  # thirty cards, four at a time
    steps.commit(step)
    assert_parity(filled, "profile")


def test_a_row_that_cannot_be_written_is_kept_and_the_others_are_written(
    filled: FeatureStore, steps: Steps
) -> None:
    step = steps.plan("profile@1")
    steps.query(step["statement"])
    s3, bucket = filled.aws.client("s3"), filled.resources.bucket
    s3.put_object(Bucket=bucket, Key=f"{step['prefix']}poison.gz", Body=_gzipped("no line\n"))
    steps.write(step)
    with pytest.raises(Exception, match="lines that are none of this view") as raised:
        steps.commit(step)
    assert type(raised.value).__name__ == "RefusedRowsError"
    (refused,) = steps.keys(step["write"]["refused"])
    body = s3.get_object(Bucket=bucket, Key=refused)["Body"].read()
    row = json.loads(body)
    assert row["row"] == "no line\n"
    assert "not a line of this view" in row["reason"]
    assert len([item for item in _items(filled) if "#" in item]) >= 30
    assert filled.get_online_features("profile", [{"card": "c1"}]).rows[0]["shop"] is None


def test_an_entity_that_does_not_fit_fails_by_itself_and_the_cut_commits(
    store: FeatureStore,
    steps: Steps,
    clock: MovableClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store.apply(model)
    store.backfill(
        "payments", [payment(-3000, card="bad", shop="x7Qa" * 90_000), payment(-3000, card="c1")]
    )
    step = steps.plan("profile@1")
    steps.query(step["statement"])
    steps.write(step)
    assert steps.keys(step["write"]["refused"]) == []
    steps.commit(step)
    assert "bad" not in (told := capsys.readouterr().out)
    assert metrics(told, "EntitiesFailed") == {"profile@1": 1}
    answer = store.get_online_features("profile", [{"card": "bad"}, {"card": "c1"}])
    assert [found["profile"].status for found in answer.status] == ["failed", "ok"]
    assert answer.rows[0] == {"shop": None, "items": None}
    watch({}, context())
    failed = metrics(capsys.readouterr().out, "FailedEntities")
    assert failed == {"profile@1": 1, "spending@1": 0}
    # A later row fits; the entity is looked at again, and is not noted as failed any more.
    clock.now += timedelta(days=1)
    store.ingest("payments", [payment(60 * 24, card="bad", shop="short")])
    clock.now += timedelta(days=1)
    steps.run("profile@1")
    answer = store.get_online_features("profile", [{"card": "bad"}])
    assert answer.rows[0]["shop"] == "short"
    watch({}, context())
    assert set(metrics(capsys.readouterr().out, "FailedEntities").values()) == {0}


def test_nothing_new_moves_the_watermark_all_the_same(
    filled: FeatureStore, steps: Steps, clock: MovableClock
) -> None:
    clock.now += timedelta(days=1)
    steps.run("profile@1")
    clock.now += timedelta(days=1)
    step = steps.plan("profile@1")
    steps.query(step["statement"])
    assert steps.keys(step["prefix"]) == []
    steps.write(step)
    steps.commit(step)
    assert_parity(filled, "profile")


def test_an_interrupted_cut_is_finished_before_the_next(
    filled: FeatureStore, steps: Steps, clock: MovableClock
) -> None:
    steps.run("profile@1")
    clock.now += timedelta(days=1)
    filled.ingest("payments", [payment(60 * 24, card="c1", shop="late")])
    clock.now += timedelta(days=1)
    steps.plan("profile@1", "2024-03-07T00:00:00+00:00")  # begun, and the execution ends
    clock.now += timedelta(days=1)
    done = steps.run("profile@1")
    assert done == ["2024-03-07T00:00:00+00:00", "2024-03-08T00:00:00+00:00"]
    assert_parity(filled, "profile")


def test_two_executions_at_once_write_the_same(filled: FeatureStore, steps: Steps) -> None:
    one, two = steps.plan("spending@1"), steps.plan("spending@1")
    assert one["prefix"] != two["prefix"]
    for step in (one, two):
        steps.query(step["statement"])
    for step in (two, one):
        steps.write(step)
        steps.write_days(step)
    steps.commit(one)
    steps.commit(two)
    assert_parity(filled, ["spending"])


def test_bytes_and_doubles_survive_the_way_over_json(store: FeatureStore, steps: Steps) -> None:
    source = Source(
        "readings",
        schema={"device": Bytes, "value": Float64, "label": String, "count": Int64},
        event_time="at",
    )
    view = FeatureView(
        "device",
        entity=Entity("device", keys={"device": Bytes}),
        source=source,
        refresh=Every("1h"),
        features={
            "least": agg.min("value", window="7d"),
            "last": agg.last("label", window="7d"),
            "total": agg.sum("count", window="7d"),
        },
    )
    store.apply([source, view])
    values = [0.1, 5e-324, -1.7976931348623157e308, 2**53 + 1.0]
    rows: list[dict[str, Any]] = [
        {
            "device": bytes([n, 255]),
            "value": value,
            "label": 'a "line"\n\u2028\\ and \x01 🛫',
            "count": 2**62,
            "at": payment(-300 - n)["paid_at"],
        }
        for n, value in enumerate(values)
    ]
    store.backfill("readings", rows)
    steps.run("device@1")
    assert_parity(store, "device")


def test_an_unknown_view_is_refused_by_name(filled: FeatureStore, steps: Steps) -> None:
    with pytest.raises(Exception, match="Did you mean 'profile'"):
        steps.plan("profil@1")


def test_errors_in_the_log_name_no_entity(
    filled: FeatureStore,
    steps: Steps,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    step = steps.plan("profile@1")
    steps.query(step["statement"])
    client = runtime.aws.client("dynamodb")

    def refused(**_: Any) -> Any:
        answer: Any = {"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}
        raise ClientError(answer, "BatchExecuteStatement")

    monkeypatch.setattr(client, "batch_execute_statement", refused)
    with pytest.raises(Exception, match="DynamoDB refused to write") as raised:
        steps.write(step)
    assert type(raised.value).__name__ == "OnlineStoreError"
    told = str([vars(record) for record in caplog.records if record.message == "refused"])
    assert "DynamoDB refused to write" in told
    for text in (told, str(raised.value)):
        assert not any(f"c{number}" in text for number in range(30))


def test_a_stream_in_use_is_cut_for_the_first_time(filled: FeatureStore, steps: Steps) -> None:
    filled.ingest("payments", [payment(card="c1", amount=5.0)])
    assert steps.run("spending@1")
    filled.ingest("payments", [payment(card="c1", amount=7.0)])
    assert_parity(filled, ["spending"])


def _gzipped(text: str) -> bytes:
    return gzip.compress(text.encode())


def _items(store: FeatureStore, without: str = "") -> dict[str, Any]:
    pages = store.aws.client("dynamodb").get_paginator("scan")
    found = {}
    for page in pages.paginate(TableName=store.resources.online_table):
        for item in page["Items"]:
            if item["sk"]["S"] != "W":
                item.pop(without, None)
                found[item["pk"]["S"] + item["sk"]["S"]] = item
    return found


def test_a_cut_s_objects_have_keys_that_any_writer_takes(
    filled: FeatureStore, steps: Steps
) -> None:
    prefix = steps.plan("profile@1")["prefix"]
    assert re.fullmatch(r"cuts/profile/1/20240305T000000Z/[0-9a-f]{32}/states/", prefix)


@pytest.mark.parametrize(("text", "is_refused"), [("é" * 1_000, False), ("é" * 40_000, True)])
def test_a_step_is_measured_in_bytes_and_leaves_room_for_a_failure(
    store: FeatureStore, steps: Steps, text: str, *, is_refused: bool
) -> None:
    at_the_shop = agg.count(window="1d", where=col("shop") == text)
    view = FeatureView(
        "v", entity=card, source=payments, refresh=Every("1d"), features={"n": at_the_shop}
    )
    store.apply(view)
    store.backfill("payments", [payment(-3000)])
    if is_refused:
        with pytest.raises(Exception, match=r"v@1: .* bytes.*Split it into several views"):
            steps.plan("v@1")
    else:
        assert len(json.dumps(steps.plan("v@1"))) < 262_144 - 40_000
