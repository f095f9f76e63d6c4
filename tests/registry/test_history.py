"""States of the registry, found by instants and by applies, and what lies between two."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from skewless.definitions.collection import Definitions
from skewless.errors import DocumentError, InputError, UnknownNameError
from skewless.registry.changes import compare
from skewless.registry.history import changes_between, is_id
from skewless.registry.identity import Identity
from skewless.registry.marks import Mark, State
from skewless.registry.patches import with_patches, written_in
from tests.registry.builders import a_service, a_source, a_view, an_entity
from tests.registry.publishing import NOW

if TYPE_CHECKING:
    from datetime import datetime

    from skewless.registry.history import StateChange
    from skewless.registry.published import Published
    from skewless.registry.registry import Registry

MORE = {**a_view().aggregations, "n": a_view().aggregations["flights_1h"]}
VIEW = Identity.of(a_view())


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def publish(registry: Registry, *items: object, minutes: float, by: str = "arn:ann") -> str:
    """Publish, and return the id of the apply."""
    published, wanted = registry.load(), Definitions.collect(items)
    plan = with_patches(
        compare(published.definitions, wanted), published.patches, written_in(wanted)
    )
    registry.publish(plan, at(minutes), by=by, message=f"at {minutes}")
    return registry.log(limit=1)[0].id


def mark(registry: Registry, state: State | None, minutes: float, successor: str = "") -> None:
    before = registry.load().marks
    when = at(minutes)
    said = None
    if state is not None:
        said = Mark(state=state, reason="old", successor=successor, by="arn:cy", at=when)
    registry.mark([VIEW], said, when, by="arn:cy", why="old", before=before)


def shown(published: Published) -> tuple[int, str]:
    return len(published.views), published.view("delays", "1.0").description


def between(registry: Registry, *moments: datetime | str | None) -> list[StateChange]:
    return changes_between(*registry.states(*moments))


def test_applies_of_one_instant_are_told_apart_by_their_ids(registry: Registry) -> None:
    ids = [
        publish(registry, a_view(), minutes=0),
        publish(registry, a_view(description="told"), minutes=0),
        publish(registry, a_view(version=2), minutes=0),
    ]
    assert all(map(is_id, ids))
    states = registry.states(*ids, at(0), None)
    assert [shown(state.published) for state in states] == [
        (1, ""),
        (1, "told"),
        (2, "told"),
        (2, "told"),
        (2, "told"),
    ]
    assert [len(state.log) for state in states] == [1, 2, 3, 3, 3]


def test_marks_are_those_of_the_moment(registry: Registry) -> None:
    publish(registry, a_view(), minutes=0)
    mark(registry, State.DEPRECATED, 1, "delays@2")
    mark(registry, State.YANKED, 2)
    mark(registry, None, 3)
    found = [state.published.marks for state in registry.states(at(0), at(1), at(2), at(3), None)]
    assert [str(marks[VIEW]) if marks else "" for marks in found] == [
        "",
        "is deprecated: old. Use delays@2 instead",
        "is yanked: old",
        "",
        "",
    ]
    told = [[*change.details] for change in between(registry, at(1), at(2))]
    assert told == [["it is yanked: old"]]
    (change,) = between(registry, at(2), None)
    assert (change.action, change.details) == ("mark", ("it no longer is yanked: old",))
    assert [entry.by for entry in change.applies] == ["arn:cy"]


def test_what_changed_is_told_field_by_field_and_by_whom(registry: Registry) -> None:
    publish(registry, a_view(), minutes=0)
    publish(registry, a_view(description="one", owner="ml"), minutes=1, by="arn:bob")
    publish(registry, a_view(description="two", owner="ml"), minutes=2, by="arn:ann")
    publish(
        registry,
        a_view(version="1.1", features=MORE, description="two", owner="ml"),
        a_service(a_view()),
        minutes=3,
        by="arn:bob",
    )
    publish(registry, an_entity(name="other"), minutes=4)
    found = {change.subject: change for change in between(registry, at(0), at(3))}
    assert [*found] == [
        "view 'delays' version 1",
        "view 'delays' version 1.1",
        "service 'arrival_model' version 1",
    ]
    described = found["view 'delays' version 1"]
    assert described.details == (
        "description: '' became 'two'",
        "owner: '' became 'ml'",
        "these words are version 1.0.2",
    )
    assert (described.before, described.after) == ("1.0.0", "1.0.2")
    assert [entry.by for entry in described.applies] == ["arn:ann", "arn:bob"]
    assert found["view 'delays' version 1.1"].details == ("feature 'n' is added",)
    assert found["view 'delays' version 1.1"].before is None
    assert between(registry, at(3), at(3)) == []
    assert [change.subject for change in between(registry, at(3), None)] == ["entity 'other'"]


def test_words_that_came_back_are_told_by_their_number(registry: Registry) -> None:
    publish(registry, a_view(), minutes=0)
    publish(registry, a_view(owner="ml"), minutes=1)
    publish(registry, a_view(), minutes=2)
    (change,) = between(registry, at(0), None)
    assert (change.action, change.details) == ("describe", ("version 1.0.0 became 1.0.2",))


def test_a_source_that_gained_a_column_is_told(registry: Registry) -> None:
    schema = a_source().schema
    publish(registry, a_source(), minutes=0)
    publish(registry, a_source(schema={**schema, "gate": schema["carrier"]}), minutes=1)
    (change,) = between(registry, at(0), at(1))
    assert change.action == "extend"
    assert change.details == ("gains column 'gate': String",)
    assert change.to_dict()["before"] is None


def test_moments_that_are_none_are_told(registry: Registry) -> None:
    with pytest.raises(InputError, match="nothing was published yet"):
        registry.states(at(0))
    first = publish(registry, a_view(), minutes=0)
    with pytest.raises(InputError, match=r"before .*T03:04:05.*T03:03:05.* is too early"):
        registry.states(at(-1))
    with pytest.raises(UnknownNameError, match="no apply '00000000'"):
        registry.states("00000000")
    publish(registry, a_view(owner="ml"), minutes=1)
    with pytest.raises(InputError, match="the first is the later one"):
        between(registry, None, first)


def test_what_the_log_has_no_room_for_is_told(registry: Registry) -> None:
    publish(registry, a_view(description="x" * 360_000), minutes=0)
    later = publish(registry, a_view(), minutes=1)
    with pytest.raises(DocumentError, match="too large for one item"):
        registry.states(at(0.5))
    assert registry.states(later)[0].published.view("delays").description == ""
