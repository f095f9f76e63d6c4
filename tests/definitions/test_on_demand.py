from __future__ import annotations

import re
from typing import Any

import pytest

from skewless import Entity, FeatureView, OnDemandView, Source, col, if_else, request
from skewless.errors import DefinitionError, UnknownNameError
from skewless.types import Bool, Float64, Int64, String, Vector

VIEW = FeatureView(
    "view",
    entity=Entity("user", keys={"user": String}),
    source=Source("events", schema={"user": String, "clicks": Int64}, event_time="at"),
    features=["clicks"],
    refresh="stream",
)


def on_demand(name: Any = "trend", **options: Any) -> OnDemandView:
    return OnDemandView(name, **{"features": {"half": VIEW["clicks"] / 2}, **options})


def problems(name: Any = "trend", **options: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        on_demand(name, **options)
    return str(caught.value)


def test_features_are_typed_by_their_expressions() -> None:
    view = on_demand(
        request={"weight": Float64},
        features={"half": VIEW["clicks"] / 2, "heavy": request("weight") > 1},
    )
    assert dict(view.feature_types) == {"half": Float64, "heavy": Bool}
    assert view.views == (VIEW,)


def test_one_on_demand_view_may_read_another_and_asks_for_its_request_too() -> None:
    inner = on_demand("inner", request={"w": Float64}, features={"x": request("w") * 2})
    outer = on_demand("outer", request={"v": Int64}, features={"y": inner["x"] + request("v")})
    assert dict(outer.all_request) == {"v": Int64, "w": Float64}
    assert outer.views == ()


def test_a_request_field_has_one_type_in_a_view_and_those_it_reads() -> None:
    inner = on_demand("inner", request={"w": Float64}, features={"x": request("w") * 2})
    middle = on_demand("middle", features={"y": inner["x"] + 1})
    assert problems("outer", request={"w": Int64}, features={"z": middle["y"] * request("w")}) == (
        "OnDemandView 'outer': 'w' is Int64 as a request field of "
        "OnDemandView('outer', version=1), but Float64 as a request field of "
        "OnDemandView('inner', version=1); a row gives it once, in one type"
    )
    assert problems("outer", request={"W": Float64}, features={"z": inner["x"]}) == (
        "OnDemandView 'outer': 'W' (a request field of OnDemandView('outer', version=1)) and 'w' "
        "(a request field of OnDemandView('inner', version=1)) differ only by case, so they "
        "would be one column"
    )


def test_a_request_field_may_be_a_key_if_it_is_of_its_type() -> None:
    asked = {"x": if_else(request("user") == "me", VIEW["clicks"], 0)}
    assert on_demand(request={"user": String}, features=asked).views == (VIEW,)
    found = problems(request={"user": Int64}, features={"x": request("user") + VIEW["clicks"]})
    assert found == (
        "OnDemandView 'trend': 'user' is Int64 as a request field of "
        "OnDemandView('trend', version=1), but String as a key of entity 'user'; a row gives it "
        "once, in one type"
    )


@pytest.mark.parametrize("fields", [3, ["w"], "w", 0, ""], ids=repr)
def test_request_fields_are_a_mapping(fields: object) -> None:
    assert problems(request=fields) == (
        f"OnDemandView 'trend': request must map fields to types, for example "
        f"{{'amount': Float64}}, not {fields!r}"
    )


def test_a_request_field_s_name_is_text() -> None:
    assert problems(request={3: Float64}) == (
        "OnDemandView 'trend': the request field name 3 must be letters, digits and _, "
        "no digit first"
    )


def test_tags_are_a_mapping() -> None:
    assert problems(tags=3) == (
        "OnDemandView 'trend': the tags must map text to text, for example {'tier': 'gold'}, not 3"
    )


def test_a_column_of_a_source_is_refused() -> None:
    assert problems(features={"x": col("clicks") + 1}) == (
        "OnDemandView 'trend': feature 'x': col('clicks'): an on-demand view has no source; "
        "use request(...) or a feature, view['feature']"
    )


def test_an_unknown_request_field_is_refused_with_the_near_miss() -> None:
    assert problems(request={"weight": Float64}, features={"x": request("weights") + 1}) == (
        "OnDemandView 'trend': feature 'x': the request has no field 'weights'. "
        "Did you mean 'weight'?"
    )


@pytest.mark.parametrize("name", ["skewless_w", "ingest_time"])
def test_a_reserved_request_field_is_refused(name: str) -> None:
    assert problems(request={name: Float64}) == (
        f"OnDemandView 'trend': the request field name {name!r} is reserved for the store; "
        "choose another"
    )


def test_a_vector_of_a_request_is_read_by_its_elements() -> None:
    features = {"first": request("v").list.first()}
    view = OnDemandView("trend", features=features, request={"v": Vector(2)})
    assert view.feature_types == {"first": Float64}
    with pytest.raises(DefinitionError, match=re.escape("arithmetic needs numbers, not Vector(2)")):
        OnDemandView("trend", features={"twice": request("v") * 2}, request={"v": Vector(2)})


@pytest.mark.parametrize("features", [{}, None, ["half"]])
def test_a_view_needs_features(features: object) -> None:
    assert problems(features=features) == (
        "OnDemandView 'trend': features must map at least one name to an expression"
    )


def test_a_condition_must_be_true_or_false() -> None:
    assert problems(features={"x": if_else(VIEW["clicks"], 1, 2)}) == (
        "OnDemandView 'trend': feature 'x': if_else(view['clicks'], 1, 2): the condition is "
        "Int64, not Bool"
    )


def test_all_problems_come_in_one_error() -> None:
    assert problems(
        "Trend", version=0, request={"a b": Float64}, features={"1x": VIEW["clicks"] + 1, "c": 3}
    ) == (
        "OnDemandView 'Trend' has 5 problems:\n"
        "  - the name 'Trend' must be lower case letters, digits and _, a letter first\n"
        "  - version is 0; versions are whole numbers from 1, or MAJOR.MINOR.PATCH\n"
        "  - the request field name 'a b' must be letters, digits and _, no digit first\n"
        "  - the feature name '1x' must be letters, digits and _, no digit first\n"
        "  - feature 'c' is 3; write an expression"
    )


def test_an_unknown_feature_is_refused_with_the_near_miss() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'half'"):
        on_demand()["hlf"]
    with pytest.raises(UnknownNameError, match="has no feature"):
        on_demand()[0]  # type: ignore[index]


def test_equality_is_meaning_and_a_description_has_none() -> None:
    assert on_demand() == on_demand(description="A half", owner="us", tags={"a": "b"})
    assert hash(on_demand()) == hash(on_demand(description="A half"))
    assert on_demand() != on_demand(features={"half": VIEW["clicks"] / 2.5})
    assert on_demand() != on_demand(request={"w": Float64})
