"""Retired versions: refused while anything stands on them, then served no more; history stays."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cdk import permissions
from localaws import LocalAws
from skewless import FeatureService, FeatureStore, FeatureView, agg
from skewless.aws import Aws
from skewless.compiler.status import STALE
from skewless.errors import InputError, PublishError, StoreError
from skewless.online.address import WATERMARK, view_partition
from skewless.registry.marks import Mark, State
from skewless.registry.search import search
from skewless.registry.selection import versions_of
from tests.order.scheduler import KilledError
from tests.store.builders import (
    NOON,
    card,
    label,
    model,
    payment,
    payments,
    spending,
)
from tests.store.interleaving import STRIDE, at_call, kill
from tests.store.rights import session_as

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk.permissions import Role
    from skewless.registry.model_lock import ModelLock
    from tests.store.conftest import MovableClock

KEY = {"card": "a", "amount": 20.0}
NAMES = ("model@1", "ratio@1", "spending@1")
LATER = FeatureView(
    "spending",
    entity=card,
    source=payments,
    refresh="stream",
    features={"payments_1d": agg.count(window="1d")},
    version=2,
)


@pytest.fixture
def served(store: FeatureStore) -> FeatureStore:
    store.apply([model, LATER])
    store.backfill("payments", [payment(-3000), payment(-3000, card="b")])
    for view in ("profile", "spending@1", "spending@2"):
        store.materialize(view)
    store.ingest("payments", [payment(-5)])
    return store


@pytest.fixture
def published(store: FeatureStore) -> FeatureStore:
    store.apply(LATER)
    return store


def items_of(store: FeatureStore, view: FeatureView) -> list[str]:
    """The sort keys of a view's items."""
    own = view_partition(store.published.plan(view))
    pages = store.aws.client("dynamodb").get_paginator("scan")
    found = pages.paginate(TableName=store.resources.online_table).search("Items")
    return sorted(item["sk"]["S"] for item in found if item["pk"]["S"].startswith(own))


def retired_and_emptied(store: FeatureStore, clock: MovableClock) -> None:
    store.retire(*NAMES, latest=True, successor="spending@2", reason="too fast")
    clock.now = NOON + timedelta(days=1)
    store.retire(*NAMES, latest=True)


def test_what_stands_on_a_version_is_named_and_nothing_changes(
    served: FeatureStore, tmp_path: Path
) -> None:
    served.lock("model", tmp_path / "a.lock", model="churn")
    with pytest.raises(PublishError) as refused:
        served.retire("spending@1", latest=True)
    told = str(refused.value)
    assert "- view 'ratio' version 1 reads it: retire that as well" in told
    assert "- service 'model' version 1 reads it" in told
    assert "- model 'churn' (lock " in told
    assert "skewless unlock churn --lock " in told
    with pytest.raises(PublishError, match="'model' means without a version"):
        served.retire(*NAMES[:2])
    served.unlock("churn")
    found = served.retire(*NAMES, latest=True, dry_run=True)
    assert (found.is_dry_run, found.items) == (True, 3)  # of two cards, and a day's
    assert not served.published.marks
    with pytest.raises(InputError, match="up to 2,000 letters"):
        served.retire(*NAMES, latest=True, reason="x" * 2001)
    for wrong in ("spending", "spending@1:payments_7d", "card@1", "spending@1; x", "spending@x"):
        with pytest.raises((InputError, KeyError)):
            served.retire(wrong)


def test_a_retired_version_is_gone_from_serving_and_stays_in_history(
    served: FeatureStore, clock: MovableClock, tmp_path: Path
) -> None:
    served.lock("model", tmp_path / "a.lock", model="churn")
    served.unlock("churn")
    open_since_before = FeatureStore.from_lock(
        tmp_path / "a.lock", session=served.aws.session, clock=clock
    )
    before = open_since_before.get_online_features(None, KEY).rows[0]
    waiting = served.retire(*NAMES, latest=True, successor="spending@2", reason="too fast")
    assert "view spending@1" in {one.subject for one in served.doctor().warnings}
    assert waiting.removable_at == NOON.replace(hour=0) + timedelta(days=1)
    assert "S#2024-03-05" in items_of(served, spending)
    # Whoever remembers the watermark finds all items, for as long as it is remembered.
    assert open_since_before.get_online_features(None, KEY).rows[0]["shop"] == before["shop"]
    clock.now = NOON + timedelta(days=1)
    done = served.retire(*NAMES, latest=True)
    assert (done.items, done.removable_at) == (3, None)
    assert items_of(served, spending) == [WATERMARK]
    assert items_of(served, LATER) != [WATERMARK]
    for reader in (
        open_since_before,
        FeatureStore.from_lock(tmp_path / "a.lock", session=served.aws.session, clock=clock),
    ):
        answer = reader.get_online_features(None, KEY)
        assert answer.rows[0]["payments_7d"] is None
        assert answer.status[0]["spending"].status == STALE
        assert "is retired" in (answer.status[0]["spending"].reason or "")
    with pytest.raises(InputError, match=r"is retired since 2024-03-05 by arn.*Use spending@2"):
        served.get_online_features("spending@1", KEY)
    with pytest.raises(InputError, match="is retired"):
        served.lock("model@1", tmp_path / "b.lock")
    with pytest.warns(FutureWarning, match="is retired"):
        training = served.get_historical_features([label(10)], "spending@1")
    assert training.to_arrow()["payments_7d"].to_pylist() == [2]
    assert served.get_online_features("spending", KEY).rows[0]["payments_1d"] is not None
    assert served.log()[0].changes[0].action == "retire"


def same_as_spending() -> FeatureView:
    """A view of another name with a feature that only the retired version has."""
    return FeatureView(
        "others",
        entity=card,
        source=payments,
        refresh="stream",
        features={"payments_7d": agg.count(window="7d")},
    )


def test_a_retired_version_is_for_good(served: FeatureStore, clock: MovableClock) -> None:
    retired_and_emptied(served, clock)
    plan = served.apply([model, LATER])
    assert any("it is retired" in text for change in plan.changes for text in change.warnings)
    for again in (served.restore, served.yank, served.deprecate):
        with pytest.raises(InputError, match="that is for good"):
            again("spending@1")
    for fill in (served.materialize, served.repair):
        with pytest.raises(InputError, match="is retired"):
            fill("spending@1")
    assert {view.name for view in served.published.live_views} == {"profile", "spending"}
    added = FeatureView(
        "spending",
        entity=card,
        source=payments,
        refresh="stream",
        features={
            "amount_mean_1h": agg.mean("amount", window="1h"),
            "payments_7d": agg.count(window="7d"),
            "largest_1h": agg.max("amount", window="1h"),
            "n_1h": agg.count(window="1h"),
        },
        version="1.1",
    )
    new = FeatureService("other", features=[spending["payments_7d"]])
    for wanted, reason in ((added, "nothing is added to it"), (new, "read another version")):
        with pytest.raises(PublishError, match=reason):
            served.apply(wanted)
    told = served.doctor()
    assert "view spending@1" not in {one.subject for one in (*told.errors, *told.warnings)}
    assert served.plan(same_as_spending()).changes[-1].warnings == (
        "feature 'payments_7d' is spending@2:payments_1d but for its window",
    )
    (found,) = [hit for hit in search(served.published, "spending") if hit.name == "spending@1"]
    assert found.where.startswith("retired.")
    # As after a restore of the registry's state from before:
    identities, at = versions_of(served.published, "spending@1"), served.clock()
    marks = served.published.marks
    served._registry.mark(identities, None, at, by="ann", why="", before=marks)
    assert "view spending@1" in {one.subject for one in served.doctor().errors}


def test_events_cuts_and_erasures_leave_a_retired_version_alone(
    served: FeatureStore, clock: MovableClock
) -> None:
    retired_and_emptied(served, clock)
    served.ingest("payments", [payment(24 * 60 - 5)])
    served.backfill("payments", [payment(-9000, card="c")], rewrite=True)
    served.materialize("spending")
    assert items_of(served, spending) == [WATERMARK]
    assert served.get_online_features("spending@2", KEY).rows[0]["payments_1d"] == 1
    # A cut that was under way may have left an item.
    own = view_partition(served.published.plan(spending))
    served.aws.client("dynamodb").put_item(
        TableName=served.resources.online_table,
        Item={
            "pk": {"S": f"{own}#a"},
            "sk": {"S": "B"},
            "c": {"B": b""},
            "g": {"N": "1"},
            "v": {"N": "1"},
        },
    )
    served.forget("card", "a")
    assert items_of(served, spending) == [WATERMARK]


def test_a_cut_that_runs_meanwhile_is_not_committed(
    served: FeatureStore, clock: MovableClock
) -> None:
    clock.now = NOON + timedelta(days=1)
    plan = served.published.plan(LATER)
    other = FeatureStore(served.aws, served.resources, clock=clock)
    other.published  # noqa: B018 - as it was before

    def retire() -> None:
        served.retire("spending@2", latest=True)

    refused = pytest.raises(InputError, match="view spending@2 is retired")
    with at_call(other, 8, retire) as calls, refused:
        other.materialize("spending@2")
    assert len(calls) > 8
    assert served._workbench.table.read_watermark(view_partition(plan)).is_retired
    served.refresh()
    served.retire("spending@2")
    assert items_of(served, LATER) == [WATERMARK]


@pytest.mark.parametrize("is_after", [False, True])
def test_a_lock_at_once_is_seen_or_refused(
    published: FeatureStore, tmp_path: Path, *, is_after: bool
) -> None:
    path = tmp_path / "a.lock"
    other = FeatureStore(published.aws, published.resources, clock=published.clock)
    other.published  # noqa: B018 - as it was before
    if is_after:
        published.retire("spending@2", latest=True)
        with pytest.raises(InputError, match="nothing is locked to view 'spending' version 2"):
            other.lock("spending@2", path)
        assert not path.exists()
        assert not other.models()
        return
    seen: list[ModelLock] = []
    loaded = published.models

    def models(**_: object) -> list[ModelLock]:
        found = loaded()
        if not seen:
            seen.append(other.lock("spending@2", path, model="late"))
        return found

    published.models = models  # type: ignore[method-assign]
    with pytest.raises(PublishError, match="meanwhile:\n- model 'late'"):
        published.retire("spending@2", latest=True)
    published.refresh()
    assert not published.published.marks
    assert json.loads(path.read_text())["digest"] == seen[0].digest


def test_whoever_is_killed_is_finished_by_running_it_again(
    served: FeatureStore, clock: MovableClock
) -> None:
    clock.now = NOON + timedelta(days=2)
    number = 0
    while True:
        with at_call(served, number, kill) as calls:
            try:
                served.retire("spending@2", latest=True)
            except KilledError:
                served.refresh()
        if len(calls) <= number:
            break
        number += STRIDE
    assert number
    assert items_of(served, LATER) == [WATERMARK]
    (mark,) = served.published.marks.values()
    assert mark.state == "retired"
    assert served.retire("spending@2").items == 0


def test_of_two_who_mark_at_once_one_is_told(published: FeatureStore) -> None:
    def yank() -> None:
        with suppress(PublishError):
            published.yank("spending@2")

    other = FeatureStore(published.aws, published.resources, clock=published.clock)
    with at_call(other, 2, yank) as calls, pytest.raises(PublishError, match="or marked it"):
        other.retire("spending@2", latest=True)
    assert calls[2] == "TransactWriteItems"
    other.retire("spending@2", latest=True)
    other.refresh()
    assert [mark.state for mark in other.published.marks.values()] == ["retired"]


def test_whoever_administers_may_retire_and_whoever_trains_may_not(
    served: FeatureStore, clock: MovableClock
) -> None:
    clock.now = NOON + timedelta(days=2)

    def as_role(role: Role) -> FeatureStore:
        session = session_as(LocalAws.start(), role, served)
        return FeatureStore(Aws(session, served.aws.endpoint), served.resources, clock=clock)

    with pytest.raises(StoreError, match="not authorized"):
        as_role(permissions.TRAIN).retire("spending@2", latest=True)
    assert as_role(permissions.ADMINISTER).retire("spending@2", latest=True).items > 0


def test_a_lock_found_after_a_kill_takes_the_mark_back(
    published: FeatureStore, tmp_path: Path
) -> None:
    published.lock("spending@2", tmp_path / "a.lock", model="late")
    at = published.clock()
    mark = Mark(state=State.RETIRED, reason="", successor="", by="x", at=at)
    versions = versions_of(published.published, "spending@2")
    published._registry.mark(versions, mark, at, by="x", why="", before={})
    with pytest.raises(PublishError, match="model 'late'"):
        published.retire("spending@2", latest=True)
    published.refresh()
    assert not published.published.marks


def versions(count: int) -> list[FeatureView]:
    """So many major versions of a view, the last of which stays."""
    return [
        FeatureView(
            "spending",
            entity=card,
            source=payments,
            refresh="stream",
            features={"payments_7d": agg.count(window="7d"), f"n_{number}": agg.count(window="1d")},
            version=number,
        )
        for number in range(1, count + 1)
    ]


def reader_of(store: FeatureStore, name: str, path: Path) -> FeatureStore:
    """Whoever serves by a lock that nobody knows of, and remembers a watermark."""
    store.lock(name, path, model=name.replace("@", "_"))
    store.unlock(name.replace("@", "_"))
    found = FeatureStore.from_lock(path, session=store.aws.session, clock=store.clock)
    found.get_online_features(None, KEY)
    return found


OTHERS: tuple[Callable[[FeatureStore, str], object], ...] = (
    lambda store, _: store.ingest("payments", [payment(-1)]),
    lambda store, name: store.materialize(name),
    lambda store, _: store.forget("card", "b"),
)


def test_whatever_goes_on_meanwhile_no_answer_is_a_number_that_never_was(
    store: FeatureStore, clock: MovableClock, tmp_path: Path
) -> None:
    views = versions(4)
    store.apply(views)
    store.backfill("payments", [payment(-3000), payment(-3000, card="b")])
    readers, known = [], 1
    for place, view in enumerate(views[:-1]):
        name = f"spending@{view.version.major}"
        store.materialize(name, cut="2024-03-04T00:00:00Z")
        readers.append(reader_of(store, name, tmp_path / f"{place}.lock"))
        other = FeatureStore(store.aws, store.resources, clock=clock)
        other.published  # noqa: B018 - as it was before

        def retire(name: str = name) -> None:
            store.retire(name, latest=True)

        with at_call(other, 9, retire) as calls, suppress(InputError):
            OTHERS[place](other, name)
        assert len(calls) > 9
        known += place == 0
        answer = readers[-1].get_online_features(None, KEY)
        is_stale = answer.status[0]["spending"].status == STALE
        assert (answer.rows[0]["payments_7d"], is_stale) in {(known, False), (None, True)}
    clock.now += timedelta(days=1)
    names = [f"spending@{view.version.major}" for view in views[:-1]]
    assert store.retire(*names).removable_at is None
    assert [items_of(store, view) for view in views[:-1]] == [[WATERMARK]] * len(names)
    answers = [reader.get_online_features(None, KEY) for reader in readers]
    assert {answer.rows[0]["payments_7d"] for answer in answers} == {None}


def test_a_name_does_not_fall_back_behind_a_retired_version(served: FeatureStore) -> None:
    served.retire("spending@2", latest=True)
    plan = served.apply(
        FeatureView(
            "spending",
            entity=card,
            source=payments,
            refresh="stream",
            features={"payments_1d": agg.count(window="2d")},
            version=3,
        )
    )
    assert "is null until this one is cut, since version 2 is retired; also @3 is" in str(plan)
    assert served.get_online_features("spending", KEY).rows == [{"payments_1d": None}]
    served.materialize("spending@3")
    assert served.get_online_features("spending", KEY).rows == [{"payments_1d": 1}]


def test_a_refused_retirement_gives_back_no_other_s_mark(served: FeatureStore) -> None:
    served.apply(FeatureService("other", features=[spending]))
    served.retire("other@1", latest=True)
    with pytest.raises(PublishError, match="'ratio' version 1 reads it"):
        served.retire("other@1", "spending@1", latest=True)
    served.refresh()
    (state,) = [mark.state for mark in served.published.marks.values()]
    assert state is State.RETIRED
