"""What an earlier release stored is read as it was meant, and added to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skewless.definitions.collection import Definitions
from skewless.registry.changes import Action, compare
from skewless.registry.identity import Identity, meaning
from skewless.registry.lock import read_lock
from skewless.registry.marks import State
from skewless.registry.published import Published
from skewless.registry.stored_item import decoded, marks_of
from skewless.types import Int64
from tests.registry.builders import TABLE, a_source, a_view, an_entity
from tests.registry.publishing import items, publish
from tests.registry.release_2026_11 import APPLIES

if TYPE_CHECKING:
    from skewless.aws import Aws
    from skewless.registry.registry import Registry

STORED = Path(__file__).parent / "stored"
ITEMS: list[dict[str, Any]] = json.loads((STORED / "2026-11.json").read_text())
DEFINITIONS = [item for item in ITEMS if item["pk"]["S"] == "definition"]


@pytest.fixture
def registry_of_2026_11(aws: Aws, registry: Registry) -> Registry:
    for item in ITEMS:
        aws.client("dynamodb").put_item(TableName=TABLE, Item=item)
    return registry


def test_each_definition_of_2026_11_means_what_it_meant() -> None:
    found = {Identity.of(item).key: meaning(item) for item in decoded(DEFINITIONS)}
    assert found == {item["sk"]["S"]: item["fingerprint"]["S"] for item in DEFINITIONS}
    assert len(found) == 12


def test_the_definitions_of_2026_11_are_unchanged_if_they_are_applied_again() -> None:
    published = Published.of(decoded(DEFINITIONS)).definitions
    *_, second, third = APPLIES
    plan = compare(published, Definitions.collect([*second, *third]))
    assert {change.action for change in plan.changes} == {Action.UNCHANGED}


def test_marks_of_2026_11_are_read() -> None:
    marks = {str(identity): mark for identity, mark in marks_of(DEFINITIONS).items()}
    assert {name: mark.state for name, mark in marks.items()} == {
        "view 'spending' version 1": State.DEPRECATED,
        "view 'spending' version 1.1": State.DEPRECATED,
        "view 'latest_rate' version 1": State.YANKED,
    }
    assert marks["view 'spending' version 1"].successor == "spending@2"


def test_a_lock_of_2026_11_is_read() -> None:
    lock = read_lock(STORED / "2026-11.lock")
    assert str(lock.service.version) == "1.1"
    assert lock.service in decoded(DEFINITIONS)


def test_a_registry_of_2026_11_is_added_to(registry_of_2026_11: Registry, aws: Aws) -> None:
    before = items(aws)
    publish(registry_of_2026_11, a_view())
    after = items(aws)
    assert {key: after[key] for key in before} == before
    assert len(after) == len(before) + 3
    assert len(registry_of_2026_11.log()) == 6


def test_a_source_of_2026_11_is_extended(registry_of_2026_11: Registry) -> None:
    old = registry_of_2026_11.load().source("payments")
    wider = a_source(
        name="payments",
        schema={**old.schema, "shop": Int64},
        event_time=old.event_time,
        event_id=old.event_id,
        delay=old.delay,
    )
    publish(registry_of_2026_11, [wider, an_entity(name="shop")])
    found = registry_of_2026_11.load()
    assert "shop" in found.view("spending", "1.1").source.columns  # type: ignore[union-attr]


def test_the_log_of_2026_11_tells_and_shows_earlier_states(registry_of_2026_11: Registry) -> None:
    told = [entry.message for entry in registry_of_2026_11.log()]
    assert told == [
        "the table was loaded twice",
        "a mean by the hour is enough",
        "the apply 3",
        "the apply 2",
        "the apply 1",
    ]
    then = registry_of_2026_11.states(datetime(2026, 11, 20, 12, tzinfo=UTC))[0].published
    assert "country" not in then.source("payments").columns
    assert {str(service.version) for service in then.definitions.services} == {"1"}
    entries = registry_of_2026_11.log()
    states = registry_of_2026_11.states(entries[-1].id, entries[0].id, None)
    assert len(states[0].published.views) < len(states[1].published.views)
    assert states[1].published == states[2].published == registry_of_2026_11.load()
