"""Models: their locks, what stands on versions, and whether they were trained on what is locked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from skewless import FeatureService, agg
from skewless.errors import DocumentError, InputError, UnknownNameError
from skewless.registry.identity import Identity, meaning
from skewless.registry.lineage import Lineage
from skewless.registry.lock import LockText
from skewless.registry.model_lock import ModelLock, TrainedOn
from skewless.registry.model_register import ModelRegister, live_lock
from skewless.registry.published import Published
from skewless.registry.stands_on import dependents_of
from skewless.registry.trained import TrainingManifest, trained_on
from tests.registry.builders import REGION, TABLE, a_service, a_view, everything
from tests.registry.test_lock import RESOURCES

if TYPE_CHECKING:
    from skewless.aws import Aws

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
PUBLISHED = Published.of(everything())
SERVICE = PUBLISHED.service("arrival_model")
DELAYS = Identity.of(PUBLISHED.view("delays"))


def a_lock(service: object = SERVICE, **said: Any) -> ModelLock:
    made = LockText.of(service, RESOURCES, REGION)  # type: ignore[arg-type]
    given = {"model": "churn", "by": "arn:ann", "at": NOON, **said}
    return ModelLock.of(made.service, made.fingerprints, made.digest, **given)


def a_manifest(service: FeatureService = SERVICE, **changes: Any) -> TrainingManifest:
    features = [
        {
            "output": feature,
            "view": view.name,
            "version": view.version.written,
            "feature": feature,
            "fingerprint": meaning(view),  # type: ignore[arg-type]
        }
        for view, feature in service.features
    ]
    made = {"features": features, "digest": "d" * 64, "rows": 3, "mode": "as_served"}
    return TrainingManifest({**made, "snapshots": {"flights": 7}, **changes}, "s3://sets/a.parquet")


def a_set() -> TrainedOn:
    (found,) = trained_on(PUBLISHED, SERVICE, [a_manifest()])
    return found


def test_a_record_is_read_as_it_was_written() -> None:
    lock = a_lock(commit="abc", training=[a_set()]).ended(NOON, "arn:bob")
    assert ModelLock.from_json(lock.to_json()) == lock
    assert lock.service == "arrival_model@1"
    assert "delays@1:mean_1d" in lock.features
    assert DELAYS in lock.identities


def test_a_lock_without_a_model_is_called_as_what_it_pins() -> None:
    assert a_lock(model=None).model == "arrival_model"
    loose = a_lock([(PUBLISHED.view("delays"), "mean_1d")], model=None)
    assert (loose.model, loose.service, loose.features) == ("delays", "", ("delays@1:mean_1d",))


@pytest.mark.parametrize("name", ["", "a#b", "a\nb", "-", "ä", "a" * 129, " a", "<b>", 3])
def test_names_that_no_model_can_have_are_refused(name: Any) -> None:
    with pytest.raises(InputError, match="the model's name"):
        a_lock(model=name)


def test_what_stands_on_a_version_is_found_up_to_models() -> None:
    locks = [a_lock(), a_lock(model="old").ended(NOON, "arn:bob")]
    found = dependents_of(PUBLISHED, locks, [DELAYS])
    assert [str(each) for each in found.definitions] == [
        "view 'trend' version 1",
        "service 'arrival_model' version 1",
    ]
    assert found.models == ("churn",)
    source = Identity.of(PUBLISHED.source("flights"))
    assert DELAYS in dependents_of(PUBLISHED, locks, [source]).definitions
    assert not dependents_of(PUBLISHED, [], [Identity.of(SERVICE)])


def test_the_graph_goes_from_columns_to_training_sets_and_models() -> None:
    locks = [a_lock(training=[a_set()]), a_lock(model="gone").ended(NOON, "arn:bob")]
    graph = Lineage.of(PUBLISHED, locks)
    above = {str(node) for node in graph.downstream(graph.find("flights:distance")).nodes}
    assert {"model churn", "s3://sets/a.parquet", "arrival_model@1"} <= above
    assert "model gone" not in above
    below = {str(node) for node in graph.upstream(graph.find("churn")).nodes}
    assert "flights:distance" in below
    assert graph.find("model churn") == graph.find("churn")
    assert graph.find("s3://sets/a.parquet")[0].kind == "training"
    with pytest.raises(UnknownNameError, match="source, view, service or model 'chrun'"):
        graph.find("chrun")


def test_a_model_of_loose_features_stands_on_them_alone() -> None:
    graph = Lineage.of(PUBLISHED, [a_lock([(PUBLISHED.view("delays"), "mean_1d")])])
    assert "model churn" not in map(str, graph.downstream(graph.find("flights:distance")).nodes)
    assert "model churn" in map(str, graph.downstream(graph.find("delays:mean_1d")).nodes)


def test_hostile_places_are_text_in_a_flowchart() -> None:
    place = 's3://b/"]; click n1 "javascript:x"<script>\n#quot;'
    lock = a_lock(training=[replace(a_set(), place=place)])
    (line,) = [
        line for line in Lineage.of(PUBLISHED, [lock]).to_mermaid().splitlines() if "click" in line
    ]
    assert line.count('"') == 2
    assert "<" not in line


def test_a_set_of_what_is_locked_has_no_differences() -> None:
    assert a_set().differences == ()


def test_another_meaning_under_the_same_name_is_told() -> None:
    other = a_view(version=2, features={"mean_1d": agg.mean("distance", window="1d")})
    trained = FeatureService("tried", features=[other])
    (found,) = trained_on(PUBLISHED, a_service(a_view()), [a_manifest(trained)])
    changed, lacking = found.differences
    assert changed.startswith("its delays@2:mean_1d (fingerprint ")
    assert "is not delays@1:mean_1d" in changed
    assert lacking == "no training set has delays@1:flights_1h, which is locked"


def test_a_feature_that_another_version_has_unchanged_is_the_same() -> None:
    later = a_view(version=2, features={"mean_1d": agg.mean("delay", window="1d")})
    published = Published.of([*everything(), later])
    trained = FeatureService("tried", features=[a_view()["mean_1d"]])
    locked = FeatureService("locked", features=[later["mean_1d"]])
    (found,) = trained_on(published, locked, [a_manifest(trained)])
    assert found.differences == ()


def test_another_order_and_a_leaking_mode_are_told() -> None:
    flipped = a_manifest()
    content = {**flipped.content, "mode": "event_time"}
    content["features"] = flipped.content["features"][::-1]
    (found,) = trained_on(PUBLISHED, SERVICE, [TrainingManifest(content, "")])
    assert "mode='event_time'" in found.differences[0]
    assert "another order" in found.differences[1]


def test_several_sets_may_have_what_is_locked_together() -> None:
    whole = a_manifest()
    halves = [
        TrainingManifest({**whole.content, "features": some}, str(place))
        for place, some in enumerate((whole.content["features"][:2], whole.content["features"][2:]))
    ]
    assert [one.differences for one in trained_on(PUBLISHED, SERVICE, halves)] == [(), ()]


@pytest.mark.parametrize(
    "changes",
    [
        {"features": 3},
        {"features": [{}]},
        {"rows": "x"},
        {"rows": float("inf")},
        {"snapshots": {"a": "b"}},
        {"snapshots": 3},
    ],
)
def test_what_is_no_manifest_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="no manifest of a training set"):
        trained_on(PUBLISHED, SERVICE, [a_manifest(**changes)])


def test_a_lock_registered_again_keeps_all_its_training_sets(aws: Aws) -> None:
    register = ModelRegister(aws, TABLE)
    assert register.add(a_lock()) == a_lock()
    later = a_lock(at=datetime(2026, 12, 1, tzinfo=UTC), training=[a_set()])
    assert register.add(later) == replace(a_lock(), training=(a_set(),))
    register.end(later, NOON, "arn:bob")
    (ended,) = register.load()
    assert (ended.ended_by, ended.is_live) == ("arn:bob", False)
    assert register.add(later).at == later.at
    (live,) = register.load()
    assert live.is_live


def test_of_registrations_at_once_none_is_lost(aws: Aws) -> None:
    sets = [replace(a_set(), manifest=f"{number:064x}") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        [*pool.map(lambda one: ModelRegister(aws, TABLE).add(a_lock(training=[one])), sets)]
    (found,) = ModelRegister(aws, TABLE).load()
    assert {one.manifest for one in found.training} == {one.manifest for one in sets}


def test_a_record_that_was_edited_is_refused(aws: Aws) -> None:
    for key, text in (("a#b", "{}"), (a_lock().key, "[1]"), ("x#y", a_lock().to_json())):
        item = {"pk": {"S": "model"}, "sk": {"S": key}, "d": {"S": text}}
        aws.client("dynamodb").put_item(TableName=TABLE, Item=item)
        with pytest.raises(DocumentError, match="cannot be read"):
            ModelRegister(aws, TABLE).load()
        aws.client("dynamodb").delete_item(
            TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]}
        )


def test_one_of_several_locks_is_named_by_its_digest() -> None:
    locks = [a_lock(), a_lock([(PUBLISHED.view("delays"), "mean_1d")])]
    with pytest.raises(InputError, match="has 2 deployed locks"):
        live_lock(locks, "churn", None)
    assert live_lock(locks, "churn", locks[1].short) == locks[1]
    with pytest.raises(InputError, match="6 digits"):
        live_lock(locks, "churn", "")
    with pytest.raises(UnknownNameError, match="model 'churn' has no lock 'ffffff'"):
        live_lock(locks, "churn", "ffffff")
    with pytest.raises(UnknownNameError, match="no deployed model 'chrun'"):
        live_lock(locks, "chrun", None)
