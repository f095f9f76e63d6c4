"""Cases worked out by hand, which hold the oracle itself to the semantics."""

from __future__ import annotations

import math
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, Every, FeatureView, OnDemandView, Source, agg, col, if_else, lit
from skewless import request as field
from skewless.types import Array, Bool, Decimal, Float64, Int64, String
from tests.reference import (
    Event,
    as_of,
    d,
    evaluate,
    normalise,
    on_demand_values,
    units,
    view_value,
)

if TYPE_CHECKING:
    from skewless.definitions.expression import Expr
    from skewless.types import ValueType

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOON = 20_000 * DAY + 12 * HOUR

SCHEMA: dict[str, ValueType] = {
    "user": String,
    "clicks": Int64,
    "amount": Float64,
    "price": Decimal(18, 2),
    "country": String,
    "flag": Bool,
    "tags": Array(String),
    "id": String,
    "rank": Int64,
}


def a_source(**options: Any) -> Source:
    return Source(
        "events", schema={**SCHEMA, **options.pop("more", {})}, event_time="at", **options
    )


def a_view(features: Any, source: Source | None = None, **options: Any) -> FeatureView:
    return FeatureView(
        "view",
        entity=Entity("user", keys={"user": String}),
        source=source or a_source(),
        features=features,
        **{"refresh": "stream", **options},
    )


def an_event(at: int, *, ingested: int | None = None, sequence: int = 0, **values: Any) -> Event:
    return Event({"user": "ann", **values}, at, at if ingested is None else ingested, sequence)


def value_at(cut: int, aggregation: Any, *events: Event, **options: Any) -> Any:
    view = a_view({"x": aggregation}, **options)
    return view_value(view, events, {"user": "ann"}, cut)[0]["x"]


def latest_at(
    cut: int, *events: Event, columns: tuple[str, ...] = ("clicks",), **options: Any
) -> Any:
    features, status = view_value(a_view(columns, **options), events, {"user": "ann"}, cut)
    return (*features.values(), status)


def is_same(left: Any, right: Any) -> bool:
    """Say whether two values are the same bits, which == does not for 0.0 and -0.0."""
    return (type(left), repr(left)) == (type(right), repr(right))


def test_an_event_exactly_at_the_instant_is_not_visible_in_any_kind_of_view() -> None:
    count = agg.count(window="1h")
    assert value_at(NOON, count, an_event(NOON)) == 0
    assert value_at(NOON + 1, count, an_event(NOON)) == 1
    assert latest_at(NOON, an_event(NOON, clicks=1)) == (None, "missing")
    assert latest_at(NOON + 1, an_event(NOON, clicks=1)) == (1, "ok")


def test_a_late_event_is_invisible_until_it_is_ingested() -> None:
    count = agg.count(window="24h")
    late = an_event(NOON, ingested=NOON + HOUR)
    assert value_at(NOON + HOUR, count, late) == 0
    assert value_at(NOON + HOUR + 1, count, late) == 1


def test_event_time_mode_ignores_when_an_event_became_known() -> None:
    view = a_view({"x": agg.count(window="24h")})
    late = [an_event(NOON, ingested=NOON + HOUR)]
    key = {"user": "ann"}
    assert view_value(view, late, key, NOON + 1, event_time_mode=True) == ({"x": 1}, "ok")
    assert view_value(view, late, key, NOON, event_time_mode=True) == ({"x": 0}, "missing")


def test_an_event_from_the_future_happened_when_it_was_ingested() -> None:
    fast = an_event(NOON + HOUR, ingested=NOON)
    assert latest_at(NOON + 1, fast, columns=("at",)) == (NOON, "ok")


def test_a_cut_is_served_once_its_delay_has_passed() -> None:
    view = a_view(["clicks"], refresh=Every("1d", delay="2h"))
    today = 20_000 * DAY
    assert as_of(view, today + 2 * HOUR - 1) == today - DAY
    assert as_of(view, today + 2 * HOUR) == today
    assert as_of(view, today + DAY + 2 * HOUR - 1) == today


def test_a_stream_is_as_of_the_instant_itself_and_cuts_round_down_before_1970_too() -> None:
    assert as_of(a_view(["clicks"]), -5) == -5
    view = a_view(["clicks"], refresh=Every("1d"))
    assert as_of(view, -1) == -DAY
    assert as_of(view, -DAY) == -DAY


def test_an_event_of_another_entity_or_of_none_does_not_count() -> None:
    other, nobody = an_event(NOON, user="bob"), an_event(NOON, user=None)
    view = a_view({"x": agg.count(window="1h")})
    assert view_value(view, [other, nobody], {"user": "ann"}, NOON + 1) == ({"x": 0}, "missing")
    assert view_value(view, [other, nobody], {"user": None}, NOON + 1) == ({"x": 0}, "missing")


def duplicates(*ingested: int, id_: str | None = "e1") -> int:
    events = [an_event(0, ingested=at, sequence=n, id=id_) for n, at in enumerate(ingested)]
    value = value_at(NOON * 2, agg.count(window=None), *events, source=a_source(event_id="id"))
    assert isinstance(value, int)
    return value


def test_an_id_seen_exactly_15_minutes_ago_is_a_duplicate() -> None:
    assert duplicates(NOON, NOON + 15 * MINUTE) == 1
    assert duplicates(NOON, NOON + 15 * MINUTE + 1) == 2


def test_an_id_seen_before_midnight_is_not_a_duplicate_after_it() -> None:
    midnight = 20_000 * DAY
    assert duplicates(midnight - 1, midnight) == 2


def test_a_duplicate_counts_as_an_ingestion_of_its_id() -> None:
    assert duplicates(NOON, NOON + 10 * MINUTE, NOON + 20 * MINUTE) == 1


def test_rows_without_an_id_are_never_duplicates() -> None:
    assert duplicates(NOON, NOON, id_=None) == 2


def test_the_same_id_of_two_entities_is_two_events() -> None:
    source = a_source(event_id="id")
    events = an_event(NOON, id="e1", user="bob"), an_event(NOON, id="e1", sequence=1)
    assert value_at(NOON + 1, agg.count(window="1h"), *events, source=source) == 1


def test_duplicates_are_dropped_before_where_is_asked() -> None:
    first, second = an_event(NOON, id="e1", flag=False), an_event(NOON, id="e1", flag=True)
    source = a_source(event_id="id")
    count = agg.count(window="1h", where=col("flag"))
    assert value_at(NOON + 1, count, first, second, source=source) == 0


def test_of_equal_ingest_times_the_sequence_says_which_came_first() -> None:
    first = an_event(NOON, id="e1", clicks=1, sequence=1)
    second = an_event(NOON, id="e1", clicks=2, sequence=2)
    assert latest_at(NOON + 1, second, first, source=a_source(event_id="id")) == (1, "ok")


def test_the_latest_value_is_the_latest_to_happen_not_to_arrive() -> None:
    assert latest_at(10, an_event(0, ingested=9, clicks=1), an_event(5, clicks=2)) == (2, "ok")


def test_the_tiebreak_decides_between_equal_times_before_the_row_does() -> None:
    events = an_event(0, rank=2, clicks=1), an_event(0, rank=1, clicks=9), an_event(0, clicks=10)
    assert latest_at(1, *events, source=a_source(tiebreak="rank")) == (1, "ok")


def test_between_equal_times_nulls_come_first_so_a_value_wins() -> None:
    events = an_event(0, clicks=None, country="z"), an_event(0, clicks=-9, country="a")
    assert latest_at(1, *events, columns=("clicks", "country")) == (-9, "a", "ok")
    assert latest_at(1, *reversed(events), columns=("country", "clicks")) == ("z", None, "ok")


def test_an_equal_row_that_is_a_tombstone_wins_in_whatever_order() -> None:
    events = an_event(0, clicks=1, is_deleted=True), an_event(0, clicks=1, is_deleted=False)
    source = a_source(more={"is_deleted": Bool})
    assert latest_at(1, *events, source=source) == (None, "missing")
    assert latest_at(1, *reversed(events), source=source) == (None, "missing")


def test_a_tombstone_that_wins_makes_the_value_missing_until_a_later_row() -> None:
    source = a_source(more={"is_deleted": Bool})
    events = an_event(0, clicks=1), an_event(5, is_deleted=True), an_event(9, clicks=3)
    assert latest_at(5, *events, source=source) == (1, "ok")
    assert latest_at(6, *events, source=source) == (None, "missing")
    assert latest_at(10, *events, source=source) == (3, "ok")


def test_a_row_exactly_as_old_as_the_ttl_still_counts() -> None:
    assert latest_at(NOON + HOUR, an_event(NOON, clicks=1), ttl="1h") == (1, "ok")
    assert latest_at(NOON + HOUR + 1, an_event(NOON, clicks=1), ttl="1h") == (None, "missing")


def test_where_filters_rows_and_null_is_not_true() -> None:
    events = an_event(0, clicks=1, flag=True), an_event(5, clicks=2, flag=None)
    assert latest_at(9, *events, where=col("flag")) == (1, "ok")


def test_a_row_of_nulls_is_not_missing() -> None:
    assert latest_at(1, an_event(0)) == (None, "ok")


def test_arrays_are_kept_as_tuples_and_compared_element_by_element() -> None:
    events = an_event(0, tags=("a", "b")), an_event(0, tags=("a",)), an_event(0, tags=())
    assert latest_at(1, *events, columns=("tags",)) == (("a", "b"), "ok")


def test_an_event_exactly_on_the_left_edge_is_visible() -> None:
    count = agg.count(window="1h", hop="5m")
    now = NOON + 61 * MINUTE  # 61 - 60 minutes, rounded down to 5, is noon
    assert value_at(now, count, an_event(NOON)) == 1
    assert value_at(now, count, an_event(NOON - 1)) == 0


def test_the_left_edge_stands_still_until_the_next_hop() -> None:
    count = agg.count(window="1h", hop="5m")
    assert value_at(NOON + 65 * MINUTE - 1, count, an_event(NOON)) == 1
    assert value_at(NOON + 65 * MINUTE, count, an_event(NOON)) == 0


def test_the_left_edge_rounds_down_before_1970_too() -> None:
    count = agg.count(window="1m")
    assert value_at(MINUTE - 1, count, an_event(-MINUTE)) == 1
    assert value_at(MINUTE - 1, count, an_event(-MINUTE - 1)) == 0
    assert value_at(MINUTE, count, an_event(-1)) == 0
    assert value_at(MINUTE, agg.count(window=None), an_event(-NOON)) == 1


def test_hops_of_a_week_are_counted_from_the_epoch_which_was_a_thursday() -> None:
    count = agg.count(window="84d")
    assert value_at(84 * DAY + 7 * DAY - 1, count, an_event(0)) == 1
    assert value_at(84 * DAY + 7 * DAY, count, an_event(0)) == 0


def test_an_idle_entity_is_ok_with_empty_windows_and_an_unseen_one_is_missing() -> None:
    view = a_view({"n": agg.count(window="1h"), "s": agg.sum("clicks", window="1h")})
    old = [an_event(0, clicks=1)]
    assert view_value(view, old, {"user": "ann"}, NOON) == ({"n": 0, "s": None}, "ok")
    assert view_value(view, old, {"user": "bob"}, NOON) == ({"n": 0, "s": None}, "missing")


def test_an_entity_whose_events_the_where_of_the_view_drops_is_missing() -> None:
    by_view = a_view({"n": agg.count(window=None)}, where=col("flag"))
    by_feature = a_view({"n": agg.count(window=None, where=col("flag"))})
    assert view_value(by_view, [an_event(0)], {"user": "ann"}, 1) == ({"n": 0}, "missing")
    assert view_value(by_feature, [an_event(0)], {"user": "ann"}, 1) == ({"n": 0}, "ok")


def over(aggregation: Any, column: str, *values: Any) -> Any:
    events = [an_event(n, **{column: value}) for n, value in enumerate(values)]
    return value_at(100, aggregation, *events)


def test_count_of_a_column_skips_nulls_and_nan_is_null() -> None:
    assert over(agg.count(window=None), "amount", 1.0, None, math.nan) == 3
    assert over(agg.count("amount", window=None), "amount", 1.0, None, math.nan) == 1


def test_a_sum_does_not_depend_on_the_order_of_floats() -> None:
    assert over(agg.sum("amount", window=None), "amount", 0.1, 0.2, 0.3) == 0.6
    assert over(agg.sum("amount", window=None), "amount", 0.3, 0.2, 0.1) == 0.6


def test_a_sum_of_decimals_is_a_decimal_of_the_same_scale() -> None:
    found = over(agg.sum("price", window=None), "price", Number("0.10"), Number("-0.35"))
    assert is_same(found, Number("-0.25"))
    assert is_same(over(agg.sum("price", window=None), "price", Number(1)), Number("1.00"))


def test_a_sum_of_integers_beyond_64_bits_is_an_error() -> None:
    total = agg.sum("clicks", window=None)
    assert over(total, "clicks", 2**63 - 1, -1) == 2**63 - 2
    assert over(total, "clicks", 2**63 - 1, 1, -1) == 2**63 - 1
    with pytest.raises(OverflowError, match="64 bits"):
        over(total, "clicks", 2**63 - 1, 1)


def test_squares_beyond_38_digits_are_an_error_and_their_mean_is_not() -> None:
    assert over(agg.mean("clicks", window=None), "clicks", 2**63 - 1, 2**63 - 1) == 2.0**63
    assert over(agg.var_pop("clicks", window=None), "clicks", 2**63 - 1) == 0.0
    with pytest.raises(OverflowError, match="38 digits"):
        over(agg.var_pop("clicks", window=None), "clicks", 2**63 - 1, 2**63 - 1)


def test_units_round_half_away_from_zero() -> None:
    assert [units(Float64, x, 0) for x in (0.5, 1.5, 2.5, -0.5, -1.5)] == [1, 2, 3, -1, -2]


def test_units_round_exactly_and_not_by_adding_a_half() -> None:
    assert units(Float64, 0.49999999999999994, 0) == 0  # + 0.5 is 1.0 in double
    assert units(Float64, 2.0**52 + 1, 0) == 2**52 + 1  # + 0.5 is even in double


def test_units_take_the_product_in_double() -> None:
    assert 1.005 * 100 == 100.49999999999999
    assert units(Float64, 1.005, 2) == 100
    assert units(Float64, 0.285, 2) == 28
    assert units(Float64, 0.145, 2) == 14


def test_units_beyond_64_bits_are_an_error() -> None:
    assert units(Float64, -(2.0**63), 0) == -(2**63)
    for too_large in (2.0**63, 1e308):
        with pytest.raises(OverflowError):
            units(Float64, too_large, 15)


def test_scale_says_how_many_digits_of_a_float_count() -> None:
    assert over(agg.sum("amount", window=None), "amount", 0.0000004, 0.0000004) == 0.0
    assert over(agg.sum("amount", window=None, scale=7), "amount", 0.0000004) == 4e-7
    assert over(agg.mean("amount", window=None, scale=0), "amount", 1.4, 1.6, 2.5) == 2.0


def test_integers_become_doubles_by_the_recipe() -> None:
    assert d(2**53) == 2.0**53
    assert d(2**53 + 1) == 2.0**53  # half to even
    assert d(-(2**53) - 3) == -(2.0**53) - 4
    for x in (2**106 - 1, 3**60, -(7**37), 10**31 + 1):
        assert d(x) == float(x)
    assert math.isclose(d(10**38 - 1), 1e38)


def test_the_variance_of_equal_values_is_zero() -> None:
    for aggregate in (agg.var_samp, agg.var_pop, agg.stddev_samp, agg.stddev_pop):
        assert is_same(over(aggregate("amount", window=None), "amount", *[0.1] * 7), 0.0)


def test_the_variance_of_large_close_values_does_not_cancel() -> None:
    values = (10**9 + 1, 10**9 + 2, 10**9 + 3)
    assert over(agg.var_samp("clicks", window=None), "clicks", *values) == 1.0
    assert over(agg.stddev_samp("clicks", window=None), "clicks", *values) == 1.0


def test_the_variance_of_negative_sums_truncates_the_mean() -> None:
    # S = -4, n = 3: r = -1, m = -1, C = 6 - 4 - 1 = 1, M2 = 1 - 1/3
    assert over(agg.var_pop("clicks", window=None), "clicks", -1, -1, -2) == (1 - 1 / 3) / 3
    assert over(agg.var_samp("clicks", window=None), "clicks", -1, -1, -2) == (1 - 1 / 3) / 2


def test_the_variance_is_scaled_twice() -> None:
    assert over(agg.var_pop("price", window=None), "price", Number("0.10"), Number("0.30")) == 0.01
    assert (
        over(agg.stddev_pop("price", window=None), "price", Number("0.10"), Number("0.30")) == 0.1
    )


def test_a_sample_of_one_has_no_variance_and_a_population_of_one_has_none_to_speak_of() -> None:
    assert over(agg.var_samp("clicks", window=None), "clicks", 5) is None
    assert over(agg.stddev_samp("clicks", window=None), "clicks", 5) is None
    assert over(agg.var_pop("clicks", window=None), "clicks", 5) == 0.0


def test_min_and_max_of_strings_go_by_code_point() -> None:
    values = ("z", "\U0001f600", "\uffff", "", None, "B")
    assert over(agg.max("country", window=None), "country", *values) == "\U0001f600"
    assert over(agg.min("country", window=None), "country", *values) == ""


def test_min_of_floats_is_the_value_itself_and_minus_zero_is_zero() -> None:
    assert over(agg.min("amount", window=None), "amount", 5e-324, 1e308) == 5e-324
    assert is_same(over(agg.max("amount", window=None), "amount", -0.0), 0.0)


def test_first_and_last_skip_nulls() -> None:
    assert over(agg.first("clicks", window=None), "clicks", None, 7, 8, None) == 7
    assert over(agg.last("clicks", window=None), "clicks", None, 7, 8, None) == 8


def test_first_and_last_break_ties_by_tiebreak_then_value() -> None:
    events = [an_event(0, rank=2, clicks=3), an_event(0, rank=None, clicks=9)]
    events += [an_event(0, rank=2, clicks=4), an_event(0, rank=None, clicks=8)]
    source = a_source(tiebreak="rank")
    assert value_at(1, agg.first("clicks", window=None), *events, source=source) == 8
    assert value_at(1, agg.last("clicks", window=None), *events, source=source) == 4


def test_an_aggregate_of_an_expression_takes_its_value_for_each_event() -> None:
    events = an_event(0, clicks=3, amount=0.5), an_event(1, clicks=0, amount=2.0)
    share = col("amount") / col("clicks")
    assert value_at(9, agg.sum(share, window=None), *events) == 0.166667
    assert value_at(9, agg.count(share, window=None), *events) == 1


def test_a_default_replaces_null_in_the_feature_s_type() -> None:
    assert is_same(over(agg.mean("clicks", window=None, default=-1), "clicks", None), -1.0)
    assert is_same(over(agg.max("price", window=None, default=2), "price"), Number("2.00"))
    assert over(agg.max("country", window=None, default="none"), "country") == "none"
    assert over(agg.var_samp("clicks", window=None, default=0.0), "clicks", 5) == 0.0


def result(expression: Expr, **columns: Any) -> Any:
    return evaluate(expression.node, columns, {}, {}, column_types=SCHEMA)


def test_logic_is_three_valued() -> None:
    truth: dict[str, bool | None] = {"t": True, "f": False, "n": None}
    t, f, n = col("t"), col("f"), col("n")
    assert [result(x & n, **truth) for x in (t, f, n)] == [None, False, None]
    assert [result(x | n, **truth) for x in (t, f, n)] == [True, None, None]
    assert [result(~x, **truth) for x in (t, f, n)] == [False, True, None]
    assert [result(x.is_null(), **truth) for x in (t, f, n)] == [False, False, True]


def test_a_comparison_with_null_is_null() -> None:
    assert result(col("clicks") > 1, clicks=None) is None
    assert result(col("clicks") != 1, clicks=None) is None
    assert result(col("clicks").isin([1, 2]), clicks=None) is None
    assert result(col("clicks").between(1, 2), clicks=2) is True


def test_integers_are_compared_as_integers_and_with_floats_as_doubles() -> None:
    assert result(col("clicks") == 2**53, clicks=2**53 + 1) is False
    assert result(col("clicks") == 2.0**53, clicks=2**53 + 1) is True


def test_decimals_of_one_type_are_compared_exactly_and_of_two_as_doubles() -> None:
    columns = {"a": Number(f"{2**53 + 1}e-2"), "b": Number(f"{2**53}e-2"), "c": Number(2**53) / 100}
    kinds = {"a": Decimal(18, 2), "b": Decimal(18, 2), "c": Decimal(18, 3)}
    same, other = (col("a") == col("b")).node, (col("a") == col("c")).node
    assert evaluate(same, columns, {}, {}, column_types=kinds) is False
    assert evaluate(other, columns, {}, {}, column_types=kinds) is True


def test_arithmetic_is_in_double() -> None:
    assert is_same(result(col("clicks") + 1, clicks=2**53), 2.0**53)
    assert is_same(result(abs(col("clicks")), clicks=-3), 3.0)
    assert is_same(result(col("price") * 3, price=Number("0.10")), 0.1 * 3)
    assert is_same(result((col("amount") * 10).floor(), amount=0.29), 2.0)


def test_what_has_no_finite_value_is_null_and_can_be_filled() -> None:
    nowhere = [
        col("amount") / 0,
        col("amount") * 1e308,
        (-col("amount")).sqrt(),
        (col("amount") - 4).ln(),
        (col("amount") * 1000).exp(),
        (-col("amount")) ** 0.5,
        lit(0) ** -1,
        (col("amount") * 1e308) / 1e308,
    ]
    assert [result(expression, amount=4.0) for expression in nowhere] == [None] * len(nowhere)
    assert result((col("amount") / 0).fill_null(-1), amount=1.0) == -1.0


def test_the_result_of_an_expression_is_never_minus_zero() -> None:
    assert is_same(result(col("amount") * -1, amount=0.0), 0.0)
    assert is_same(result(col("amount").ceil(), amount=-0.5), 0.0)


def test_a_null_condition_takes_the_other_branch() -> None:
    choice = if_else(col("flag"), col("clicks"), 0)
    assert [result(choice, flag=flag, clicks=5) for flag in (True, False, None)] == [5, 0, 0]


def test_branches_of_mixed_numbers_are_doubles_even_where_the_other_is_null() -> None:
    assert is_same(result(if_else(col("flag"), col("clicks"), 0.5), flag=True, clicks=5), 5.0)
    filled = col("clicks").fill_null(col("amount"))
    assert is_same(result(filled, clicks=5, amount=None), 5.0)
    assert is_same(result(col("clicks").fill_null(0), clicks=5), 5)


def test_on_demand_values_read_features_requests_and_other_on_demand_views() -> None:
    clicks = a_view(["clicks"])
    half = OnDemandView("half", features={"half": clicks["clicks"] / 2})
    whole = OnDemandView(
        "whole",
        request={"weight": Float64},
        features={"sum": half["half"] + field("weight"), "heavy": field("weight") > 1},
    )
    known = {("view", "clicks"): 3}
    assert on_demand_values(whole, known, {"weight": 2.0}) == {"sum": 3.5, "heavy": True}
    assert on_demand_values(whole, known, {"weight": math.nan}) == {"sum": None, "heavy": None}


def test_normal_forms() -> None:
    assert normalise(Float64, math.nan) is None
    assert is_same(normalise(Decimal(9, 2), Number("-0")), Number("0.00"))
    assert is_same(normalise(Array(Float64), [-0.0, 1.0]), (0.0, 1.0))
    assert normalise(Int64, -(2**63)) == -(2**63)


def test_sums_of_truths_count_the_true_ones() -> None:
    view = a_view(
        {
            "sum": agg.sum("flag", window="1d"),
            "mean": agg.mean("flag", window="1d"),
            "share": agg.share("flag", window="1d"),
            "any": agg.any("flag", window="1d"),
            "all": agg.all("flag", window="1d"),
        }
    )
    flags = [True, False, None, False]
    events = [
        Event({"user": "u", "flag": flag}, NOON - at, NOON - at, at)
        for at, flag in enumerate(flags, 1)
    ]
    values, _ = view_value(view, events, {"user": "u"}, NOON)
    assert values == {"sum": 1, "mean": 1 / 3, "share": 1 / 3, "any": True, "all": False}


def test_times_of_events_are_measured_from_the_cut_whatever_their_values_are() -> None:
    view = a_view(
        {
            "last": agg.seconds_since_last(window="1h"),
            "first": agg.seconds_since_first(),
            "gap": agg.mean_gap(where=col("clicks") > 0),
            "none": agg.mean_gap(where=col("clicks") > 2),
        }
    )
    events = [
        Event({"user": "u", "clicks": clicks}, NOON - at, NOON - at, at)
        for clicks, at in ((1, 30 * MINUTE), (2, MINUTE), (None, 3 * HOUR), (3, 2 * MINUTE))
    ]
    values, _ = view_value(view, events, {"user": "u"}, NOON)
    assert values == {"last": 60.0, "first": 10_800.0, "gap": 870.0, "none": None}


def test_a_window_that_ends_before_the_cut_has_both_edges_on_hops_and_sees_late_events() -> None:
    count = agg.count(window="2h", hop="1h", offset="1h")  # 09:00 to 11:00 at 12:30
    cut = NOON + 30 * MINUTE
    for at, inside in ((NOON - 3 * HOUR - 1, 0), (NOON - 3 * HOUR, 1), (NOON - HOUR - 1, 1)):
        assert value_at(cut, count, an_event(at)) == inside
    assert value_at(cut, count, an_event(NOON - HOUR)) == 0
    late = an_event(NOON - 2 * HOUR, ingested=cut)
    assert value_at(cut, count, late) == 0
    assert value_at(cut + 1, count, late) == 1


def test_decay_counts_an_event_by_the_tile_in_which_it_happened() -> None:
    events = [an_event(NOON - 1, clicks=3), an_event(NOON - 2 * HOUR, clicks=8)]
    options: Any = {"half_life": "1h", "window": "24h"}
    # Noon begins a tile: one hop, and two, before it.
    assert value_at(NOON, agg.decayed_sum("clicks", **options), *events) == 3 / 2 + 8 / 4
    assert value_at(NOON, agg.decayed_count(**options), *events) == 0.75
    assert value_at(NOON, agg.decayed_mean("clicks", **options), *events) == 3.5 / 0.75
    assert value_at(NOON, agg.decayed_count(**options)) == 0.0
    assert value_at(NOON, agg.decayed_sum("clicks", **options)) is None


def test_a_decayed_mean_whose_weights_are_all_zero_is_null() -> None:
    mean = agg.decayed_mean("clicks", half_life="1m", window="24h")
    assert value_at(NOON, mean, an_event(NOON - 2 * HOUR, clicks=8)) is None
