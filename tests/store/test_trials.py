"""Trials: what is tried in a namespace, seen by nobody else, and gone without a trace."""

from __future__ import annotations

import json
import pickle
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, Every, FeatureService, FeatureStore, FeatureView, agg
from skewless.errors import InputError, OnlineStoreError, PublishError, UnknownNameError
from skewless.online.table import OnlineTable
from skewless.trials import Trials
from skewless.types import String
from tests.store.builders import NOON, card, label, payment, payments, spending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.store.conftest import MovableClock

ROWS = [{"card": "a"}, {"card": "b"}, {"card": "nobody"}]


def totals(window: str, **changes: Any) -> FeatureView:
    given: dict[str, Any] = {
        "entity": card,
        "source": payments,
        "refresh": Every("1h"),
        "features": {"total": agg.sum("amount", window=window)},
        **changes,
    }
    return FeatureView("totals", **given)


def more() -> FeatureView:
    week = agg.sum("amount", window="7d")
    return totals("7d", features={"total": week, "largest": agg.max("amount", window="1d")})


def fill(store: FeatureStore) -> FeatureStore:
    store.apply([spending, totals("7d")])
    rows = [payment(-200 * n, amount=float(n), card="ab"[n % 2]) for n in range(1, 40)]
    store.backfill("payments", rows)
    store.materialize("totals")
    return store


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    """A store of the test's own, which it may publish to."""
    return fill(store)


@pytest.fixture(scope="module")
def common() -> FeatureStore:
    return fill(FeatureStore.local("trials", clock=NOON))


@pytest.fixture
def shared(common: FeatureStore) -> Iterator[FeatureStore]:
    """A store that tests share: whatever they try, nothing is left of it once it is dropped."""
    before = traces(common)
    yield common
    for namespace in common.namespaces():
        common.dev(namespace.name).drop()
    assert traces(common) == before


def traces(store: FeatureStore) -> dict[str, list[str]]:
    """All that the store's tables hold, and the tables and objects that it has."""
    found: dict[str, list[str]] = {}
    for table in (store.resources.online_table, store.resources.registry_table):
        pages = store.aws.client("dynamodb").get_paginator("scan").paginate(TableName=table)
        items = [item for page in pages for item in page["Items"]]
        found[table] = sorted(f"{item['pk']['S']} {item['sk']['S']}" for item in items)
    tables = store.aws.client("glue").get_tables(DatabaseName=store.resources.database)
    found["glue"] = sorted(table["Name"] for table in tables["TableList"])
    objects = store.aws.client("s3").list_objects_v2(Bucket=store.resources.bucket)
    found["s3"] = sorted(each["Key"] for each in objects.get("Contents", []))
    snapshot = store.aws.client("s3").get_object(
        Bucket=store.resources.bucket, Key="registry/snapshot.json"
    )
    assert "dev" not in {item["pk"]["S"] for item in json.loads(snapshot["Body"].read())["items"]}
    line = store.aws.client("dynamodb").get_item(
        TableName=store.resources.online_table,
        Key={"pk": {"S": "line#payments"}, "sk": {"S": "L"}},
    )
    found["views of the line"] = sorted(line["Item"].get("v", {}).get("SS", []))
    return found


def values(store: FeatureStore, features: object = "totals") -> list[Any]:
    return store.get_online_features(features, ROWS).rows


def test_a_trial_is_seen_by_who_asked_for_it_alone(shared: FeatureStore) -> None:
    dev = shared.dev("anna")
    before, served = shared.log(), values(shared)
    dev.apply([totals("3d")])
    dev.materialize("totals")
    shared.refresh()
    assert [view.version for view in shared.published.definitions.views] == [1, 1]
    assert shared.log() == before
    assert values(shared) == served
    assert not shared.plan([totals("7d")]).has_changes
    assert dev.published.view("totals").version == 2
    assert values(dev) != served
    assert values(dev, "totals@1") == served


def test_training_and_serving_have_the_same_bits_in_a_namespace(shared: FeatureStore) -> None:
    dev = shared.dev("anna")
    model = FeatureService("model", features=[totals("3d"), more()["largest"]])
    with pytest.raises(Exception, match="two different definitions are called 'totals'"):
        dev.apply([model])
    dev.apply([FeatureService("model", features=[totals("3d")]), totals("90m", version=2)])
    for name in ("totals@2", "totals@3"):
        dev.materialize(name)
        report = dev.verify(name, sample=10)
        assert report.compared == 10
        assert not report.differences
    made = dev.get_historical_features([label(), label(card="b")], "model").to_arrow()
    assert made["total"].to_pylist() == [row["total"] for row in values(dev, "model")[:2]]


def test_a_name_alone_is_the_trial_s_before_it_is_cut(shared: FeatureStore) -> None:
    dev = shared.dev("anna")
    dev.apply([totals("3d")])
    answer = dev.get_online_features("totals", ROWS[:1])
    assert answer.rows == [{"total": None}]
    assert answer.status[0]["totals"].status == "stale"


def test_a_trial_is_replaced_at_will_and_what_it_filled_goes(shared: FeatureStore) -> None:
    before = traces(shared)
    dev = shared.dev("anna")
    for window in ("3d", "2d", "1d"):
        dev.apply([totals(window)])
        assert dev.materialize("totals").written == 2
        assert len(traces(shared)[shared.resources.online_table]) == 3 + len(
            before[shared.resources.online_table]
        )
    dev.apply([totals("7d")])
    assert dev.namespaces()[0].filled == frozenset()
    assert traces(shared)[shared.resources.online_table] == before[shared.resources.online_table]


def test_a_drop_leaves_nothing(shared: FeatureStore) -> None:
    before = traces(shared)
    dev = shared.dev("anna")
    dev.apply([totals("3d"), totals("90m", version=2)])
    dev.materialize("totals@2")
    dev.materialize("totals@3")
    dev.get_historical_features([label()], "totals")
    swept = dev.drop()
    assert swept.views == ("totals@2", "totals@3")
    assert swept.items == 4
    assert traces(shared) == before
    with pytest.raises(InputError, match="there is no namespace 'anna'; there is none"):
        values(dev)


def test_what_expired_is_not_read_and_the_next_who_applies_sweeps_it(
    filled: FeatureStore, clock: MovableClock
) -> None:
    before = traces(filled)
    dev = filled.dev("anna")
    dev.apply([totals("3d")], expires="3h")
    dev.materialize("totals")
    values(dev)
    clock.now = NOON + timedelta(hours=3)
    with pytest.raises(InputError, match="'anna' expired at 2024-03-05T15:00"):
        values(dev)
    with pytest.raises(InputError, match="expired"):
        dev.materialize("totals")
    other = filled.dev("bob")
    other.apply([totals("2d")])
    assert [each.name for each in filled.namespaces()] == ["bob"]
    other.drop()
    assert traces(filled) == before


def test_an_apply_renews(filled: FeatureStore, clock: MovableClock) -> None:
    dev = filled.dev("anna")
    dev.apply([totals("3d")], expires="3h")
    dev.materialize("totals")
    clock.now = NOON + timedelta(hours=2)
    dev.apply([totals("3d")], expires="3h")
    clock.now = NOON + timedelta(hours=4)
    assert values(dev)[0]["total"] is not None


def test_what_others_publish_keeps_no_copy_of_a_trial(filled: FeatureStore) -> None:
    dev = filled.dev("anna")
    dev.apply([totals("3d")])
    filled.apply([totals("2d", version=2)])
    traces(filled)
    filled.doctor()


def test_two_who_try_the_same_share_its_items_and_the_last_one_removes_them(
    shared: FeatureStore,
) -> None:
    before = traces(shared)
    anna, bob = shared.dev("anna"), shared.dev("bob")
    for dev in (anna, bob):
        dev.apply([totals("3d")])
    anna.materialize("totals")
    assert bob.materialize("totals").is_new is False
    served = values(bob)
    anna.drop()
    assert values(bob) == served
    bob.drop()
    assert traces(shared) == before


def test_two_of_one_name_and_another_meaning_do_not_meet(shared: FeatureStore) -> None:
    anna, bob = shared.dev("anna"), shared.dev("bob")
    anna.apply([totals("3d")])
    bob.apply([totals("1d")])
    anna.materialize("totals")
    assert values(bob)[0]["total"] is None
    bob.materialize("totals")
    assert values(anna) != values(bob)


def test_promotion_serves_what_was_cut_and_fills_nothing_again(filled: FeatureStore) -> None:
    dev = filled.dev("anna")
    dev.apply([FeatureService("model", features=[totals("3d")])], commit="abc")
    dev.materialize("totals")
    served = values(dev)
    items = traces(filled)[filled.resources.online_table]
    plan = dev.promote(planned=dev.plan_promotion(), message="better")
    assert [str(change.identity) for change in plan.changes] == [
        "view 'totals' version 2",
        "service 'model' version 1",
    ]
    assert filled.namespaces() == []
    filled.refresh()
    assert values(filled) == served
    assert filled.materialize("totals").is_new is False
    assert traces(filled)[filled.resources.online_table] == items
    entry = filled.log(limit=1)[0]
    assert (entry.message, entry.commit) == ("better (promoted from namespace 'anna')", "abc")


def test_a_trial_that_was_filled_by_half_is_not_served_once_it_is_published(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    dev = filled.dev("anna")
    dev.apply([totals("3d")])

    def dies(*_: object) -> None:
        raise OnlineStoreError("it died before the commit")

    with monkeypatch.context() as patched:
        patched.setattr(OnlineTable, "commit_cut", dies)
        patched.setattr(Trials, "end_failed", lambda *_: None)
        with pytest.raises(OnlineStoreError):
            dev.materialize("totals")
    dev.promote()
    filled.refresh()
    assert filled.get_online_features("totals@2", ROWS[:1]).rows == [{"total": None}]
    assert filled.materialize("totals").is_new
    assert not filled.verify("totals@2", sample=10).differences


def test_others_publish_meanwhile_and_the_trial_takes_the_next_version(
    filled: FeatureStore,
) -> None:
    dev = filled.dev("anna")
    dev.apply([totals("3d"), spending])
    dev.materialize("totals")
    served = values(dev)
    planned = dev.plan_promotion()
    filled.apply([totals("2d", version=2)])
    dev.refresh()
    assert values(dev) == served
    with pytest.raises(PublishError, match="changed since the plan was made"):
        dev.promote(planned=planned)
    (change,) = dev.promote().changes
    assert change.version == 3
    registry = traces(filled)[filled.resources.registry_table]
    assert not [each for each in registry if each.startswith("dev")]
    filled.refresh()
    filled.materialize("totals@3")
    assert values(filled, "totals@3") == served


def test_a_feature_that_is_added_is_cut_and_promoted_by_itself(filled: FeatureStore) -> None:
    dev = filled.dev("anna")
    dev.apply([more()])
    assert [str(part.version) for part in dev.published.parts("totals")] == ["1", "1.1"]
    assert dev.materialize("totals").written == 2
    served = values(dev)
    assert set(served[0]) == {"total", "largest"}
    dev.promote()
    filled.refresh()
    assert values(filled) == served


# What a namespace changes is its own; what it reads is what is published, with the trial on top.
OWN = {"apply", "dev", "drop", "materialize", "plan", "plan_promotion", "promote", "sweep"}
READS = {
    *("aws", "catalog", "changes", "clock", "connect", "current", "doctor", "from_lock"),
    *("get_historical_features", "get_online_features", "labels", "lineage", "local", "log"),
    *("logged_keys", "models", "name", "namespace", "namespaces", "openlineage", "published"),
    *("published_at", "rebuild", "refresh", "resources", "traffic", "verify"),
}


def test_whatever_else_a_store_does_is_refused_in_a_namespace(
    shared: FeatureStore, tmp_path: Path
) -> None:
    dev = shared.dev("anna")
    dev.apply([FeatureService("model", features=[totals("3d")])])
    path = str(tmp_path / "skewless.lock")
    given: dict[str, tuple[object, ...]] = {
        "backfill": ("payments", [payment()]),
        "check_lock": (path,),
        "deprecate": ("totals@2",),
        "export_registry": (path,),
        "forget": ("card", "a"),
        "import_registry": (path,),
        "ingest": ("payments", [payment()]),
        "lock": ("model", path),
        "outdated": (path,),
        "plan_import": (path,),
        "redrive": (),
        "register": (path,),
        "repair": ("spending",),
        "restore": ("totals@2",),
        "restore_registry": (),
        "retire": ("totals@1",),
        "start_materialization": ("totals",),
        "unlock": ("model",),
        "upgrade_lock": (path,),
        "yank": ("totals@1",),
    }
    public = {name for name in dir(dev) if not name.startswith("_")}
    assert public == OWN | READS | given.keys()
    for name, arguments in given.items():
        with pytest.raises(InputError, match="seen through namespace 'anna'"):
            getattr(dev, name)(*arguments)
    assert [*tmp_path.iterdir()] == []


def test_what_does_not_go_with_a_namespace_is_refused(shared: FeatureStore) -> None:
    dev = shared.dev("anna")
    dev.apply([FeatureService("model", features=[totals("3d")])])
    refused: list[Callable[[], object]] = [
        lambda: dev.plan([totals("3d")], traffic={}),  # type: ignore[arg-type]
        lambda: dev.materialize("spending"),
        lambda: dev.promote(to=shared),
        shared.drop,
        lambda: shared.apply([totals("7d")], expires="3d"),
    ]
    for call in refused:
        with pytest.raises(InputError, match=r"'anna'|namespace|expires"):
            call()
    with pytest.raises(UnknownNameError, match="model"):
        shared.lock("model")


def test_a_stream_view_of_a_trial_has_history_alone(filled: FeatureStore) -> None:
    dev = filled.dev("anna")
    dev.apply([totals("3d", refresh="stream")])
    made = dev.get_historical_features([label()], "totals").to_arrow()
    assert made["total"].to_pylist()[0] is not None
    for call in (lambda: dev.materialize("totals"), lambda: values(dev)):
        with pytest.raises(InputError, match="has history only"):
            call()
    assert filled.ingest("payments", [payment()]).accepted == 1


def test_a_cut_whose_namespace_is_dropped_meanwhile_leaves_nothing(
    filled: FeatureStore,
) -> None:
    before = traces(filled)
    dev, again = filled.dev("anna"), filled.dev("anna")
    dev.apply([totals("3d")])

    def drops(word: str, _count: int) -> None:
        if word == "write" and filled.namespaces():
            again.drop()

    with pytest.raises(OnlineStoreError, match="cannot be committed"):
        dev.materialize("totals", progress=drops)
    filled.sweep()
    found = traces(filled)
    registry = filled.resources.registry_table
    assert found | {registry: []} == before | {registry: []}
    dev.apply([totals("3d")])
    assert dev.materialize("totals").written == 2


def test_events_that_come_late_are_in_the_next_cut_of_a_trial(
    filled: FeatureStore, clock: MovableClock
) -> None:
    dev = filled.dev("anna")
    dev.apply([totals("3d")])
    dev.materialize("totals")
    clock.now = NOON + timedelta(hours=2)
    filled.ingest("payments", [payment(amount=1000.0, card="b")])
    filled.backfill("payments", [payment(-600, amount=5.0)], rewrite=True)
    clock.now = NOON + timedelta(hours=4)
    dev.materialize("totals")
    assert not dev.verify("totals", sample=10).differences


def test_a_set_of_a_trial_is_made_again_after_the_trial_is_gone(filled: FeatureStore) -> None:
    dev = filled.dev("anna")
    dev.apply([totals("3d")])
    made = dev.get_historical_features([label()], "totals")
    dev.drop()
    filled.apply([totals("2d", version=2)])
    again = filled.rebuild([label()], made.manifest)
    assert again.to_arrow().equals(made.to_arrow())


@pytest.mark.parametrize("expires", ["0s", "91d", "soon", -1, "-1d"])
def test_no_trial_lasts_for_no_time_or_for_ever(shared: FeatureStore, expires: Any) -> None:
    with pytest.raises(InputError, match="expires"):
        shared.dev("anna").apply([totals("3d")], expires=expires)


def test_a_store_seen_through_a_namespace_can_be_pickled(filled: FeatureStore) -> None:
    filled.clock = NOON
    dev = filled.dev("anna")
    dev.apply([totals("3d")])
    again = pickle.loads(pickle.dumps(dev))  # noqa: S301 - our own
    assert repr(again) == repr(dev)
    assert again.published.view("totals").version == 2


def test_an_erasure_reaches_what_is_tried_and_what_expired(
    filled: FeatureStore, clock: MovableClock
) -> None:
    shop = Entity("shop", keys={"shop": String})
    by_shop = totals("3d", entity=shop, features={"spent": agg.sum("amount", window="3d")})
    anna, bob = filled.dev("anna"), filled.dev("bob")
    anna.apply([totals("3d")], expires="1h")
    bob.apply(
        [
            totals("2d"),
            FeatureView(
                "shops",
                entity=shop,
                source=payments,
                refresh=by_shop.refresh,
                features=by_shop.aggregations,
            ),
        ]
    )
    anna.materialize("totals")
    for name in ("totals", "shops"):
        bob.materialize(name)
    told = {each.place for each in filled.forget("card", "a", dry_run=True).removed}
    assert {"online totals@1", "online totals@2"} <= told
    clock.now = NOON + timedelta(hours=2)
    filled.forget("card", "a")
    items = traces(filled)[filled.resources.online_table]
    assert not [item for item in items if item.split("#")[-1].startswith("a ")]
    assert values(bob)[0] == {"total": None}
    assert not bob.verify(["totals", "shops"], sample=5).differences
    assert [each.name for each in filled.namespaces()] == ["bob"]
