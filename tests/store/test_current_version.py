"""A name without a version, while a new version is published and not cut yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skewless import Every, FeatureService, FeatureStore, FeatureView, OnDemandView, agg
from tests.store.builders import NOON, card, payment, payments, profile, spending

if TYPE_CHECKING:
    from pathlib import Path

KEY = {"card": "a"}
MORE = FeatureView(
    "profile",
    entity=card,
    source=payments,
    refresh=Every("1d", delay="2h"),
    features=["shop", "items", "amount"],
    version=2,
)
HALF = OnDemandView("half", features={"half": profile["items"] / 2})
HALF_2 = OnDemandView("half", features={"half": MORE["items"] / 2}, version=2)
OLD = FeatureService("model", features=[profile, HALF])
NEW = FeatureService("model", features=[MORE, HALF_2, spending["payments_7d"]], version=2)


@pytest.fixture
def served(store: FeatureStore) -> FeatureStore:
    store.apply(OLD)
    store.backfill("payments", [payment(-3000)])
    store.materialize("profile")
    return store


def read(store: FeatureStore, features: Any) -> dict[str, Any]:
    return store.get_online_features(features, KEY).rows[0]


OLD_ROW = {"shop": "book", "items": 1, "half": 0.5}
NEW_ROW = {"shop": "book", "items": 1, "amount": 10.0, "half": 0.5, "payments_7d": 1}


def test_a_name_moves_to_a_version_once_all_its_views_are_cut(served: FeatureStore) -> None:
    plan = served.apply(NEW)
    (warning,) = plan.changes[-1].warnings
    assert warning == (
        "the name 'model' alone is served as version 1 until this one is cut, and @2 is null: "
        "skewless materialize profile@2 spending@1"
    )
    assert read(served, "model") == OLD_ROW
    assert set(served.get_online_features("model@2", KEY).rows[0].values()) == {None}
    served.materialize("profile@2")
    assert read(served, "model") == OLD_ROW  # spending is not cut
    served.materialize("spending")
    assert read(served, "model") == read(served, "model@2") == NEW_ROW
    assert read(served, "model@1") == OLD_ROW


@pytest.mark.parametrize(
    ("features", "before", "after"),
    [
        ("profile", ["shop", "items"], ["shop", "items", "amount"]),
        ("profile:items", ["items"], ["items"]),
        (["half", "profile:shop"], ["half", "shop"], ["half", "shop"]),
    ],
    ids=str,
)
def test_names_of_views_wait_as_well(
    served: FeatureStore, features: Any, before: list[str], after: list[str]
) -> None:
    served.apply([MORE, HALF_2])
    found = read(served, features)
    assert list(found) == before
    assert None not in found.values()
    served.materialize("profile@2")
    assert list(read(served, features)) == after


def test_what_is_given_with_a_version_or_as_a_definition_is_what_it_is(
    served: FeatureStore,
) -> None:
    served.apply(NEW)
    for features in (NEW, "model@2", MORE, [MORE["shop"]]):
        status = served.get_online_features(features, KEY).status[0]
        assert {found.status for found in status.values()} == {"stale"}


def test_a_name_of_which_nothing_was_cut_is_the_newest(store: FeatureStore) -> None:
    store.apply([OLD, NEW])
    answer = store.get_online_features("model", KEY)
    assert list(answer.names) == list(NEW_ROW)
    assert {found.status for found in answer.status[0].values()} == {"stale"}


def test_another_process_moves_as_soon_as_the_version_is_cut(served: FeatureStore) -> None:
    served.apply(NEW)
    other = FeatureStore(served.aws, served.resources, clock=NOON)
    assert read(other, "model") == OLD_ROW
    served.materialize("profile@2")
    served.materialize("spending")
    assert read(other, "model") == NEW_ROW


def test_a_settled_name_asks_for_no_watermark_again(
    served: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.apply([OLD, MORE])
    served.materialize("profile@2")
    read(served, "profile")
    asked: list[str] = []
    monkeypatch.setattr(type(served._table), "read_watermark", lambda _, view: asked.append(view))
    assert list(read(served, "profile")) == ["shop", "items", "amount"]
    assert not asked


def test_a_first_version_has_no_warning(store: FeatureStore) -> None:
    assert not [change for change in store.plan([OLD, spending]).changes if change.warnings]
    store.apply(OLD)
    (change,) = [
        change
        for change in store.plan(
            FeatureView(
                "spending",
                entity=card,
                source=payments,
                refresh="stream",
                features={"n": agg.count(window="1h")},
            )
        ).changes
        if change.kind == "view"
    ]
    assert not change.warnings


def test_a_lock_pins_the_newest_version(served: FeatureStore, tmp_path: Path) -> None:
    served.apply(NEW)
    served.lock("model", tmp_path / "skewless.lock")
    assert "service#model#00002" in (tmp_path / "skewless.lock").read_text()
