from __future__ import annotations

import json

from skewless import Entity, Every, agg, col
from skewless.definitions.collection import Definitions
from skewless.definitions.version import Version
from skewless.registry.changes import Action, compare
from skewless.types import Int64, String
from tests.registry.builders import (
    a_service,
    a_source,
    a_view,
    an_entity,
    an_on_demand_view,
    change_of,
    changed,
    everything,
    plan_of,
)


def test_an_empty_store_creates_everything_in_order_of_dependency() -> None:
    plan = compare(Definitions(), everything())
    assert [(change.action, change.kind, change.name) for change in plan.changes] == [
        (Action.CREATE, "entity", "carrier"),
        (Action.CREATE, "source", "flights"),
        (Action.CREATE, "view", "delays"),
        (Action.CREATE, "view", "last_seen"),
        (Action.CREATE, "on_demand_view", "trend"),
        (Action.CREATE, "service", "arrival_model"),
    ]
    assert plan.has_changes
    assert not plan.is_refused


def test_publishing_the_same_again_changes_nothing() -> None:
    plan = compare(everything(), everything())
    assert {change.action for change in plan.changes} == {Action.UNCHANGED}
    assert not plan.has_changes
    assert str(plan) == "plan: 6 unchanged"


def test_what_is_published_but_not_wanted_is_left_alone() -> None:
    plan = compare(everything(), Definitions.collect([an_entity()]))
    assert [change.name for change in plan.changes] == ["carrier"]


def test_prose_may_change() -> None:
    change = changed(a_view(), a_view(description="how late", tags={"tier": "gold"}), "delays")
    assert change.action is Action.DESCRIBE
    assert change.details == (
        "description: '' became 'how late'",
        "tags: {} became {'tier': 'gold'}",
    )


def test_a_changed_window_is_refused_with_both_texts_and_the_way_out() -> None:
    before = a_view(features={"x": agg.mean("delay", window="1d")})
    after = a_view(features={"x": agg.mean("delay", window="2d")})
    change = changed(before, after, "delays")
    assert change.action is Action.REFUSE
    assert change.details == (
        "feature 'x': agg.mean('delay', window='1d') became agg.mean('delay', window='2d')",
        "what version 1 means never changes: publish it as version=2",
    )


def test_added_and_removed_features_are_refused() -> None:
    before = a_view(features={"x": agg.count(window="1d"), "y": agg.count(window="2d")})
    after = a_view(features={"x": agg.count(window="1d"), "z": agg.count(window="3d")})
    assert changed(before, after, "delays").details[:2] == (
        "feature 'y' was removed: agg.count(window='2d')",
        "feature 'z' was added: agg.count(window='3d')",
    )


def test_the_order_of_features_in_the_file_means_nothing() -> None:
    before = a_view(features=["delay", "distance"])
    after = a_view(features=["distance", "delay"])
    assert changed(before, after, "delays").action is Action.UNCHANGED


def test_every_attribute_of_a_view_is_named() -> None:
    before = a_view(features=["delay"], ttl="1d")
    after = a_view(
        features=["delay"], refresh=Every("1d", delay="2h"), where=col("delay") > 0, ttl=None
    )
    assert changed(before, after, "delays").details[:-1] == (
        "refresh: 'stream' became Every('1d', delay='2h')",
        "where: None became (col('delay') > 0)",
        "ttl: '1d' became None",
    )


def test_the_way_out_is_after_the_latest_version_known() -> None:
    second = a_view(version=2, features={"x": agg.count(window="2d")})
    after = a_view(features={"x": agg.count(window="3d")})
    plan = plan_of([a_view(), second], after)
    assert change_of(plan, "delays").details[-1].endswith("publish it as version=3")


def test_an_aggregated_view_cannot_become_a_latest_value_view() -> None:
    change = changed(a_view(), a_view(features=["delay"]), "delays")
    assert change.action is Action.REFUSE
    assert "feature 'delay' was added: the latest 'delay'" in change.details


def test_the_keys_of_an_entity_never_change() -> None:
    change = changed(an_entity(), an_entity(keys={"carrier": String, "n": Int64}), "carrier")
    assert change.action is Action.REFUSE
    assert change.details == (
        "keys: {'carrier': String} became {'carrier': String, 'n': Int64}",
        "the keys of a published entity never change: publish it under another name",
    )


def test_the_order_of_an_entitys_keys_counts() -> None:
    before = Entity("route", keys={"a": String, "b": String})
    after = Entity("route", keys={"b": String, "a": String})
    assert changed(before, after, "route").action is Action.REFUSE


def test_a_view_names_what_changed_in_its_source() -> None:
    source = a_source(schema={"carrier": String, "delay": Int64, "distance": Int64}, delay="1h")
    change = changed(a_view(), a_view(source=source), "delays")
    assert change.details[:-1] == ("source 'flights', column 'delay': Float64 became Int64",)


def test_a_view_over_another_source_or_entity_is_refused() -> None:
    other = a_view(
        source=a_source(name="landings"), entity=an_entity(name="airline"), name="delays"
    )
    assert changed(a_view(), other, "delays").details[:-1] == (
        "source: 'flights' became 'landings'",
    )


def test_a_renamed_entity_with_the_same_keys_means_the_same() -> None:
    plan = plan_of(a_view(), a_view(entity=an_entity(name="airline")))
    assert change_of(plan, "delays").action is Action.UNCHANGED


def test_views_and_on_demand_views_share_a_namespace() -> None:
    change = changed(a_view(name="trend"), an_on_demand_view(), "trend")
    assert change.action is Action.REFUSE
    assert change.details == (
        "it is published as a FeatureView, and cannot become an OnDemandView",
        "what version 1 means never changes: publish it as version=2",
    )


def test_a_changed_expression_is_shown_as_it_was_written() -> None:
    view = a_view()
    after = an_on_demand_view(view, features={"per_mile": view["mean_1d"] * 2.0}, request={})
    assert changed(an_on_demand_view(view), after, "trend").details[:-1] == (
        "request: {'miles': Float64} became {}",
        (
            "feature 'per_mile': (delays['mean_1d'] / request('miles')) became "
            "(delays['mean_1d'] * 2.0)"
        ),
    )


def test_an_on_demand_view_that_reads_another_version_is_refused() -> None:
    change = changed(an_on_demand_view(), an_on_demand_view(a_view(version=2)), "trend")
    assert change.details[:-1] == ("the views it reads: delays@1 became delays@2",)


def test_a_service_says_which_features_came_and_went() -> None:
    view = a_view()
    change = changed(a_service(view["mean_1d"]), a_service(view["flights_1h"]), "arrival_model")
    assert change.details == (
        "feature 'delays@1:mean_1d' was removed",
        "feature 'delays@1:flights_1h' was added",
        "what version 1 means never changes: publish it as version=2",
    )


def test_the_order_of_a_services_features_counts() -> None:
    view = a_view()
    before = a_service(view["mean_1d"], view["flights_1h"])
    after = a_service(view["flights_1h"], view["mean_1d"])
    assert changed(before, after, "arrival_model").details[0] == (
        "the order of features: delays@1:mean_1d, delays@1:flights_1h became "
        "delays@1:flights_1h, delays@1:mean_1d"
    )


def test_what_reads_a_refused_view_is_refused_with_it() -> None:
    after = a_view(features={"mean_1d": agg.mean("delay", window="2d")})
    plan = plan_of(a_service(a_view()["mean_1d"]), a_service(after["mean_1d"]))
    assert change_of(plan, "arrival_model").details[0] == (
        "it reads view 'delays' version 1, which differs from the published one"
    )


def test_a_new_version_names_the_services_that_still_read_the_old_one() -> None:
    second = a_view(version=2, features={"mean_1d": agg.mean("delay", window="2d")})
    published = [a_service(), a_service(name="other", features=[an_on_demand_view()])]
    plan = plan_of(published, [second, a_service(second, version=2)])
    change = next(
        item for item in plan.changes if (item.name, item.version) == ("delays", Version(2))
    )
    assert change.action is Action.CREATE
    assert change.warnings == (
        "service 'other' version 1 still reads version 1",
        (
            "the name 'delays' alone is served as version 1 until this one is cut, and @2 is null: "
            "skewless materialize delays@2"
        ),
    )


def test_estimates_are_filled_in_by_the_caller_and_shown() -> None:
    plan = compare(Definitions(), Definitions.collect(a_view()))
    filled = plan.with_estimates({("delays", Version(1)): {"dollars_per_month": 3}})
    assert change_of(filled, "delays").estimate == {"dollars_per_month": 3}
    assert change_of(filled, "flights").estimate is None
    assert "dollars_per_month: 3" in str(filled)
    assert filled == plan


def test_a_plan_reads_well() -> None:
    before = a_view(features={"x": agg.mean("delay", window="1d")})
    after = a_view(features={"x": agg.mean("delay", window="2d")})
    more = a_view(name="more", features={"least": agg.min("delay", window="1d")})
    assert str(plan_of(before, [after, more])) == (
        "refuse    view 'delays' version 1\n"
        "          feature 'x': agg.mean('delay', window='1d') became "
        "agg.mean('delay', window='2d')\n"
        "          what version 1 means never changes: publish it as version=2\n"
        "create    view 'more' version 1\n"
        "plan: 1 create, 2 unchanged, 1 refuse"
    )


def test_a_plan_as_data_is_json() -> None:
    plan = compare(Definitions(), everything())
    document = json.loads(json.dumps(plan.to_dict()))
    assert document["has_changes"]
    assert document["changes"][2]["kind"] == "view"
    assert document["changes"][2]["action"] == "create"
