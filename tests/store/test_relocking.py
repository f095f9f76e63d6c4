"""Locks of a store: checked, upgraded, and told when they are outdated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skewless import FeatureService, FeatureStore, agg
from skewless.errors import DocumentError, InputError
from skewless.registry.lock import read_lock
from tests.store.builders import model, profile, ratio, spending
from tests.store.test_parts import FEATURES, NEW, spending_with

if TYPE_CHECKING:
    from pathlib import Path

SECOND = spending_with("2", added=agg.sum("items", window="1d"))
THIRD = FeatureService("model", features=[SECOND], version=3)


@pytest.fixture(scope="module")
def store() -> FeatureStore:
    """A store of three versions of a model, that tests read, and mark for a moment."""
    made = FeatureStore.local()
    for definitions in (model, NEW, THIRD):
        made.apply(definitions)
    return made


def test_a_lock_is_upgraded_to_the_newest_minor_and_then_major(
    store: FeatureStore, tmp_path: Path
) -> None:
    path = tmp_path / "a.lock"
    store.lock("model@1.0", path)
    assert store.check_lock(path).is_current
    assert not store.check_lock(path, "model@1").is_current
    found = store.upgrade_lock(path)
    assert (found.before, found.after, found.is_changed) == ("model@1", "model@1.1", True)
    assert "spending@1.1" in found.uncut  # its features are null
    assert [(each.what, each.details) for each in found.changes] == [
        ("view 'spending' version 1.1 is read as well", ("feature 'items_7d': Int64",)),
        (
            "service 'model' version 1 becomes version 1.1",
            ("feature 'spending@1.1:items_7d' was added",),
        ),
    ]
    assert store.check_lock(path, "model@1").is_current
    before = path.read_bytes()
    assert not store.upgrade_lock(path).is_changed
    assert path.read_bytes() == before
    assert store.upgrade_lock(path, major=True).after == "model@3"
    assert str(read_lock(path).service.version) == "3"


def test_a_lock_of_a_view_is_upgraded_with_the_features_that_it_gained(
    store: FeatureStore, tmp_path: Path
) -> None:
    path = tmp_path / "a.lock"
    store.lock([spending[name] for name in FEATURES], path)
    assert store.upgrade_lock(path).after == "spending@1, spending@1.1"
    assert [name for _, name in read_lock(path).service.features] == [*FEATURES, "items_7d"]
    again = tmp_path / "again.lock"
    store.lock("spending@1", again)
    assert again.read_bytes() == path.read_bytes()


def test_what_is_yanked_is_neither_current_nor_written_anew(
    store: FeatureStore, tmp_path: Path
) -> None:
    path = tmp_path / "a.lock"
    store.lock("model@1.0", path)
    store.yank("profile@1", reason="wrong")
    try:
        assert store.check_lock(path).refused == ("view 'profile' version 1 is yanked: wrong",)
        before = path.read_bytes()
        with pytest.raises(InputError, match=r"nothing new is locked to view 'profile' version 1"):
            store.upgrade_lock(path)
        assert path.read_bytes() == before
        (pin,) = [pin for pin in store.outdated(path) if pin.state]
        assert (pin.name, pin.state, pin.why) == ("profile", "yanked", "wrong")
    finally:
        store.restore("profile@1")


def test_all_that_several_locks_pin_is_told(store: FeatureStore, tmp_path: Path) -> None:
    first, second = tmp_path / "1.lock", tmp_path / "2.lock"
    store.lock("model@1.0", first)
    store.lock([profile, ratio], second)
    found = [pin for pin in store.outdated(first, second) if pin.is_outdated]
    assert [(pin.lock, pin.name, str(pin.minor), str(pin.newest)) for pin in found] == [
        (str(first), "model", "1.1", "3"),
        (str(first), "spending", "1.1", "2"),
        (str(second), "spending", "1.1", "2"),
    ]


def test_the_lock_of_another_store_is_refused_by_name(store: FeatureStore, tmp_path: Path) -> None:
    path, other = tmp_path / "a.lock", FeatureStore.local()
    store.lock("model", path)
    for use in (other.check_lock, other.upgrade_lock, other.outdated):
        with pytest.raises(InputError) as caught:
            use(path)
        assert f"is of store {store.name!r} in " in str(caught.value)
        assert f"and this is store {other.name!r}" in str(caught.value)


def test_a_lock_that_was_edited_is_not_upgraded(store: FeatureStore, tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    store.lock("model@1.0", path)
    edited = path.read_text().replace('"spending"', '"spend"')
    path.write_text(edited)
    for use in (store.check_lock, store.upgrade_lock, store.outdated):
        with pytest.raises(DocumentError, match=r"run skewless lock again"):
            use(path)
    assert path.read_text() == edited


def test_an_upgraded_lock_is_registered_for_the_model_that_it_was_of(
    store: FeatureStore, tmp_path: Path
) -> None:
    path = tmp_path / "a.lock"
    pinned = [*(spending[name] for name in FEATURES), profile["shop"]]
    store.lock(pinned, path, model="scored")
    before = path.read_bytes()
    store.upgrade_lock(path)
    digests = [lock.digest for lock in store.models() if lock.model == "scored"]
    assert len(digests) == 2
    assert read_lock(path).digest in digests
    path.write_bytes(before)
    store.register(path, model="also")
    with pytest.raises(InputError, match=r"is that of the models 'also', 'scored'; say which"):
        store.upgrade_lock(path)
    assert path.read_bytes() == before
    assert store.upgrade_lock(path, model="also").is_changed
