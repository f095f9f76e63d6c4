from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from skewless import Definitions, Entity, FeatureService, FeatureView, OnDemandView, Source, agg
from skewless.errors import DefinitionError
from skewless.types import Int64, String

USER = Entity("user", keys={"user": String})
EVENTS = Source("events", schema={"user": String, "clicks": Int64}, event_time="at")


def a_view(name: str = "view", **options: Any) -> FeatureView:
    defaults = {"entity": USER, "source": EVENTS, "refresh": "stream", "features": ["clicks"]}
    return FeatureView(name, **{**defaults, **options})


def problems(given: object) -> str:
    with pytest.raises(DefinitionError) as caught:
        Definitions.collect(given)
    return str(caught.value)


def test_all_that_a_definition_refers_to_comes_with_it_in_order_of_dependency() -> None:
    half = OnDemandView("half", features={"half": a_view()["clicks"] / 2})
    service = FeatureService("model", features=[half])
    assert list(Definitions.collect(service)) == [USER, EVENTS, a_view(), half, service]


def test_an_on_demand_view_comes_after_those_it_reads() -> None:
    half = OnDemandView("half", features={"half": a_view()["clicks"] / 2})
    quarter = OnDemandView("quarter", features={"quarter": half["half"] / 2})
    assert Definitions.collect([quarter, half]).on_demand_views == (half, quarter)


def test_a_module_gives_what_it_defines() -> None:
    module = ModuleType("features")
    vars(module).update(view=a_view(), agg=agg, number=3, text="view")
    assert Definitions.collect(module) == Definitions((USER,), (EVENTS,), (a_view(),))


def test_lists_may_be_nested_and_repeat_themselves() -> None:
    assert Definitions.collect([[a_view()], (a_view(), [USER])]).views == (a_view(),)


def test_what_is_collected_already_stays_as_it_is() -> None:
    found = Definitions.collect(a_view())
    assert Definitions.collect(found) is found


def test_one_name_for_two_meanings_is_refused() -> None:
    assert problems([a_view(), a_view(ttl="1d")]) == (
        "definitions: two different definitions are called 'view' (FeatureView('view', version=1) "
        "and FeatureView('view', version=1)); rename one, or give it another version"
    )


def test_one_name_in_two_versions_is_fine() -> None:
    views = a_view(), a_view(ttl="1d", version=2)
    assert Definitions.collect(views).views == views


def test_views_of_both_kinds_share_one_space_of_names() -> None:
    clash = OnDemandView("view", features={"half": a_view()["clicks"] / 2})
    assert problems(clash) == (
        "definitions: two different definitions are called 'view' (FeatureView('view', version=1) "
        "and OnDemandView('view', version=1)); rename one, or give it another version"
    )


def test_entities_and_sources_under_one_name_must_agree_too() -> None:
    other = Source("events", schema={"user": String, "clicks": Int64}, event_time="when")
    wider = Entity("user", keys={"user": String, "clicks": Int64})
    found = problems([a_view(), a_view("other", source=other), wider])
    assert found == (
        "definitions has 2 problems:\n"
        "  - two different definitions are called 'events' (Source('events') and "
        "Source('events')); rename one, or give it another version\n"
        "  - two different definitions are called 'user' (Entity('user', keys={'user': String}) "
        "and Entity('user', keys={'user': String, 'clicks': Int64})); rename one, or give it "
        "another version"
    )


def test_a_different_description_is_no_different_definition() -> None:
    assert len(Definitions.collect([a_view(), a_view(description="Clicks")]).views) == 1


@pytest.mark.parametrize("given", [[], (), ModuleType("empty")])
def test_nothing_is_nothing_to_publish(given: object) -> None:
    assert problems(given) == (
        "definitions: there is nothing to publish: no Entity, Source, view or service"
    )


@pytest.mark.parametrize("given", ["view", 3, None])
def test_what_is_no_definition_is_refused(given: object) -> None:
    expected = (
        f"definitions: {given!r} is no definition, no module of definitions and no list of them"
    )
    assert problems(given) == expected
    assert problems([a_view(), given]) == expected
