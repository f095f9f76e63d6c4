"""Parts of views: what a change of each kind needs, and what stays as it was published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, Every, OnDemandView, agg, col, request
from skewless.compiler.fingerprint import feature_fingerprint, fingerprint
from skewless.definitions.collection import Definitions
from skewless.registry.changes import Action, compare
from skewless.registry.identity import Identity
from skewless.registry.parts import parts_of, take_apart, whole
from skewless.types import Float64, Int64, String
from tests.registry.builders import a_service, a_source, a_view, an_on_demand_view, plan_of

if TYPE_CHECKING:
    from skewless import FeatureView
    from skewless.definitions.collection import Definition
    from skewless.registry.changes import Plan

OF_ONE = {"mean_1d": agg.mean("delay", window="1d"), "flights_1h": agg.count(window="1h")}
ADDED = {**OF_ONE, "max_1d": agg.max("delay", window="1d")}
WIDER = a_source(schema={"carrier": String, "delay": Float64, "distance": Int64, "more": Int64})
SECOND = a_view(version="1.1", features=ADDED)


def after(*steps: Any) -> Definitions:
    """Return what is published after one apply after another, none of them refused."""
    found: dict[Identity, Definition] = {}
    for step in steps:
        published = Definitions.collect([*found.values()]) if found else Definitions()
        plan = compare(published, Definitions.collect(step))
        assert not plan.is_refused, str(plan)
        found |= {Identity.of(item): item for item in plan.definitions}
    return Definitions.collect([*found.values()])


def verdict(plan: Plan) -> str:
    """Say what a plan does to what is no entity and no source, and what version it asks for."""
    changes = [change for change in plan.changes if change.kind not in ("entity", "source")]
    found = {change.action for change in changes} - {Action.UNCHANGED}
    asked = [change.details[-1].rpartition("version=")[2] for change in plan.refusals]
    return " ".join([*sorted(found), *asked]) or "unchanged"


def created_by(plan: Plan) -> list[str]:
    return [str(change.identity) for change in plan.changes if change.action is Action.CREATE]


def mean(window: str = "1d", **given: Any) -> dict[str, Any]:
    """Return the features of a view, one of them with other settings."""
    return {"features": {**OF_ONE, "mean_1d": agg.mean("delay", window=window, **given)}}


COUNT_OF_LATE = agg.count(window="1h", where=col("delay") > 0)
CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "unchanged"),
    "words": ({"description": "told", "owner": "me", "tags": {"a": "b"}}, "describe"),
    "the order": ({"features": dict(reversed(OF_ONE.items()))}, "unchanged"),
    "a column that is not read": ({"source": WIDER}, "unchanged"),
    "a default hop, written out": (mean(hop="1h"), "unchanged"),
    "a feature more": ({"features": ADDED}, "refuse '1.1'"),
    "a feature less": ({"features": {"mean_1d": OF_ONE["mean_1d"]}}, "refuse 2"),
    "another name": (
        {"features": {"mean": OF_ONE["mean_1d"], "flights_1h": OF_ONE["flights_1h"]}},
        "refuse 2",
    ),
    "a window": (mean("2d"), "refuse 2"),
    "a hop": (mean(hop="5m"), "refuse 2"),
    "an offset": (mean(offset="1d"), "refuse 2"),
    "a default": (mean(default=0.0), "refuse 2"),
    "a scale": (mean(scale=2), "refuse 2"),
    "a condition of a feature": (
        {"features": {**OF_ONE, "flights_1h": COUNT_OF_LATE}},
        "refuse 2",
    ),
    "a condition of the view": ({"where": col("delay") > 0}, "refuse 2"),
    "the refresh": ({"refresh": Every("1d")}, "refuse 2"),
    "the keys": ({"entity": Entity("flight", keys={"distance": Int64})}, "refuse 2"),
    "the source's order": ({"source": a_source(tiebreak="distance")}, "refuse 2"),
    "a feature more and a window": (
        {"features": {**ADDED, "mean_1d": agg.mean("delay", window="2d")}},
        "refuse 2",
    ),
}
APART = {"the source's order"}  # published sources do not change, so the source is refused as well


@pytest.mark.parametrize("change", sorted(CHANGES.keys() - APART))
def test_each_change_of_a_view_needs_its_version(change: str) -> None:
    given, expected = CHANGES[change]
    assert verdict(plan_of(a_view(), a_view(**given))) == expected
    _, _, needed = expected.partition(" ")
    if needed:
        wanted = a_view(**given, version=needed.strip("'"))
        assert verdict(plan_of(a_view(), wanted)) == "create"


@pytest.mark.parametrize("change", CHANGES)
def test_equal_fingerprints_are_the_features_that_keep_their_values(change: str) -> None:
    given, expected = CHANGES[change]
    view = a_view(**given)
    is_same = all(
        name in view.feature_types
        and feature_fingerprint(view, name) == feature_fingerprint(a_view(), name)
        for name in OF_ONE
    )
    assert is_same == (expected != "refuse 2")


def test_a_feature_is_the_same_under_other_names() -> None:
    other = a_view(name="elsewhere", features={"average": OF_ONE["mean_1d"]})
    assert feature_fingerprint(other, "average") == feature_fingerprint(a_view(), "mean_1d")
    latest = a_view(features=["delay", "distance"])
    assert feature_fingerprint(latest, "delay") != feature_fingerprint(latest, "distance")


def test_roles_of_other_columns_have_other_values() -> None:
    view = a_view()
    role = view.with_name("other").with_join_key_map({"carrier": "operator"})
    assert feature_fingerprint(role, "mean_1d") != feature_fingerprint(view, "mean_1d")
    assert feature_fingerprint(role.with_name("third"), "mean_1d") == feature_fingerprint(
        role, "mean_1d"
    )


def test_an_added_feature_is_a_part_of_its_own() -> None:
    published = after(a_view(), SECOND)
    first, second = parts_of(published.views, "delays", 1)
    assert fingerprint(first) == fingerprint(a_view())
    assert (str(first.version), [*first.feature_types]) == ("1", ["mean_1d", "flights_1h"])
    assert (str(second.version), [*second.feature_types]) == ("1.1", ["max_1d"])
    assert whole([first, second]).feature_types == SECOND.feature_types
    assert verdict(compare(published, Definitions.collect(SECOND))) == "unchanged"
    # An older checkout is what was published then.
    assert verdict(compare(published, Definitions.collect(a_view()))) == "unchanged"


def test_parts_go_through_as_they_are() -> None:
    published = after(a_view(), SECOND)
    apart = take_apart(published, published)
    assert apart.definitions == published
    assert not apart.refusals


def test_each_addition_is_a_minor_version_after_the_last() -> None:
    published = after(a_view(), SECOND)
    third = {**ADDED, "min_1d": agg.min("delay", window="1d")}
    plan = compare(published, Definitions.collect(a_view(version="1.1", features=third)))
    (refused,) = plan.refusals
    assert refused.details == (
        "feature 'min_1d' was added",
        "what version 1.1 means never changes: publish it as version='1.2'",
    )
    plan = compare(published, Definitions.collect(a_view(version="1.2", features=third)))
    (created,) = (change for change in plan.changes if change.action is Action.CREATE)
    assert (str(created.version), created.details) == ("1.2", ("feature 'min_1d' is added",))


def test_a_feature_that_came_later_says_when() -> None:
    plan = compare(after(a_view(), SECOND), Definitions.collect(a_view(features=ADDED)))
    (refused,) = plan.refusals
    assert refused.details[0] == "feature 'max_1d' came with 1.1.0"


def test_a_later_feature_of_another_meaning_is_another_major() -> None:
    other = {**OF_ONE, "max_1d": agg.max("delay", window="3d")}
    plan = compare(
        after(a_view(), SECOND), Definitions.collect(a_view(version="1.1", features=other))
    )
    (refused,) = plan.refusals
    assert refused.details == (
        "feature 'max_1d': agg.max('delay', window='1d') became agg.max('delay', window='3d')",
        "what version 1.1 means never changes: publish it as version=2",
    )


def test_a_version_beyond_the_last_needs_something_new() -> None:
    plan = compare(after(a_view()), Definitions.collect(a_view(version="1.4")))
    (refused,) = plan.refusals
    assert refused.details == (
        "nothing was added since version 1.0.0",
        "write version=1, which is the last one",
    )


def test_a_patch_fixes_no_value() -> None:
    published = after(a_view(version="1.0.3"))
    assert str(published.views[0].version) == "1"
    wanted = Definitions.collect(a_view(version="1.0.4", description="told"))
    assert verdict(compare(published, wanted)) == "describe"


def test_what_reads_a_view_stays_as_it_is_when_the_view_gains_a_feature() -> None:
    read = [SECOND["mean_1d"], SECOND["flights_1h"], an_on_demand_view(SECOND)]
    plan = compare(after([a_service()]), Definitions.collect(a_service(*read)))
    assert created_by(plan) == ["view 'delays' version 1.1"]
    assert not plan.is_refused


def refused_by(plan: Plan) -> dict[str, str]:
    return {change.name: str(change.needed) for change in plan.refusals}


def test_what_is_added_under_too_low_a_version_refuses_no_reader_of_the_rest() -> None:
    added = a_view(features=ADDED)
    published = after([a_service()])
    service = a_service(added, an_on_demand_view(added))
    plan = compare(published, Definitions.collect(service))
    assert refused_by(plan) == {"delays": "1.1", "arrival_model": "1.1"}
    reads_more = an_on_demand_view(added, features={"per_mile": added["max_1d"] * 2})
    plan = compare(published, Definitions.collect(reads_more))
    assert refused_by(plan) == {"delays": "1.1", "trend": "2"}


def test_an_older_file_with_a_later_feature_refuses_no_reader_of_the_rest() -> None:
    published = after([a_service()], SECOND)
    for declared in (1, "1.0"):
        added = a_view(features=ADDED, version=declared)
        plan = compare(published, Definitions.collect(an_on_demand_view(added)))
        assert refused_by(plan) == {"delays": "1.1"}


def test_a_role_of_a_view_with_too_low_a_version_refuses_no_reader_either() -> None:
    def read(view: FeatureView) -> OnDemandView:
        role = view.with_name("sender").with_join_key_map({"carrier": "sender_id"})
        return OnDemandView("trend", features={"twice": role["mean_1d"] * 2})

    plan = compare(after(read(a_view())), Definitions.collect(read(a_view(features=ADDED))))
    assert refused_by(plan) == {"delays": "1.1"}


def test_an_on_demand_view_gains_features_as_others_do() -> None:
    published = after([an_on_demand_view()])
    read = a_view()
    features = {
        "per_mile": read["mean_1d"] / request("miles"),
        "late": read["mean_1d"] > request("limit"),
    }
    asked = {"miles": Float64, "limit": Float64}
    more = an_on_demand_view(features=features, request=asked)
    (refused,) = compare(published, Definitions.collect(more)).refusals
    assert refused.details[-1].endswith("publish it as version='1.1'")
    published = after(
        [an_on_demand_view()], [an_on_demand_view(features=features, request=asked, version="1.1")]
    )
    first, second = parts_of(published.on_demand_views, "trend", 1)
    assert (dict(first.request), dict(second.request)) == ({"miles": Float64}, {"limit": Float64})
    assert fingerprint(first) == fingerprint(an_on_demand_view())


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (("mean_1d", "flights_1h"), "unchanged"),
        (("mean_1d", "flights_1h", "distance"), "refuse '1.1'"),
        (("distance", "mean_1d", "flights_1h"), "refuse '1.1'"),
        (("flights_1h", "mean_1d"), "refuse 2"),
        (("mean_1d",), "refuse 2"),
        (("mean_1d", "distance"), "refuse 2"),
    ],
)
def test_each_change_of_a_service_needs_its_version(
    features: tuple[str, ...], expected: str
) -> None:
    latest = a_view(name="last_seen", features=["delay", "distance"], refresh=Every("1d"))
    refs = {name: a_view()[name] for name in OF_ONE} | {"distance": latest["distance"]}
    published = Definitions.collect([a_service(*(refs[name] for name in OF_ONE)), latest])
    chosen = [refs[name] for name in features]
    assert verdict(plan_of(published, a_service(*chosen))) == expected
    _, _, needed = expected.partition(" ")
    if needed:
        wanted = a_service(*chosen, version=needed.strip("'"))
        assert verdict(plan_of(published, wanted)) == "create"


def test_a_view_of_another_kind_never_takes_a_name() -> None:
    plan = plan_of(a_view(), an_on_demand_view(name="delays", features={"x": request("miles") + 1}))
    (refused,) = plan.refusals
    assert refused.details[0].startswith("it is published as a FeatureView")


def test_the_first_version_of_a_store_may_be_a_later_one() -> None:
    published = after(a_view(version="3.2", features=ADDED))
    (only,) = parts_of(published.views, "delays", 3)
    assert (str(only.version), [*only.feature_types]) == ("3.2", [*ADDED])
    wanted = Definitions.collect(a_view(version="3.1"))
    assert verdict(compare(published, wanted)) == "refuse 4"


def test_a_chain_of_on_demand_views_is_taken_apart_from_below() -> None:
    def chain(view: FeatureView) -> OnDemandView:
        below = an_on_demand_view(view)
        return OnDemandView("above", features={"twice": below["per_mile"] * 2})

    plan = compare(after([chain(a_view())]), Definitions.collect(chain(SECOND)))
    assert created_by(plan) == ["view 'delays' version 1.1"]
    assert [str(view) for view in plan.definitions.on_demand_views] == [
        "OnDemandView('trend', version=1)",
        "OnDemandView('above', version=1)",
    ]


def test_what_is_there_under_another_name_is_offered() -> None:
    again = a_view(
        name="others",
        features={
            "average": agg.mean("delay", window="1d"),
            "weekly": agg.mean("delay", window="7d"),
            "new": agg.min("delay", window="1d"),
        },
    )
    plan = plan_of(a_view(), again)
    (created,) = (change for change in plan.changes if change.name == "others")
    assert created.warnings == (
        "feature 'average' has the value of delays@1:mean_1d: use that one instead",
        "feature 'weekly' is delays@1:mean_1d but for its window",
    )
    assert plan_of(a_view(), a_view(version=2)).changes[-1].warnings[0].startswith("the name")


def test_a_file_may_hold_a_version_and_what_was_added_to_it() -> None:
    plan = compare(Definitions(), Definitions.collect([SECOND, a_view()]))
    assert not plan.is_refused
    first, second = parts_of(plan.definitions.views, "delays", 1)
    assert fingerprint(first) == fingerprint(a_view())
    assert [*second.feature_types] == ["max_1d"]
