"""What an administrator is granted is enough to publish, promote, export, import and restore."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk import permissions
from localaws import LocalAws
from skewless import FeatureStore
from skewless.aws import Aws
from skewless.registry.snapshot import SnapshotObject
from tests.store.builders import model
from tests.store.rights import session_as
from tests.store.test_transfer import lose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk.permissions import Role


@pytest.fixture
def other(new_store: Callable[[], FeatureStore]) -> FeatureStore:
    return new_store()


def as_role(store: FeatureStore, role: Role) -> FeatureStore:
    session = session_as(LocalAws.start(), role, store)
    return FeatureStore(Aws(session, store.aws.endpoint), store.resources, clock=store.clock)


def test_an_administrator_publishes_with_a_snapshot_and_restores_it(store: FeatureStore) -> None:
    admin = as_role(store, permissions.ADMINISTER)
    admin.apply(model)
    assert SnapshotObject(store.aws, store.resources).problem() == ""
    lose(store)
    assert admin.restore_registry() > 0
    assert admin.published.definitions == store.published.definitions


def test_who_may_train_here_and_administer_there_promotes(
    store: FeatureStore, other: FeatureStore
) -> None:
    store.apply(model)
    reader = as_role(store, permissions.TRAIN)
    assert reader.promote("model", to=as_role(other, permissions.ADMINISTER)).has_changes


def test_files_need_reading_here_and_administering_there(
    store: FeatureStore, other: FeatureStore, tmp_path: Path
) -> None:
    store.apply(model)
    store.yank("profile@1")
    as_role(store, permissions.TRAIN).export_registry(tmp_path)
    assert as_role(other, permissions.ADMINISTER).import_registry(tmp_path).marks
