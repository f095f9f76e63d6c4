from __future__ import annotations

import pickle
from typing import Any

import pytest

from skewless import Duration, Entity, Every, FeatureView, Source, agg, col
from skewless.definitions.refresh import Stream
from skewless.errors import DefinitionError, UnknownNameError
from skewless.types import Bool, Decimal, Float64, Int64, String, Timestamp

USER = Entity("user", keys={"user": String})
EVENTS = Source(
    "events",
    schema={"user": String, "clicks": Int64, "amount": Float64, "country": String, "flag": Bool},
    event_time="at",
)
COUNT = agg.count(window="1h")


def a_view(features: Any = ("clicks",), name: Any = "view", **options: Any) -> FeatureView:
    defaults = {"entity": USER, "source": EVENTS, "refresh": "stream"}
    return FeatureView(name, features=features, **{**defaults, **options})


def problems(features: Any = ("clicks",), name: Any = "view", **options: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        a_view(features, name, **options)
    return str(caught.value)


def test_a_list_of_columns_makes_a_latest_value_view() -> None:
    view = a_view(["clicks", "at"], ttl="1d")
    assert not view.is_aggregated
    assert dict(view.feature_types) == {"clicks": Int64, "at": Timestamp}
    assert view.ttl == Duration.parse("1d")


def test_a_mapping_to_aggregates_makes_an_aggregated_view() -> None:
    view = a_view({"n": COUNT, "mean": agg.mean("clicks", window="1h")}, refresh=Every("1d"))
    assert view.is_aggregated
    assert dict(view.feature_types) == {"n": Int64, "mean": Float64}


def test_an_unknown_column_is_refused_with_the_near_miss() -> None:
    assert problems(["clics"]) == (
        "FeatureView 'view': source 'events' has no column 'clics'. Did you mean 'clicks'?"
    )
    assert problems({"x": agg.mean("amounts", window="1h")}) == (
        "FeatureView 'view': feature 'x': source 'events' has no column 'amounts'. "
        "Did you mean 'amount'?"
    )
    assert problems(where=col("cuntry") == "x") == (
        "FeatureView 'view': where: source 'events' has no column 'cuntry'. Did you mean 'country'?"
    )


def test_a_column_without_a_near_miss_is_refused_with_those_there_are() -> None:
    assert problems(["zzz"]) == (
        "FeatureView 'view': source 'events' has no column 'zzz'. "
        "Known: user, clicks, amount, country, flag, at."
    )


def test_arithmetic_over_text_is_refused_with_the_columns_that_would_do() -> None:
    assert problems({"x": agg.sum("country", window="1h")}) == (
        "FeatureView 'view': feature 'x': sum needs a numeric input; 'country' is String. "
        "Numeric columns: clicks, amount."
    )


def test_feature_names_that_differ_only_by_case_are_refused() -> None:
    assert problems({"Clicks": COUNT, "clicks": COUNT}) == (
        "FeatureView 'view': the feature names 'Clicks' and 'clicks' differ only by case"
    )


def test_a_feature_named_twice_is_refused() -> None:
    assert "the feature names 'clicks' and 'clicks'" in problems(["clicks", "clicks"])


def test_a_feature_cannot_have_the_name_of_a_key() -> None:
    assert problems({"USER": COUNT}) == (
        "FeatureView 'view': the feature 'USER' is a key of entity 'user' already"
    )


@pytest.mark.parametrize("name", ["ingest_time", "Ingest_Shard", "skewless_n"])
def test_a_reserved_feature_name_is_refused(name: str) -> None:
    assert problems({name: COUNT}) == (
        f"FeatureView 'view': the feature name {name!r} is reserved for the store; choose another"
    )


@pytest.mark.parametrize("name", ["1x", "a b", "a-b", "", "x; DROP TABLE y; --"])
def test_a_feature_name_that_is_no_identifier_is_refused(name: str) -> None:
    assert problems({name: COUNT}) == (
        f"FeatureView 'view': the feature name {name!r} must be letters, digits and _, "
        "no digit first"
    )


def test_the_key_must_be_a_column_of_the_source() -> None:
    assert problems(entity=Entity("buyer", keys={"usr": String})) == (
        "FeatureView 'view': source 'events' lacks the key 'usr' of "
        "Entity('buyer', keys={'usr': String}). Did you mean 'user'?"
    )


def test_the_key_must_have_one_type_in_entity_and_source() -> None:
    assert problems(entity=Entity("user", keys={"user": Int64})) == (
        "FeatureView 'view': the key 'user' is Int64 in the entity, String in the source"
    )


def test_an_entity_and_a_source_are_objects_not_names() -> None:
    assert problems(entity="user", source=None) == (
        "FeatureView 'view' has 2 problems:\n"
        "  - entity is 'user'; give an Entity\n"
        "  - source is None; give a Source"
    )


@pytest.mark.parametrize("features", [[], {}, "clicks", None])
def test_a_view_needs_features(features: object) -> None:
    assert problems(features) == (
        "FeatureView 'view': features must be a mapping of names to aggregates, "
        "or a list of columns"
    )


def test_a_feature_that_is_no_aggregate_is_refused_with_an_example() -> None:
    assert problems({"x": "clicks"}) == (
        "FeatureView 'view': feature 'x' is 'clicks'; write an aggregate such as "
        "agg.mean('amount', window='7d')"
    )


def test_where_must_be_a_condition() -> None:
    assert problems(where=True) == (
        "FeatureView 'view': where is True; write an expression such as ~col('cancelled')"
    )
    assert problems(where=col("amount")) == (
        "FeatureView 'view': where=col('amount') is Float64, not Bool"
    )


def test_refresh_must_be_one_of_two() -> None:
    assert a_view().refresh == Stream()
    assert problems(refresh="daily") == (
        "FeatureView 'view': refresh is 'daily'; write \"stream\" or Every('1d', delay='2h')"
    )


def test_a_ttl_is_for_latest_values() -> None:
    assert problems({"n": COUNT}, ttl="1d") == (
        "FeatureView 'view': ttl is for latest values; an aggregate's window says how far it "
        "looks back"
    )
    assert problems(ttl="0s") == "FeatureView 'view': a ttl of zero makes every value missing"


def test_the_mark_of_a_tombstone_cannot_be_a_feature() -> None:
    source = Source("s", schema={"user": String, "is_deleted": Bool}, event_time="at")
    assert problems(["is_deleted"], source=source) == (
        "FeatureView 'view': 'is_deleted' marks tombstones; it cannot be a feature"
    )


@pytest.mark.parametrize("version", [0, -1, "1", 1.0, True, None])
def test_versions_are_whole_numbers_from_one(version: object) -> None:
    assert problems(version=version) == (
        f"FeatureView 'view': version is {version!r}; versions are whole numbers from 1"
    )


def test_all_problems_come_in_one_error() -> None:
    assert problems(
        {"1x": COUNT, "s": agg.sum("country", window="1h"), "y": "clicks"},
        refresh="daily",
        ttl="soon",
        where=col("flags"),
    ) == (
        "FeatureView 'view' has 6 problems:\n"
        "  - refresh is 'daily'; write \"stream\" or Every('1d', delay='2h')\n"
        "  - 'soon' is not a duration; write a whole number and one of us, ms, s, m, h, d, w, "
        'for example "90s" or "7d", or give a timedelta\n'
        "  - feature 'y' is 'clicks'; write an aggregate such as agg.mean('amount', window='7d')\n"
        "  - feature 's': sum needs a numeric input; 'country' is String. "
        "Numeric columns: clicks, amount.\n"
        "  - the feature name '1x' must be letters, digits and _, no digit first\n"
        "  - where: source 'events' has no column 'flags'. Did you mean 'flag'?"
    )


def test_equality_is_meaning_and_a_description_has_none() -> None:
    told = a_view(description="Clicks", owner="us", tags={"tier": "gold"})
    assert a_view() == told
    assert hash(a_view()) == hash(told)


@pytest.mark.parametrize(
    "change",
    [
        {"features": ["amount"]},
        {"features": {"clicks": agg.last("clicks", window=None)}},
        {"name": "other"},
        {"refresh": Every("1d")},
        {"ttl": "1d"},
        {"where": col("flag")},
        {"version": 2},
        {"entity": Entity("buyer", keys={"user": String})},
    ],
    ids=str,
)
def test_whatever_changes_a_value_changes_equality(change: dict[str, Any]) -> None:
    assert a_view() != a_view(**change)


def test_the_order_of_columns_breaks_ties_so_it_is_meaning() -> None:
    assert a_view(["clicks", "amount"]) != a_view(["amount", "clicks"])


def test_equal_durations_are_one_meaning() -> None:
    assert a_view(ttl="24h") == a_view(ttl="1d")
    assert a_view({"n": agg.count(window="24h")}) == a_view({"n": agg.count(window="1d")})


def test_an_unknown_feature_is_refused_with_the_near_miss() -> None:
    with pytest.raises(UnknownNameError) as caught:
        a_view()["clics"]
    assert str(caught.value) == (
        "there is no feature of view 'view' 'clics'. Did you mean 'clicks'?"
    )
    assert isinstance(caught.value, KeyError)


def test_a_view_survives_pickling() -> None:
    view = a_view({"n": agg.sum("amount", window="1h", where=col("flag"), default=0)})
    assert pickle.loads(pickle.dumps(view)) == view  # noqa: S301 - our own bytes


def test_a_sum_of_decimals_keeps_the_scale() -> None:
    source = Source("s", schema={"user": String, "price": Decimal(9, 2)}, event_time="at")
    view = a_view({"total": agg.sum("price", window="1h", default=0)}, source=source)
    assert dict(view.feature_types) == {"total": Decimal(38, 2)}
