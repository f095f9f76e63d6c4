"""Definitions that come from another registry, as they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from skewless import agg
from skewless.definitions.collection import Definitions
from skewless.errors import DefinitionError, UnknownNameError
from skewless.registry.apply_log import entry_of
from skewless.registry.carried import chosen, compare_carried
from skewless.registry.changes import Action, compare
from skewless.registry.identity import Identity, meaning
from skewless.registry.published import Published
from skewless.types import Float64, Int64, String
from tests.registry.builders import (
    a_service,
    a_source,
    a_view,
    an_entity,
    an_on_demand_view,
    everything,
)
from tests.registry.test_parts import ADDED, OF_ONE, SECOND, WIDER, after

if TYPE_CHECKING:
    from skewless.registry.changes import Plan

NOTHING = Definitions()
MORE = {**ADDED, "min_1d": agg.min("delay", window="1d")}
THIRD = a_view(version="1.2", features=MORE)
GROWN = after(a_view(), SECOND, THIRD)


def carried(*names: str, of: Definitions = GROWN) -> Definitions:
    return chosen(Published.of(of), names)


def named(definitions: Definitions) -> set[str]:
    return {str(Identity.of(item)) for item in definitions}


def actions(plan: Plan) -> dict[str, str]:
    return {str(change.identity): change.action.value for change in plan.changes}


def refusal(plan: Plan) -> str:
    return "; ".join(text for change in plan.refusals for text in change.details)


def test_a_view_comes_with_its_entity_source_and_earlier_parts() -> None:
    assert named(carried("delays@1.1")) == {
        "entity 'carrier'",
        "source 'flights'",
        "view 'delays' version 1",
        "view 'delays' version 1.1",
    }


@pytest.mark.parametrize("name", ["delays", "delays@1", "delays@1.2"])
def test_a_major_comes_with_all_its_parts(name: str) -> None:
    assert "view 'delays' version 1.2" in named(carried(name))


def test_a_service_comes_with_parts_that_it_does_not_read() -> None:
    published = after(a_view(), SECOND, a_service(SECOND["max_1d"]))
    assert named(carried("arrival_model", of=published)) == named(published)


def test_what_nothing_asks_for_stays() -> None:
    published = after(everything(), a_view(name="other"))
    assert "view 'other' version 1" not in named(carried("arrival_model", of=published))


def test_a_name_that_nothing_has_is_named() -> None:
    with pytest.raises(UnknownNameError, match="lateness"):
        carried("lateness")
    with pytest.raises(DefinitionError, match="nothing to publish"):
        carried()


def test_parts_land_in_an_empty_registry_with_their_fingerprints() -> None:
    plan = compare_carried(NOTHING, carried("delays"))
    assert set(actions(plan).values()) == {"create"}
    assert [meaning(item) for item in plan.definitions] == [meaning(item) for item in GROWN]


def test_carrying_again_changes_nothing() -> None:
    plan = compare_carried(compare_carried(NOTHING, GROWN).definitions, GROWN)
    assert not plan.has_changes


def test_only_what_lacks_is_created() -> None:
    plan = compare_carried(after(a_view(), SECOND), GROWN)
    assert [name for name, action in actions(plan).items() if action == "create"] == [
        "view 'delays' version 1.2"
    ]
    (change,) = [each for each in plan.changes if each.action is Action.CREATE]
    assert change.details == ("feature 'min_1d' is added",)


def test_what_is_carried_can_be_applied_from_its_file_afterwards() -> None:
    there = compare_carried(NOTHING, GROWN).definitions
    assert not compare(there, Definitions.collect(THIRD)).has_changes


def test_another_meaning_under_the_version_is_refused_and_its_publisher_named() -> None:
    theirs = Definitions.collect(a_view(features={"mean_1d": agg.mean("delay", window="2d")}))
    at = datetime(2026, 5, 1, tzinfo=UTC)
    log = [entry_of(compare(NOTHING, theirs), at, "arn:of:ann", "", "")]
    plan = compare_carried(theirs, carried("delays@1.0"), log)
    assert "arn:of:ann published what is there, at 2026-05-01T00:00:00+00:00" in refusal(plan)
    assert "window='2d'" in refusal(plan)


def test_a_part_is_not_slipped_in_below_a_later_one() -> None:
    theirs = after(
        a_view(), a_view(version="1.3", features={**OF_ONE, "x": agg.max("delay", window="3d")})
    )
    plan = compare_carried(theirs, carried("delays@1.1"))
    assert "delays@1.3 is published there, and would come to mean more" in refusal(plan)


def test_a_part_is_not_put_upon_one_that_it_was_not_made_on() -> None:
    theirs = after(a_view(), SECOND)
    ours = after(a_view(), THIRD)
    plan = compare_carried(theirs, ours)
    assert "delays@1.1 is published there, and not where this comes from" in refusal(plan)


def test_a_service_is_not_put_upon_one_that_it_was_not_made_on() -> None:
    view = a_view()
    theirs = after(a_service(view["flights_1h"]))
    ours = after(
        a_service(view["mean_1d"]), a_service(view["mean_1d"], view["flights_1h"], version="1.1")
    )
    only = Definitions.collect([item for item in ours.services if item.version.minor])
    plan = compare_carried(theirs, only)
    assert "arrival_model@1 is published there, and not" in refusal(plan)


def test_columns_that_only_the_other_registry_has_are_kept() -> None:
    plan = compare_carried(after(a_view(source=WIDER)), carried("delays"))
    assert actions(plan)["source 'flights'"] == "unchanged"
    assert not plan.is_refused


def test_columns_of_both_come_together() -> None:
    theirs = after(a_view(source=WIDER))
    ours = after(a_view(source=a_source(schema={**a_source().schema, "gate": String})))
    plan = compare_carried(theirs, ours)
    assert not plan.is_refused
    (source,) = plan.definitions.sources
    assert [*source.schema] == ["carrier", "delay", "distance", "more", "gate"]


def test_columns_in_another_order_are_refused_where_a_view_reads_them() -> None:
    schema: dict[str, Any] = {"carrier": String, "distance": Int64, "delay": Float64}
    features = {"a": agg.sum("delay", window="1d"), "b": agg.sum("distance", window="1d")}
    theirs = after(a_source(schema={**schema, "more": Int64}))
    plan = compare_carried(theirs, after(a_view(features=features)))
    assert plan.is_refused
    assert "order" in refusal(plan)


def test_another_type_of_a_column_is_refused() -> None:
    theirs = after(a_source(schema={"carrier": String, "delay": Int64, "distance": Int64}))
    plan = compare_carried(theirs, carried("delays"))
    assert "delay" in refusal(plan)


def test_other_keys_of_an_entity_are_refused() -> None:
    theirs = after(an_entity(keys={"code": String}))
    assert compare_carried(theirs, carried("delays")).is_refused


def test_words_travel() -> None:
    ours = after(a_view(description="how late"))
    plan = compare_carried(after(a_view()), ours)
    assert actions(plan)["view 'delays' version 1"] == "describe"


def test_on_demand_views_and_services_travel() -> None:
    view = a_view()
    published = after(a_service(view, an_on_demand_view(view)))
    plan = compare_carried(NOTHING, carried("arrival_model@1", of=published))
    assert set(actions(plan).values()) == {"create"}
    assert [meaning(item) for item in plan.definitions] == [meaning(item) for item in published]
