from __future__ import annotations

import pickle
from decimal import Decimal as Number
from typing import Any

import pytest

from skewless import Duration, Entity, Every, FeatureView, Source, agg, col
from skewless.compiler.fingerprint import fingerprint
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
    assert problems(["clicks", "clicks"]) == (
        "FeatureView 'view': the feature name 'clicks' is given twice"
    )


@pytest.mark.parametrize("item", [["clicks"], None, 3, {}], ids=repr)
def test_a_column_is_given_by_its_name(item: object) -> None:
    assert problems(["amount", item]) == (
        f"FeatureView 'view': feature {item!r} is not the name of a column"
    )


def test_a_column_written_as_an_expression_is_refused_with_its_name() -> None:
    assert problems([col("clicks")]) == (
        "FeatureView 'view': feature col('clicks') is an expression; write the column's name, "
        "'clicks'"
    )


def test_an_aggregate_in_a_list_is_refused_for_it_has_no_name() -> None:
    assert problems([COUNT]) == (
        "FeatureView 'view': agg.count(window='1h') has no name; write "
        "features={'a_name': agg.count(window='1h')}"
    )


def test_a_set_of_columns_is_refused_for_its_order_changes_from_run_to_run() -> None:
    assert problems({"clicks", "amount"}) == (
        "FeatureView 'view': features is a set, which has no order; give a list of columns"
    )


@pytest.mark.parametrize("tags", [3, [], "gold", 0], ids=repr)
def test_tags_are_a_mapping(tags: object) -> None:
    assert problems(tags=tags) == (
        "FeatureView 'view': the tags must map text to text, for example {'tier': 'gold'}, "
        f"not {tags!r}"
    )


def test_names_that_are_words_of_python_are_names() -> None:
    assert list(a_view({"class": COUNT}, "import")["class"].view.feature_types) == ["class"]


def test_the_mark_of_a_tombstone_may_be_asked_for() -> None:
    source = Source("s", schema={"user": String, "is_deleted": Bool}, event_time="at")
    deleted = agg.count(window="1h", where=col("is_deleted"))
    assert a_view({"n": deleted}, source=source, where=~col("is_deleted")).is_aggregated


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
        'a list of columns, or "*"'
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
    assert problems(refresh=col("a")) == (
        "FeatureView 'view': refresh is col('a'); write \"stream\" or Every('1d', delay='2h')"
    )
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


@pytest.mark.parametrize("version", [0, -1, "one", 1.0, True, None])
def test_a_version_that_is_none_is_refused(version: object) -> None:
    assert problems(version=version) == (
        f"FeatureView 'view': version is {version!r}; versions are whole numbers from 1, or "
        "MAJOR.MINOR.PATCH"
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


@pytest.mark.parametrize("input_", ["clicks", "price"])
def test_a_scale_that_changes_no_value_changes_no_meaning(input_: str) -> None:
    source = Source(
        "s", schema={"user": String, "clicks": Int64, "price": Decimal(9, 2)}, event_time="at"
    )
    scaled = a_view({"n": agg.mean(input_, window="1h", scale=2)}, source=source)
    plain = a_view({"n": agg.mean(input_, window="1h")}, source=source)
    assert scaled == plain
    assert fingerprint(scaled) == fingerprint(plain)


@pytest.mark.parametrize("input_", ["amount", col("clicks") * 2], ids=repr)
def test_the_scale_of_a_double_is_meaning(input_: Any) -> None:
    scaled = a_view({"n": agg.mean(input_, window="1h", scale=2)})
    assert scaled != a_view({"n": agg.mean(input_, window="1h")})
    assert scaled.aggregations["n"].scale == 2


def test_a_whole_decimal_is_the_default_that_the_integer_is() -> None:
    source = Source("s", schema={"user": String, "price": Decimal(9, 2)}, event_time="at")
    views = [
        a_view({"most": agg.max("price", window="1h", default=default)}, source=source)
        for default in (12, Number("12.00"), Number("1.2E+1"))
    ]
    assert len(set(views)) == 1
    assert len({fingerprint(view) for view in views}) == 1


def test_the_order_of_columns_breaks_ties_so_it_is_meaning() -> None:
    assert a_view(["clicks", "amount"]) != a_view(["amount", "clicks"])


def test_equal_durations_are_one_meaning() -> None:
    assert a_view(ttl="24h") == a_view(ttl="1d")
    assert a_view({"n": agg.count(window="24h")}) == a_view({"n": agg.count(window="1d")})


def test_an_unknown_feature_is_refused_with_the_near_miss() -> None:
    with pytest.raises(UnknownNameError) as caught:
        a_view()["clics"]
    assert str(caught.value) == ("view 'view' has no feature 'clics'. Did you mean 'clicks'?")
    assert isinstance(caught.value, KeyError)


@pytest.mark.parametrize("feature", [0, None, ["clicks"], col("clicks")], ids=repr)
def test_what_is_no_name_is_no_feature(feature: Any) -> None:
    with pytest.raises(UnknownNameError, match="view 'view' has no feature"):
        a_view()[feature]


def test_a_view_survives_pickling() -> None:
    view = a_view({"n": agg.sum("amount", window="1h", where=col("flag"), default=0)})
    assert pickle.loads(pickle.dumps(view)) == view  # noqa: S301 - our own bytes


def test_a_sum_of_decimals_keeps_the_scale() -> None:
    source = Source("s", schema={"user": String, "price": Decimal(9, 2)}, event_time="at")
    view = a_view({"total": agg.sum("price", window="1h", default=0)}, source=source)
    assert dict(view.feature_types) == {"total": Decimal(38, 2)}


def test_a_stream_over_a_table_that_the_store_does_not_write_is_refused() -> None:
    source = Source(
        "old", schema={"carrier": String}, event_time="arrived_at", table="lake.flights"
    )
    with pytest.raises(DefinitionError, match="use Every"):
        FeatureView(
            "view",
            entity=Entity("carrier", keys={"carrier": String}),
            source=source,
            refresh="stream",
            features={"flights": agg.count(window="1h")},
        )


def test_a_star_is_all_columns_but_keys_times_and_tombstones() -> None:
    source = Source(
        "tx",
        schema={
            "user": String,
            "amount": Float64,
            "at": Timestamp,
            "known": Timestamp,
            "is_deleted": Bool,
            "shop": String,
        },
        event_time="at",
        ingest_time="known",
    )
    starred = a_view("*", source=source)
    assert starred == a_view(["amount", "shop"], source=source)
    assert starred.columns == ("amount", "shop")


def test_a_star_that_selects_nothing_is_refused() -> None:
    source = Source("tx", schema={"user": String}, event_time="at")
    found = problems("*", source=source)
    assert "features=\"*\" selects no column: source 'tx' has keys and times alone" in found
