"""Locks register the models that ship with them, and what these were trained on."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from cdk import permissions
from localaws import LocalAws
from skewless import FeatureService, FeatureStore
from skewless.aws import Aws
from skewless.errors import DocumentError, InputError
from tests.registry.openlineage_spec import EVENT
from tests.store.builders import label, model, payment, spending
from tests.store.rights import session_as

if TYPE_CHECKING:
    from pathlib import Path

    from cdk.permissions import Role
    from skewless.offline.training.training_set import TrainingSet


@pytest.fixture(scope="module")
def store() -> FeatureStore:
    """A store whose definitions stay as they are; each test has models of its own."""
    found = FeatureStore.local("models")
    found.apply(model)
    found.backfill("payments", [payment(-3000)])
    return found


@pytest.fixture(scope="module")
def training(store: FeatureStore) -> TrainingSet:
    return store.get_historical_features([label()], "model")


def as_role(store: FeatureStore, role: Role) -> FeatureStore:
    session = session_as(LocalAws.start(), role, store)
    return FeatureStore(Aws(session, store.aws.endpoint), store.resources)


def test_a_lock_registers_its_model_and_its_training_sets(
    store: FeatureStore, training: TrainingSet, tmp_path: Path
) -> None:
    place = tmp_path / "set.parquet"
    training.write_parquet(str(place))
    found = store.lock("model", tmp_path / "a.lock", model="first", training=[place], commit="abc")
    assert found in store.models()
    assert found.digest == json.loads((tmp_path / "a.lock").read_text())["digest"]
    (one,) = found.training
    assert (one.place, one.rows, one.differences) == (str(place), 1, ())
    assert "model first" in map(str, store.lineage().downstream(_column(store)).nodes)
    store.lock("model", tmp_path / "a.lock", model="first", training=[training])
    assert [lock.training for lock in store.models() if lock.model == "first"] == [(one,)]
    store.unlock("first")
    assert "first" not in {lock.model for lock in store.models()}
    assert "first" in {lock.model for lock in store.models(ended=True)}


def _column(store: FeatureStore):  # type: ignore[no-untyped-def] # noqa: ANN202
    return store.lineage().find("payments:amount")


def test_the_events_of_a_store_are_openlineage_s(store: FeatureStore) -> None:
    store.materialize("profile")
    events = store.openlineage(producer="https://git.example.com/features")
    assert all(map(Draft202012Validator(EVENT).is_valid, events))
    (run, _) = [event for event in events if "run" in event]
    assert run["job"]["name"] == "profile@1"
    assert run["inputs"][0]["facets"]["version"]["datasetVersion"].isdigit()


def test_a_set_of_other_features_is_refused_unless_it_is_accepted(
    store: FeatureStore, tmp_path: Path
) -> None:
    tried = FeatureService("tried", features=[spending["payments_7d"]])
    partly = store.get_historical_features([label()], tried)
    path = tmp_path / "a.lock"
    with pytest.raises(InputError, match=r"no training set has (.|\n)*which is locked"):
        store.lock("model", path, model="skewed", training=[partly])
    assert not path.exists()
    found = store.lock("model", path, model="skewed", training=[partly], accept_skew=True)
    assert found.training[0].differences
    with pytest.raises(InputError, match="is no training set"):
        store.lock("model", path, training=[3])
    with pytest.raises(InputError, match="give a list of training sets"):
        store.lock("model", path, training=str(path))


def test_whoever_trains_registers_and_whoever_only_reads_is_warned(
    store: FeatureStore, tmp_path: Path
) -> None:
    as_role(store, permissions.TRAIN).lock("model", tmp_path / "a.lock", model="trained")
    assert "trained" in {lock.model for lock in store.models()}
    path = tmp_path / "b.lock"
    with pytest.warns(RuntimeWarning, match="model 'read' .* is not registered"):
        as_role(store, permissions.SERVE_PUBLISHED).lock("model", path, model="read")
    assert "read" not in {lock.model for lock in store.models()}
    assert store.register(path, model="read") in store.models()


def test_locks_of_other_stores_and_edited_ones_are_not_registered(
    store: FeatureStore, tmp_path: Path
) -> None:
    path = tmp_path / "a.lock"
    store.lock("model", path)
    other = FeatureStore.local("models-of-another")
    with pytest.raises(
        InputError, match=r"is of store 'models' in .*this is store 'models-of-another'"
    ):
        other.register(path)
    path.write_text(path.read_text().replace('"models"', '"models-of-another"'))
    with pytest.raises(DocumentError, match="does not match its digest"):
        other.register(path)


def test_a_lock_without_a_model_is_known_by_its_service(
    store: FeatureStore, tmp_path: Path
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.lock(["spending:payments_7d"], tmp_path / "a.lock")
    (found,) = [lock for lock in store.models() if lock.model == "spending"]
    assert (found.service, found.features) == ("", ("spending@1:payments_7d",))
