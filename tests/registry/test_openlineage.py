"""OpenLineage: the events of a store, against the specification."""

from __future__ import annotations

import json
import typing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openlineage.client import event_v2
from openlineage.client import facet_v2 as facets

from skewless import FeatureService, FeatureView
from skewless.errors import InputError
from skewless.registry.openlineage import CommittedCut, OpenLineage, StorePlace
from skewless.registry.published import Published
from tests.registry.builders import a_source, a_view, an_on_demand_view
from tests.registry.openlineage_spec import EVENT
from tests.registry.test_models import a_lock, a_set

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOSTILE = '"}]<script>alert(1)</script>\n\x00\u202e${x}\\'
PRODUCER = "https://git.example.com/features"
PLACE = StorePlace(
    store="prod",
    partition="aws",
    region="eu-west-1",
    account="123456789012",
    database="lake",
    online_table="online",
)
VIEW = a_view(description=HOSTILE, owner="team:data", tags={"tier": "<b>1</b>"})
OWN = a_source(name="returns", table="shop.returns", description="of a table of yours")
ROLE = VIEW.with_name("other").with_join_key_map({"carrier": "operator"})
SERVICE = FeatureService(
    "arrival_model",
    features=[VIEW, ROLE["mean_1d"], an_on_demand_view(VIEW)],
    description="for arrivals",
    owner="ann",
)
ALL = Published.of([VIEW.entity, VIEW.source, OWN, VIEW, an_on_demand_view(VIEW), SERVICE])
LOCKS = (
    a_lock(SERVICE, training=[a_set(), replace(a_set(), place="/a/set.parquet")]),
    a_lock([(VIEW, "mean_1d")], model="loose", training=[replace(a_set(), place="")]),
    a_lock(model="gone").ended(NOON, "arn:bob"),
)
LINEAGE = OpenLineage(ALL, LOCKS, PLACE, PRODUCER, NOON)
EVENTS = LINEAGE.events([CommittedCut(VIEW, NOON, 7), CommittedCut(VIEW, NOON, None)])


def events_of(name: str) -> list[dict[str, Any]]:
    return [event for event in EVENTS if event.get("job", {}).get("name") == name]


def test_every_event_is_as_the_specification_says() -> None:
    validator = Draft202012Validator(EVENT, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for event in json.loads(json.dumps(EVENTS)):
        assert [*validator.iter_errors(event)] == []
    kinds = {event["schemaURL"].rpartition("/")[2] for event in EVENTS}
    assert kinds == {"DatasetEvent", "JobEvent", "RunEvent"}


@pytest.mark.parametrize("wrong", ["eventTime", "producer", "job"])
def test_what_the_specification_does_not_say_is_found(wrong: str) -> None:
    (event,) = events_of("trend@1")
    for changed in (
        {key: value for key, value in event.items() if key != wrong},
        {**event, wrong: "x y"},
        {**event, "other": 1},
    ):
        assert not Draft202012Validator(
            EVENT, format_checker=Draft202012Validator.FORMAT_CHECKER
        ).is_valid(changed)


def test_a_view_s_columns_are_told_by_the_columns_of_its_source() -> None:
    event = events_of("delays@1")[0]
    (output,) = event["outputs"]
    assert output["namespace"] == "arn:aws:dynamodb:eu-west-1:123456789012"
    assert output["name"] == "table/online/delays@1"
    glue = {"namespace": "arn:aws:glue:eu-west-1:123456789012", "name": "table/lake/flights"}
    assert event["inputs"] == [glue]
    fields = output["facets"]["columnLineage"]["fields"]["mean_1d"]["inputFields"]
    assert {**glue, "field": "delay"} in fields
    assert {column["name"] for column in output["facets"]["schema"]["fields"]} == set(
        VIEW.feature_types
    )
    assert output["facets"]["documentation"]["description"] == HOSTILE
    assert event["job"]["facets"]["jobType"]["processingType"] == "STREAMING"


def test_a_source_of_a_table_of_yours_is_that_table() -> None:
    names = [event["dataset"]["name"] for event in EVENTS if "dataset" in event]
    assert names == ["table/lake/flights", "table/shop/returns"]


def test_a_service_names_columns_of_two_views_in_full() -> None:
    (event,) = events_of("arrival_model@1")
    (output,) = event["outputs"]
    fields = output["facets"]["columnLineage"]["fields"]
    assert {"delays__mean_1d", "other__mean_1d", "flights_1h", "per_mile"} == fields.keys()
    (read,) = fields["other__mean_1d"]["inputFields"]
    assert (read["name"], read["field"]) == ("table/online/delays@1", "mean_1d")


def test_models_read_services_views_and_training_sets() -> None:
    (event,) = events_of(f"model churn ({LOCKS[0].short})")
    assert [(each["namespace"], each["name"]) for each in event["inputs"]] == [
        ("skewless://prod.eu-west-1.123456789012", "arrival_model@1"),
        ("s3://sets", "a.parquet"),
        ("file", "/a/set.parquet"),
    ]
    (loose,) = events_of(f"model loose ({LOCKS[1].short})")
    assert loose["inputs"][0]["name"] == "table/online/delays@1"
    assert not [event for event in EVENTS if "model gone" in json.dumps(event)]
    made = events_of(f"training set {a_set().digest[:12]}")[0]
    assert made["inputs"][0]["facets"]["version"]["datasetVersion"] == "7"


def test_the_run_of_a_cut_is_the_same_each_time() -> None:
    runs = [event for event in EVENTS if "run" in event]
    assert [event["eventType"] for event in runs[:2]] == ["START", "COMPLETE"]
    assert len({event["run"]["runId"] for event in runs}) == 1
    assert {event["eventTime"] for event in runs} == {NOON.isoformat()}
    assert runs[0]["inputs"][0]["facets"]["version"]["datasetVersion"] == "7"
    later = OpenLineage(ALL, (), PLACE, PRODUCER, datetime(2027, 1, 1, tzinfo=UTC))
    (again, _) = later.events([CommittedCut(VIEW, NOON, 7)])[-2:]
    assert again == runs[0]


@pytest.mark.parametrize("producer", ["", "skewless", "https://a b", "https://ä", 3, None])
def test_a_producer_that_is_no_uri_is_refused(producer: Any) -> None:
    with pytest.raises(InputError, match="is no URI"):
        OpenLineage(ALL, (), PLACE, producer, NOON)


def test_a_view_without_inputs_is_told_as_well() -> None:
    constant = an_on_demand_view(VIEW, features={"n": VIEW["mean_1d"] * 0})
    assert isinstance(VIEW, FeatureView)
    published = Published.of([VIEW.entity, VIEW.source, VIEW, constant])
    assert OpenLineage(published, (), PLACE, PRODUCER, NOON).events()


def test_the_publisher_s_own_classes_take_every_event() -> None:
    modules = [getattr(facets, name) for name in dir(facets)]
    known = {
        found._get_schema(): found
        for module in modules
        for found in getattr(module, "__dict__", {}).values()
        if isinstance(found, type) and hasattr(found, "_get_schema")
    }
    for event in EVENTS:
        kind = event["schemaURL"].rpartition("/")[2]
        made = _made(getattr(event_v2, kind), event, known)
        assert made.schemaURL == event["schemaURL"]


def _made(kind: Any, given: Any, known: dict[str, Any]) -> Any:
    """Make the publisher's class of plain data; a member that it does not know is an error."""
    if isinstance(given, dict) and "_schemaURL" in given:
        kind = known[given["_schemaURL"]]
    if isinstance(given, list):
        (of,) = _arguments(kind)
        return [_made(of, each, known) for each in given]
    if isinstance(given, dict) and hasattr(kind, "__attrs_attrs__"):
        hints = typing.get_type_hints(kind)
        members = {
            name.lstrip("_"): _made(hints[name], each, known)
            for name, each in given.items()
            if name not in ("schemaURL", "_schemaURL")
        }
        return kind(**members)
    if isinstance(given, dict):
        *_, of = _arguments(kind)
        return {name: _made(of, each, known) for name, each in given.items()}
    return given


def _arguments(kind: Any) -> tuple[Any, ...]:
    found = tuple(each for each in typing.get_args(kind) if each is not type(None))
    return _arguments(found[0]) if len(found) == 1 and typing.get_args(found[0]) else found
