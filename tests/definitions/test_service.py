from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, FeatureService, FeatureView, OnDemandView, Source, request
from skewless.definitions.service import flatten, select
from skewless.errors import DefinitionError
from skewless.types import Float64, Int64, String

if TYPE_CHECKING:
    from skewless.types import ValueType

SOURCE = Source(
    "events", schema={"user": String, "clicks": Int64, "amount": Float64}, event_time="at"
)
USER = Entity("user", keys={"user": String})


def a_view(name: str = "view", *features: str, version: int = 1) -> FeatureView:
    return FeatureView(
        name,
        entity=USER,
        source=SOURCE,
        features=features or ("clicks",),
        refresh="stream",
        version=version,
    )


def problems(*features: Any, name: Any = "model", **options: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        FeatureService(name, features=features, **options)
    return str(caught.value)


def outputs(*features: Any, full_names: bool = False) -> list[str]:
    return [item.output for item in select(flatten(features), full_names=full_names)]


def test_a_view_stands_for_all_its_features_in_order() -> None:
    view, other = a_view("view", "clicks", "amount"), a_view("other", "amount", "clicks")
    service = FeatureService("model", features=[view, other["clicks"]])
    assert service.features == ((view, "clicks"), (view, "amount"), (other, "clicks"))


def test_a_column_is_named_after_its_feature_or_on_demand_after_its_view_too() -> None:
    view = a_view("view", "clicks", "amount")
    assert outputs(view) == ["clicks", "amount"]
    assert outputs(view, full_names=True) == ["view__clicks", "view__amount"]


def test_all_features_of_views_that_clash_are_named_alike_and_no_others() -> None:
    view, other = a_view("view", "clicks", "amount"), a_view("other", "clicks")
    third = OnDemandView("third", features={"double": view["amount"] * 2})
    assert outputs(view, other, third) == [
        "view__clicks",
        "view__amount",
        "other__clicks",
        "double",
    ]


def test_features_that_are_left_out_do_not_clash() -> None:
    view, other = a_view("view", "clicks", "amount"), a_view("other", "clicks")
    assert outputs(view["amount"], other) == ["amount", "clicks"]


def test_two_full_names_that_are_the_same_are_refused() -> None:
    view = OnDemandView("view", features={"_x": a_view("some")["clicks"] * 2})
    other = OnDemandView("view_", features={"x": a_view("some")["clicks"] * 3})
    with pytest.raises(DefinitionError) as caught:
        outputs(view, other, full_names=True)
    assert "two features would be called 'view___x' (of OnDemandView('view', version=1), " in str(
        caught.value
    )
    assert "rename one of them" in str(caught.value)


def test_names_that_differ_only_by_case_clash() -> None:
    loud = OnDemandView("loud", features={"CLICKS": a_view()["clicks"] * 2})
    assert outputs(a_view(), loud) == ["view__clicks", "loud__CLICKS"]


def test_the_same_feature_twice_is_refused() -> None:
    assert problems(a_view(), a_view()["clicks"]) == (
        "FeatureService 'model': two features would be called 'view__clicks' "
        "(of FeatureView('view', version=1)); name each feature once, and one version of a view"
    )


def test_two_versions_of_a_view_are_refused_together() -> None:
    assert problems(a_view(version=2), a_view()) == (
        "FeatureService 'model': two features would be called 'view__clicks' (of "
        "FeatureView('view', version=1), FeatureView('view', version=2)); name each feature "
        "once, and one version of a view"
    )


def test_a_feature_with_the_name_of_a_full_name_is_refused() -> None:
    tricky = OnDemandView("tricky", features={"view__clicks": a_view()["clicks"] * 2})
    found = problems(a_view(), a_view("other"), tricky)
    assert found.startswith(
        "FeatureService 'model': two features would be called 'view__clicks' "
        "(of FeatureView('view', version=1), OnDemandView('tricky', version=1))"
    )


def test_a_feature_with_the_name_of_a_key_is_refused() -> None:
    named = OnDemandView("named", features={"User": a_view()["clicks"] + 1})
    assert problems(a_view(), named) == (
        "FeatureService 'model': the feature 'User' has the name of a key of entity 'user'"
    )


def test_a_feature_with_the_name_of_a_key_that_only_its_inputs_need_is_refused() -> None:
    named = OnDemandView("named", features={"User": a_view()["clicks"] + 1})
    above = OnDemandView("above", features={"USER": named["User"] + 1})
    for view, feature in ((named, "User"), (above, "USER")):
        assert problems(view) == (
            f"FeatureService 'model': the feature {feature!r} has the name of a key of entity "
            "'user'"
        )


def asking(name: str, **fields: ValueType) -> OnDemandView:
    features = {f"of_{name}": request(field) for field in fields}
    return OnDemandView(name, request=fields, features=features)


def test_a_request_field_has_one_type() -> None:
    assert problems(asking("one", w=Int64), asking("two", w=Float64)) == (
        "FeatureService 'model': 'w' is Int64 as a request field of "
        "OnDemandView('one', version=1), but Float64 as a request field of "
        "OnDemandView('two', version=1); a row gives it once, in one type"
    )
    assert FeatureService("m", features=[asking("one", w=Int64), asking("two", w=Int64)])


def test_a_key_has_one_type() -> None:
    source = Source("logins", schema={"user": Int64, "n": Int64}, event_time="at")
    account = Entity("account", keys={"user": Int64})
    logins = FeatureView("logins", entity=account, source=source, features=["n"], refresh="stream")
    assert problems(a_view(), logins) == (
        "FeatureService 'model': 'user' is String as a key of entity 'user', but Int64 as a key "
        "of entity 'account'; a row gives it once, in one type"
    )


def test_inputs_that_differ_only_by_case_are_refused() -> None:
    assert problems(a_view(), asking("one", User=String)) == (
        "FeatureService 'model': 'user' (a key of entity 'user') and 'User' (a request field of "
        "OnDemandView('one', version=1)) differ only by case, so they would be one column"
    )


@pytest.mark.parametrize("features", [3, None, "view", {"a": 1}, a_view()["clicks"]], ids=repr)
def test_features_are_a_list(features: Any) -> None:
    with pytest.raises(DefinitionError) as caught:
        FeatureService("model", features=features)
    assert str(caught.value) == (
        f"FeatureService 'model': features is {features!r}; give a list: features=[...]"
    )


def test_one_view_is_not_a_list() -> None:
    with pytest.raises(DefinitionError) as caught:
        FeatureService("model", features=a_view())  # type: ignore[arg-type]
    assert str(caught.value) == (
        "FeatureService 'model': features is FeatureView('view', version=1); give a list: "
        "features=[...]"
    )


def test_a_set_is_refused_for_its_order_changes_from_run_to_run() -> None:
    with pytest.raises(DefinitionError, match="features is a set, which has no order; give a list"):
        FeatureService("model", features={a_view()})


def test_tags_are_a_mapping() -> None:
    assert problems(a_view(), tags=3) == (
        "FeatureService 'model': the tags must map text to text, for example {'tier': 'gold'}, "
        "not 3"
    )


def test_a_feature_with_the_name_of_a_request_field_is_refused() -> None:
    asks = OnDemandView("asks", request={"clicks": Int64}, features={"x": request("clicks") + 1})
    assert problems(a_view(), asks) == (
        "FeatureService 'model': the feature 'clicks' has the name of a request field of "
        "OnDemandView('asks', version=1)"
    )


def test_a_service_needs_features_that_exist() -> None:
    assert problems() == ("FeatureService 'model': features must name at least one view or feature")
    assert problems("view:clicks") == (
        "FeatureService 'model': 'view:clicks' is neither a view nor view['feature']"
    )


def test_all_problems_come_in_one_error() -> None:
    assert problems("a", 3, name="Model", version=0) == (
        "FeatureService 'Model' has 4 problems:\n"
        "  - the name 'Model' must be lower case letters, digits and _, a letter first\n"
        "  - version is 0; versions are whole numbers from 1, or MAJOR.MINOR.PATCH\n"
        "  - 'a' is neither a view nor view['feature']\n"
        "  - 3 is neither a view nor view['feature']"
    )


def test_equality_is_meaning_and_a_description_has_none() -> None:
    plain = FeatureService("model", features=[a_view()])
    told = FeatureService("model", features=[a_view()["clicks"]], description="A model", owner="us")
    assert plain == told
    assert hash(plain) == hash(told)


def test_the_order_of_features_is_part_of_the_meaning() -> None:
    one, two = a_view("one", "clicks"), a_view("two", "amount")
    left, right = (FeatureService("m", features=order) for order in ([one, two], [two, one]))
    assert left != right
