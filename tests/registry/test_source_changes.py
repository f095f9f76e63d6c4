from __future__ import annotations

from typing import Any

import pytest

from skewless import FeatureView, agg
from skewless.registry.changes import Action
from skewless.types import Bool, Float64, Int64, String, Timestamp
from tests.registry.builders import a_source, a_view, an_entity, change_of, changed, plan_of


def test_a_source_may_gain_columns_and_its_views_stay_as_they_are() -> None:
    wider = a_source(
        schema={"carrier": String, "gate": String, "delay": Float64, "distance": Int64},
        description="arrivals",
    )
    plan = plan_of(a_view(), a_view(source=wider))
    change = change_of(plan, "flights")
    assert change.action is Action.EXTEND
    assert change.details == (
        "gains column 'gate': String",
        "description: '' became 'arrivals'",
    )
    assert change_of(plan, "delays").action is Action.UNCHANGED


REFUSED_SOURCES: dict[str, dict[str, Any]] = {
    "column 'delay': Float64 became Int64": {
        "schema": {"carrier": String, "delay": Int64, "distance": Int64}
    },
    "column 'distance': Int64 was removed": {"schema": {"carrier": String, "delay": Float64}},
    "the order of columns: carrier, delay, distance, arrived_at became "
    "delay, carrier, distance, arrived_at": {
        "schema": {"delay": Float64, "carrier": String, "distance": Int64}
    },
    "the order of columns: carrier, delay, distance, arrived_at became "
    "arrived_at, carrier, delay, distance": {
        "schema": {
            "arrived_at": Timestamp,
            "carrier": String,
            "delay": Float64,
            "distance": Int64,
        }
    },
    "event_time: 'arrived_at' became 'landed_at'": {"event_time": "landed_at"},
    "event_id: None became 'carrier'": {"event_id": "carrier"},
    "tiebreak: None became 'distance'": {"tiebreak": "distance"},
    "table: None became 'lake.flights'": {"table": "lake.flights"},
    "column 'is_deleted' is new, and would mark tombstones for views published without": {
        "schema": {
            "carrier": String,
            "delay": Float64,
            "distance": Int64,
            "is_deleted": Bool,
        }
    },
}


def test_a_delay_of_a_log_is_corrected_for_what_is_loaded_from_then_on() -> None:
    change = changed(a_source(), a_source(delay="15m"), "flights")
    assert change.action is Action.EXTEND
    (told,) = change.details
    assert told.startswith("delay: '0s' became '15m': rows that are backfilled from now on")


def test_a_delay_of_a_users_table_is_part_of_what_its_views_mean() -> None:
    change = changed(
        a_source(table="lake.flights"), a_source(table="lake.flights", delay="15m"), "flights"
    )
    assert change.action is Action.REFUSE


@pytest.mark.parametrize("detail", REFUSED_SOURCES)
def test_a_source_changes_in_no_other_way(detail: str) -> None:
    change = changed(a_source(), a_source(**REFUSED_SOURCES[detail]), "flights")
    assert change.action is Action.REFUSE
    assert detail in change.details
    assert change.details[-1] == (
        "a published source only gains columns: publish it under another name"
    )


def test_an_extension_never_changes_the_meaning_of_a_view() -> None:
    explicit = a_source(
        schema={
            "carrier": String,
            "delay": Float64,
            "distance": Int64,
            "arrived_at": Timestamp,
            "gate": String,
        }
    )
    features = {"x": agg.max("arrived_at", window="1d")}
    plan = plan_of(a_view(features=features), a_view(features=features, source=explicit))
    assert change_of(plan, "flights").action is Action.EXTEND
    assert change_of(plan, "delays").action is Action.UNCHANGED


def test_a_view_of_a_wider_source_can_be_created_beside_it() -> None:
    wider = a_source(
        schema={"carrier": String, "delay": Float64, "distance": Int64, "gate": String}
    )
    new = FeatureView(
        "gates", entity=an_entity(), source=wider, features=["gate"], refresh="stream"
    )
    plan = plan_of(a_view(), new)
    assert [change.action.value for change in plan.changes] == ["unchanged", "extend", "create"]
