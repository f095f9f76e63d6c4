"""Small definitions with defaults, for the tests of the registry."""

from __future__ import annotations

from typing import Any

from skewless import Entity, Every, FeatureService, FeatureView, OnDemandView, Source, agg, request
from skewless.definitions.collection import Definitions
from skewless.registry.changes import Change, Plan, compare
from skewless.types import Float64, Int64, String

REGION = "eu-west-1"
TABLE = "registry"


def an_entity(**changes: Any) -> Entity:
    return Entity(changes.pop("name", "carrier"), **{"keys": {"carrier": String}, **changes})


def a_source(**changes: Any) -> Source:
    given = {
        "schema": {"carrier": String, "delay": Float64, "distance": Int64},
        "event_time": "arrived_at",
        **changes,
    }
    return Source(given.pop("name", "flights"), **given)


def a_view(**changes: Any) -> FeatureView:
    given = {
        "entity": an_entity(),
        "source": a_source(),
        "refresh": "stream",
        "features": {
            "mean_1d": agg.mean("delay", window="1d"),
            "flights_1h": agg.count(window="1h"),
        },
        **changes,
    }
    return FeatureView(given.pop("name", "delays"), **given)


def an_on_demand_view(view: FeatureView | None = None, **changes: Any) -> OnDemandView:
    read = view or a_view()
    given = {
        "request": {"miles": Float64},
        **changes,
    }
    if "features" not in given:
        given["features"] = {"per_mile": read["mean_1d"] / request("miles")}
    return OnDemandView(given.pop("name", "trend"), **given)


def a_service(*features: Any, **changes: Any) -> FeatureService:
    given = {"features": features or (a_view(), an_on_demand_view()), **changes}
    return FeatureService(given.pop("name", "arrival_model"), **given)


def everything() -> Definitions:
    view = a_view()
    latest = a_view(name="last_seen", features=["delay", "distance"], refresh=Every("1d"))
    return Definitions.collect([a_service(view, latest["distance"], an_on_demand_view(view))])


def plan_of(published: object, wanted: object) -> Plan:
    return compare(Definitions.collect(published), Definitions.collect(wanted))


def change_of(plan: Plan, name: str) -> Change:
    (found,) = [change for change in plan.changes if change.name == name]
    return found


def changed(published: object, wanted: object, name: str) -> Change:
    return change_of(plan_of(published, wanted), name)
