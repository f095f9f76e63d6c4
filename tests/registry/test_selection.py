from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from skewless import agg
from skewless.definitions.collection import Definitions
from skewless.definitions.view import view_behind
from skewless.errors import InputError, UnknownNameError
from skewless.registry.published import Published
from skewless.registry.selection import find_view, identity, name_of, resolve, versions_of
from skewless.types import Float64, Int64, String
from tests.registry.builders import a_service, a_source, a_view, an_on_demand_view

if TYPE_CHECKING:
    from skewless.definitions.service import AnyView, FeatureService

VIEW = a_view()
SECOND = a_view(version=2, features={"mean_1d": agg.mean("delay", window="2d")})
TREND = an_on_demand_view(VIEW)
SERVICE = a_service(VIEW["mean_1d"], TREND)


def published(*more: object) -> Published:
    return Published(Definitions.collect([VIEW, SECOND, TREND, SERVICE, *more]))


def pairs(features: object) -> list[str]:
    found = resolve(published(), features)
    assert isinstance(found, tuple)
    return [_text(view, feature) for view, feature in found]


def _text(view: AnyView, feature: str) -> str:
    return f"{view.name}@{view.version}:{feature}"


@pytest.mark.parametrize("features", [SERVICE, "arrival_model", "arrival_model@1"])
def test_a_service_is_found_as_an_object_and_by_name(features: object) -> None:
    assert resolve(published(), features) == SERVICE


def test_the_latest_version_of_a_service_is_meant() -> None:
    second = a_service(SECOND, version=2)
    found = resolve(published(second), "arrival_model")
    assert found == second


def test_a_view_object_is_all_its_features_in_its_own_version() -> None:
    assert pairs(VIEW) == ["delays@1:mean_1d", "delays@1:flights_1h"]
    assert pairs([SECOND]) == ["delays@2:mean_1d"]
    assert pairs(TREND) == ["trend@1:per_mile"]


def test_texts_name_the_latest_version_unless_they_give_one() -> None:
    assert pairs("delays") == ["delays@2:mean_1d"]
    assert pairs("delays@1") == ["delays@1:mean_1d", "delays@1:flights_1h"]
    assert pairs("delays:mean_1d") == ["delays@2:mean_1d"]
    assert pairs("delays@1:flights_1h") == ["delays@1:flights_1h"]


def test_lists_mix_everything_and_keep_the_order() -> None:
    assert pairs([TREND["per_mile"], "delays@1:flights_1h", (VIEW["mean_1d"],)]) == [
        "trend@1:per_mile",
        "delays@1:flights_1h",
        "delays@1:mean_1d",
    ]
    assert pairs([SERVICE]) == ["delays@1:mean_1d", "trend@1:per_mile"]


def test_what_is_given_may_differ_in_prose_and_in_unread_columns() -> None:
    wider = a_source(
        schema={"carrier": String, "delay": Float64, "distance": Int64, "gate": String}
    )
    found = resolve(published(), a_view(source=wider, description="mine"))
    assert isinstance(found, tuple)
    assert view_behind(found[0][0]).description == ""


def test_a_view_that_is_not_published_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        pairs(a_view(name="other"))
    assert str(caught.value) == (
        "FeatureView('other', version=1) is not published; run skewless apply"
    )


def test_a_view_that_differs_from_the_published_one_is_refused() -> None:
    other = a_view(features={"mean_1d": agg.mean("delay", window="3d")}, version=2)
    with pytest.raises(InputError) as caught:
        pairs([other["mean_1d"]])
    assert str(caught.value) == (
        "FeatureView('delays', version=2) differs from the published version 2: feature 'mean_1d': "
        "agg.mean('delay', window='2d') became agg.mean('delay', window='3d'). Publish it under "
        "another version with skewless apply, or use what is published or tried "
        "by its name: 'delays'"
    )


def test_a_service_over_a_view_that_differs_is_refused() -> None:
    other = a_view(features={"mean_1d": agg.mean("delay", window="3d")})
    with pytest.raises(InputError, match="it reads view 'delays' version 1, which differs"):
        resolve(published(), a_service(other["mean_1d"], an_on_demand_view(other)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("delay", "there is no view or service 'delay'. Did you mean 'delays'?"),
        ("delay:mean_1d", "there is no view 'delay'. Did you mean 'delays'?"),
        ("delays:mean", "view 'delays' has no feature 'mean'. Did you mean 'mean_1d'?"),
        ("delays@4", "there is no view 'delays@4'. Did you mean 'delays@2' or 'delays@1'?"),
        ("arrival_model:x", "there is no view 'arrival_model'. Known: delays, trend."),
    ],
)
def test_an_unknown_name_comes_with_near_misses(text: str, message: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        pairs(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("features", ["", "a:b:c", "delays@", "delays@x:y", 7, None, [3]])
def test_what_selects_nothing_is_refused(features: object) -> None:
    with pytest.raises(InputError, match="selects no features"):
        pairs(features)


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(InputError, match="features is empty"):
        pairs([])


def test_a_name_of_a_view_and_a_service_is_ambiguous() -> None:
    named: FeatureService = a_service(VIEW["mean_1d"], name="delays")
    with pytest.raises(InputError, match="'delays' is a view and a service"):
        resolve(published(named), "delays")
    assert resolve(published(named), named) == named


def test_versions_of_a_name_of_two_kinds_are_named_with_the_kind() -> None:
    both = published(a_service(name="delays"))
    with pytest.raises(InputError, match='write "view delays@1" or "service delays@1"'):
        versions_of(both, "delays@1")
    assert [str(each) for each in versions_of(both, "view delays@1")] == ["view 'delays' version 1"]
    (found,) = versions_of(both, " service  delays@1.0 ")
    assert str(found) == "service 'delays' version 1"
    for wrong in ("view arrival_model@1", "service trend@1", "model delays@1", "view @1"):
        with pytest.raises((InputError, UnknownNameError)):
            versions_of(both, wrong)


def test_a_view_is_found_as_an_object_and_by_name() -> None:
    assert find_view(published(), VIEW) == find_view(published(), "delays@1") == VIEW
    assert find_view(published(), "delays") == SECOND


@pytest.mark.parametrize("text", ["delays@two", "delays@", "delays@-1", "delays:mean_1d"])
def test_a_text_that_names_no_version_finds_no_view_rather_than_the_latest(text: str) -> None:
    with pytest.raises(UnknownNameError, match=re.escape(repr(text))):
        find_view(published(), text)


@pytest.mark.parametrize("other", [TREND, SERVICE, "trend"])
def test_what_is_computed_on_demand_cannot_be_materialized(other: object) -> None:
    with pytest.raises(InputError, match="has nothing to materialize; name a FeatureView"):
        find_view(published(), other)


def test_selections_are_told_apart_by_their_objects_not_by_what_they_mean() -> None:
    assert identity([VIEW, "delays"]) == identity((VIEW, "delays"))
    assert identity(VIEW["mean_1d"]) == identity(VIEW["mean_1d"])
    assert identity(VIEW) != identity(a_view())
    assert identity("delays") != identity("delays@1")


def test_a_definition_may_be_given_by_its_name() -> None:
    assert name_of("delays") == name_of(VIEW) == "delays"
