"""A registry as files and as a snapshot, out of one store and into another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skewless import FeatureService, FeatureStore, FeatureView
from skewless.errors import DocumentError, InputError, PublishError, StoreError
from skewless.registry.identity import Identity, meaning
from skewless.registry.marks import State
from tests.store.builders import label, model, payment, profile, spending

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def other(new_store: Callable[[], FeatureStore]) -> FeatureStore:
    return new_store()


def meanings(store: FeatureStore) -> dict[str, str]:
    store.refresh()
    return {str(Identity.of(item)): meaning(item) for item in store.published.definitions}


def test_an_export_is_imported_with_marks_and_only_once(
    store: FeatureStore, other: FeatureStore, tmp_path: Path
) -> None:
    store.apply(model)
    store.yank("profile@1", reason="wrong")
    assert "view/profile@1.json" in store.export_registry(tmp_path)
    assert store.export_registry(tmp_path) == []
    planned = other.plan_import(tmp_path)
    assert meanings(other) == {}
    assert other.import_registry(tmp_path, planned=planned).has_changes
    assert meanings(other) == meanings(store)
    assert [mark.state for mark in other.published.marks.values()] == [State.YANKED]
    messages = [entry.message for entry in other.log()]
    assert messages == [f"imported from an export of store {store.name!r}"] * 2
    assert not other.import_registry(tmp_path).has_changes
    assert len(other.log()) == 2
    other.backfill("payments", [payment(-3000)])
    assert other.get_historical_features([label()], "spending").to_arrow().num_rows == 1


def test_nothing_is_imported_if_one_file_is_wrong(
    store: FeatureStore, other: FeatureStore, tmp_path: Path
) -> None:
    store.apply(model)
    store.export_registry(tmp_path)
    (tmp_path / "view" / "profile@1.json").write_text("{}")
    with pytest.raises(DocumentError, match=r"view/profile@1\.json"):
        other.import_registry(tmp_path)
    assert meanings(other) == {}


def test_a_version_that_means_something_else_here_is_refused(
    store: FeatureStore, other: FeatureStore, tmp_path: Path
) -> None:
    store.apply(model)
    store.export_registry(tmp_path)
    other.apply(FeatureService("model", features=[profile]))
    before = meanings(other)
    with pytest.raises(PublishError, match="published what is there"):
        other.import_registry(tmp_path)
    assert meanings(other) == before


def test_a_store_that_changed_since_the_plan_is_left_alone(
    store: FeatureStore, other: FeatureStore, tmp_path: Path
) -> None:
    store.apply(model)
    store.export_registry(tmp_path)
    planned = other.plan_import(tmp_path)
    other.apply(profile)
    with pytest.raises(PublishError, match=r"changed since the plan was made, by arn"):
        other.import_registry(tmp_path, planned=planned)


def test_words_and_their_patches_come_along(
    store: FeatureStore, other: FeatureStore, tmp_path: Path
) -> None:
    for description in ("", "a", "b"):
        store.apply(with_words(description))
    store.export_registry(tmp_path)
    other.apply(with_words("c"))
    other.import_registry(tmp_path)
    found = other.published
    assert found.view("spending").description == "b"
    assert [str(identity) for identity in found.patches] == ["view 'spending' version 1"]
    assert not other.import_registry(tmp_path).has_changes
    store.apply(with_words("d"))
    store.promote("spending", to=other)
    assert other.published.view("spending").description == "d"


def with_words(description: str) -> FeatureView:
    return FeatureView(
        "spending",
        entity=spending.entity,
        source=spending.source,
        refresh="stream",
        features=spending.aggregations,
        description=description,
    )


def lose(store: FeatureStore, kept: str | None = None) -> None:
    """Empty the registry's table but for a partition, as after a loss."""
    client, name = store.aws.client("dynamodb"), store.resources.registry_table
    for item in client.scan(TableName=name)["Items"]:
        if item["pk"]["S"] != kept:
            client.delete_item(TableName=name, Key={key: item[key] for key in ("pk", "sk")})
    store.refresh()


def test_a_lost_registry_is_restored_from_its_snapshot(store: FeatureStore) -> None:
    store.apply(model, message="the first")
    store.deprecate("profile@1", reason="old")
    store.backfill("payments", [payment(-3000)])
    before, log = meanings(store), store.log()
    lose(store)
    with pytest.warns(UserWarning, match="left as it is: it holds the apply of"):
        store.apply(profile)
    with pytest.raises(PublishError, match="is not empty"):
        store.restore_registry()
    lose(store)
    assert store.restore_registry() > len(before)
    assert meanings(store) == before
    assert store.log() == log
    assert store.get_historical_features([label()], "spending").to_arrow().num_rows == 1
    assert store.restore_registry() == 0


def test_a_snapshot_s_file_is_restored_beside_what_is_tried(
    store: FeatureStore, other: FeatureStore, tmp_path: Path
) -> None:
    store.apply(profile)
    store.dev("anna").apply(model)
    store.deprecate("profile@1")
    place = {"Bucket": store.resources.bucket, "Key": "registry/snapshot.json"}
    path = tmp_path / "s.json"
    path.write_bytes(store.aws.client("s3").get_object(**place)["Body"].read())
    before = meanings(store)
    lose(store, kept="dev")
    store.restore_registry(path)
    assert meanings(store) == before
    assert store.dev("anna").published.service("model")
    with pytest.raises(InputError, match="cannot be opened"):
        store.restore_registry(tmp_path / "none.json")
    with pytest.raises(DocumentError, match=f"it is of store {store.name!r}, and not of"):
        other.restore_registry(path)


def test_a_namespace_is_neither_exported_nor_imported_nor_promoted_to(
    store: FeatureStore, other: FeatureStore, tmp_path: Path
) -> None:
    store.apply(profile)
    store.export_registry(tmp_path)
    trial = store.dev("anna")
    trial.apply(model)
    for act in (
        lambda: trial.export_registry(tmp_path),
        lambda: trial.plan_import(tmp_path),
        trial.restore_registry,
        lambda: other.promote("profile", to=trial),
    ):
        with pytest.raises(InputError, match="namespace 'anna'"):
            act()


def test_a_store_without_a_snapshot_says_so(store: FeatureStore) -> None:
    with pytest.raises(StoreError, match="could not be read"):
        store.restore_registry()


def test_what_is_served_here_is_not_retired_by_an_import(
    store: FeatureStore, other: FeatureStore, tmp_path: Path
) -> None:
    for each in (store, other):
        each.apply([spending, profile])
    other.backfill("payments", [payment(-3000)])
    other.materialize("spending")
    other.lock("spending", tmp_path / "a.lock", model="churn")
    store.retire("spending@1", latest=True, reason="too fast")
    store.export_registry(tmp_path / "export")
    done = other.import_registry(tmp_path / "export")
    assert (done.marks, [*map(str, done.left)]) == ({}, ["view 'spending' version 1"])
    other.ingest("payments", [payment(-5)])
    locked = FeatureStore.from_lock(
        tmp_path / "a.lock", session=other.aws.session, clock=other.clock
    )
    assert locked.get_online_features(None, {"card": "a"}).rows[0]["payments_7d"] == 2
    other.unlock("churn")
    other.retire("spending@1", latest=True)
    assert not other.plan_import(tmp_path / "export").left
