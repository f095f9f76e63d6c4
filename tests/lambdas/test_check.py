"""What the check function tells: values compared, values that differ, rows that are stale."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from cdk import permissions
from lambdas import runtime
from lambdas.check.handler import handle as check
from localaws import LocalAws
from skewless import Every, FeatureService, FeatureStore, FeatureView
from skewless.aws import Aws
from skewless.errors import QueryError
from skewless.offline.engines.athena import AthenaSession
from tests.lambdas.steps import context
from tests.lambdas.test_watch import metrics
from tests.store.builders import card, model, payment, payments, profile, ratio, spending
from tests.store.rights import session_as

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from skewless.offline.query.script import Script
    from tests.lambdas.conftest import MovableClock
    from tests.lambdas.steps import Steps

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

CARDS = [f"secret-card-{number}" for number in range(12)]
SHOP = "a-shop-of-a-customer"
# What Athena does with results larger than these.
IN_PARTS = {
    "s3:AbortMultipartUpload",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
}


def fill(store: FeatureStore) -> None:
    history = [
        payment(-3000 + 10 * n, card=CARDS[n % 12], amount=0.1 * n, shop=f"{SHOP}-{n % 12}")
        for n in range(290)
    ]
    store.backfill("payments", history)


@pytest.fixture
def filled(store: FeatureStore, steps: Steps) -> FeatureStore:
    store.apply(model)
    fill(store)
    for view in ("spending@1", "profile@1"):
        steps.run(view)
    return store


def tamper(store: FeatureStore, view: str) -> Callable[[], None]:
    """Let every item of a view's entities hold another entity's values; return what mends it."""
    client, table = store.aws.client("dynamodb"), store.resources.online_table
    items = [
        item
        for page in client.get_paginator("scan").paginate(TableName=table)
        for item in page["Items"]
        if item["sk"]["S"] == "B" and item["pk"]["S"].startswith(f"{view}#")
    ]
    assert len(items) == len(CARDS)
    for item, other in zip(items, [*items[1:], items[0]], strict=True):
        client.put_item(TableName=table, Item={**other, "pk": item["pk"]})

    def mend() -> None:
        for item in items:
            client.put_item(TableName=table, Item=item)

    return mend


def test_equal_values_are_no_mismatches(
    filled: FeatureStore, capsys: pytest.CaptureFixture[str]
) -> None:
    found = check({}, context())
    out = capsys.readouterr().out
    assert found == {"compared": 600, "mismatches": 0, "stale": 0, "failed": 0}
    assert metrics(out, "ParityCompared") == {None: 600}
    assert metrics(out, "ParityMismatches") == {None: 0}
    assert metrics(out, "ParityStale") == {None: 0}


def test_values_that_were_changed_are_counted_and_their_features_named(
    filled: FeatureStore, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    tamper(filled, "profile@1")
    found = check({}, context())
    out = capsys.readouterr().out
    assert found == {"compared": 600, "mismatches": 99, "stale": 0, "failed": 0}
    assert metrics(out, "ParityMismatches") == {None: 99, "profile@1": 99}
    lines = [vars(record) for record in caplog.records if "differ" in record.message]
    named = [(line["features"], line["view"], line["feature"]) for line in lines]
    assert named == [("model@1", "profile@1", "shop")]
    assert lines[0]["different"] == 99
    for text in (out, str([vars(record) for record in caplog.records])):
        assert "secret-card" not in text
        assert SHOP not in text


def test_a_view_whose_cut_is_missing_is_stale(
    filled: FeatureStore, clock: MovableClock, capsys: pytest.CaptureFixture[str]
) -> None:
    clock.now += timedelta(days=1)
    assert check({}, context()) == {"compared": 0, "mismatches": 0, "stale": 100, "failed": 0}
    out = capsys.readouterr().out
    assert metrics(out, "ParityStale") == {None: 100}
    assert metrics(out, "ParityMismatches") == {}  # an alarm stays as it is


def test_nothing_is_compared_before_there_is_a_log(
    store: FeatureStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.apply(model)
    assert check({}, context()) == {"compared": 0, "mismatches": 0, "stale": 0, "failed": 0}
    assert metrics(capsys.readouterr().out, "ParityCompared") == {None: 0}


def test_a_store_without_definitions_has_nothing_to_compare(store: FeatureStore) -> None:
    assert check({}, context()) == {"compared": 0, "mismatches": 0, "stale": 0, "failed": 0}


def test_every_view_is_compared_where_there_is_no_service(
    store: FeatureStore, steps: Steps
) -> None:
    store.apply([profile])
    fill(store)
    steps.run("profile@1")
    assert check({}, context()) == {"compared": 200, "mismatches": 0, "stale": 0, "failed": 0}


def test_every_version_of_a_service_is_compared(store: FeatureStore, steps: Steps) -> None:
    old = FeatureService("model", features=[spending, profile])
    store.apply([old, FeatureService("model", features=[profile, ratio], version=2)])
    fill(store)
    for view in ("spending@1", "profile@1"):
        steps.run(view)
    # Of version 1 the three features of spending; version 2 has those of profile already.
    assert check({}, context()) == {"compared": 600, "mismatches": 0, "stale": 0, "failed": 0}


def test_what_an_older_version_alone_serves_counts_if_it_differs(
    store: FeatureStore, steps: Steps
) -> None:
    old = FeatureService("model", features=[profile])
    store.apply([old, FeatureService("model", features=[spending], version=2)])
    fill(store)
    for view in ("spending@1", "profile@1"):
        steps.run(view)
    tamper(store, "profile@1")
    assert check({}, context())["mismatches"] == 99


def test_what_a_model_is_locked_to_beside_services_is_compared(
    store: FeatureStore, steps: Steps, tmp_path: Path
) -> None:
    store.apply([FeatureService("counts", features=[spending["payments_7d"]]), profile])
    fill(store)
    for view in ("spending@1", "profile@1"):
        steps.run(view)
    assert check({}, context())["compared"] == 100
    store.lock(["profile:shop", "spending:payments_7d"], tmp_path / "a.lock", model="churn")
    assert check({}, context())["compared"] == 200
    tamper(store, "profile@1")
    assert check({}, context())["mismatches"] == 99
    store.unlock("churn")
    assert check({}, context())["compared"] == 100


def test_two_versions_of_a_view_in_one_service_are_compared(
    store: FeatureStore, steps: Steps
) -> None:
    again = FeatureView(
        "profile",
        entity=card,
        source=payments,
        refresh=Every("1d", delay="2h"),
        features=["amount"],
        version=2,
    )
    store.apply(FeatureService("model", features=[profile["shop"], again["amount"]]))
    fill(store)
    for view in ("profile@1", "profile@2"):
        steps.run(view)
    assert check({}, context()) == {"compared": 200, "mismatches": 0, "stale": 0, "failed": 0}


def test_what_is_equal_when_it_has_landed_is_no_mismatch(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend = tamper(filled, "profile@1")
    waited: list[float] = []

    def lands(seconds: float) -> None:
        waited.append(seconds)
        mend()

    monkeypatch.setenv("LANDING_SECONDS", "60")
    monkeypatch.setattr("lambdas.check.handler.sleep", lands)
    assert check({}, context())["mismatches"] == 0
    assert waited == [60.0]


def test_a_failing_query_is_an_error_that_shows_no_value(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(AthenaSession):
        def run(self, script: Script) -> pa.Table:  # noqa: ARG002
            raise QueryError("Athena", "INVALID_CAST_ARGUMENT: Cannot cast 'secret-card-3'")

    monkeypatch.setattr("skewless.offline.engines.athena.AthenaSession", Broken)
    with pytest.raises(Exception, match=r"1 of 1 could not be compared.*: model@1") as raised:
        check({}, context())
    assert type(raised.value).__name__ == "StoreError"
    (line,) = [vars(record) for record in caplog.records if record.message == "not compared"]
    assert (line["error"], line["reason"]) == ("QueryError", "INVALID_CAST_ARGUMENT")
    assert "secret-card" not in str([vars(record) for record in caplog.records])


def test_an_unforeseen_error_of_one_service_leaves_the_others_compared(
    filled: FeatureStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    filled.apply([model, FeatureService("alone", features=[profile])])

    class Broken(AthenaSession):
        broken = True

        def run(self, script: Script) -> pa.Table:
            if Broken.broken:
                Broken.broken = False
                raise pa.ArrowNotImplementedError("Support for codec 'secret-card-3' not built")
            return super().run(script)

    monkeypatch.setattr("skewless.offline.engines.athena.AthenaSession", Broken)
    with pytest.raises(Exception, match=r"1 of 2 could not be compared.*: alone@1"):
        check({}, context())
    assert metrics(capsys.readouterr().out, "ParityCompared")[None] > 0
    (line,) = [vars(record) for record in caplog.records if record.message == "not compared"]
    assert line["error"] == "ArrowNotImplementedError"
    assert __file__ in line["at"]
    assert "secret-card" not in str([vars(record) for record in caplog.records])


def test_the_role_of_the_function_allows_what_it_calls_and_nothing_else(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = LocalAws.start()
    dev = filled.dev("anna")
    tried = FeatureView(
        "profile", entity=card, source=payments, refresh=profile.refresh, features=["shop"]
    )
    dev.apply(tried)
    dev.materialize("profile")
    dev.apply(tried, expires="1us")
    monkeypatch.setattr(runtime, "now", lambda now=runtime.now: now() + 1)
    session = session_as(local, permissions.CHECK, filled)
    monkeypatch.setattr(runtime, "aws", Aws(session, local.endpoint))
    runtime.online_table.cache_clear()
    assert check({}, context())["compared"] == 600
    granted = {action for item in permissions.CHECK.permissions for action in item.actions}
    unused = granted - local.calls.actions_of(session.principal)
    assert unused == IN_PARTS
    assert not local.calls.refused_of(session.principal)
    assert filled.namespaces() == []
    assert not [
        item
        for item in filled.aws.client("dynamodb").scan(TableName=filled.resources.online_table)[
            "Items"
        ]
        if item["pk"]["S"].startswith("profile@2")
    ]
