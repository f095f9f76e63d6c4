from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Duration, agg, col
from skewless.definitions.aggregation import DECAYED, LISTS, TIMES, Aggregation, Function
from skewless.definitions.expression import ColumnNode, LiteralNode, render
from skewless.definitions.types import Map
from skewless.definitions.typing import Scope
from skewless.errors import DefinitionError
from skewless.types import Array, Bool, Bytes, Decimal, Float64, Int64, String, Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.types import ValueType

SCHEMA: dict[str, ValueType] = {
    "clicks": Int64,
    "amount": Float64,
    "price": Decimal(9, 2),
    "country": String,
    "flag": Bool,
    "seen": Timestamp,
    "tags": Array(String),
    "raw": Bytes,
}


def problems(make: Callable[..., Aggregation], *arguments: Any, **options: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        make(*arguments, **options)
    return str(caught.value)


def typed(aggregation: Aggregation) -> tuple[ValueType | None, list[str]]:
    scope = Scope(columns=SCHEMA, columns_of="source 'events'")
    return aggregation.result_type(scope), scope.problems


def test_the_hop_is_the_default_of_the_window_until_it_is_set() -> None:
    assert agg.count(window="24h").hop == Duration.parse("1h")
    assert agg.count(window="24h", hop="5m").hop == Duration.parse("5m")
    assert agg.count(window="90s").hop == Duration.parse("1m")
    assert agg.count(window=None).hop is None


def test_another_hop_is_another_meaning_and_the_default_written_out_is_not() -> None:
    assert agg.count(window="24h", hop="1h") == agg.count(window=timedelta(days=1))
    assert hash(agg.count(window="24h", hop="1h")) == hash(agg.count(window="1d"))
    assert agg.count(window="24h", hop="5m") != agg.count(window="24h")


def test_a_window_shorter_than_its_hop_is_refused() -> None:
    assert problems(agg.count, window="1h", hop="6h") == (
        "agg.count: the window 1h is shorter than its hop 6h; lengthen the window or shorten "
        "the hop (the least is 1m)"
    )
    assert problems(agg.count, window="59s") == (
        "agg.count: the window 59s is shorter than its hop 1m; lengthen the window or shorten "
        "the hop (the least is 1m)"
    )
    assert agg.count(window="1h", hop="1h").hop == Duration.parse("1h")


def test_a_hop_that_is_not_on_the_ladder_is_refused() -> None:
    assert problems(agg.count, window="1d", hop="2h") == (
        "agg.count: hop 2h is not on the ladder 1m, 5m, 1h, 6h, 1d, 7d"
    )


def test_all_history_has_no_hop() -> None:
    assert problems(agg.count, window=None, hop="1h") == (
        "agg.count: hop 1h needs a window: all history has no left edge that could move"
    )


def test_a_window_of_nothing_is_refused() -> None:
    assert problems(agg.count, window="0s") == ("agg.count: a window of length zero holds no event")


def test_all_problems_of_an_aggregate_come_in_one_error() -> None:
    hint = (
        "is not a duration; write a whole number and one of us, ms, s, m, h, d, w, "
        'for example "90s" or "7d", or give a timedelta'
    )
    found = problems(agg.sum, 3, window="x", hop="y", scale=16, where=True, default=[1])
    assert found == (
        "agg.sum has 6 problems:\n"
        f"  - window: 'x' {hint}\n"
        f"  - hop: 'y' {hint}\n"
        "  - where is True; write an expression such as col('amount') > 10\n"
        "  - 3 is neither a column name nor an expression\n"
        "  - scale is 16; it must be a whole number from 0 to 15\n"
        "  - default: [1] cannot stand in an expression; use bool, int, float, str, bytes, "
        "an aware datetime, a date, decimal.Decimal, or another expression"
    )


def test_a_column_may_be_named_or_written_as_an_expression() -> None:
    assert agg.sum("clicks", window="1h") == agg.sum(col("clicks"), window="1h")
    assert agg.sum("clicks", window="1h").input == ColumnNode("clicks")


def test_a_default_that_is_null_is_no_default() -> None:
    assert agg.sum("amount", window="1h", default=math.nan).default is None


def test_a_default_in_local_time_is_refused_with_the_way_to_localize_it() -> None:
    found = problems(agg.max, "seen", window="1h", default=datetime(2020, 1, 1))  # noqa: DTZ001
    assert found == (
        "agg.max: default: the constant 2020-01-01T00:00:00 is a naive timestamp: it names no "
        "instant. Say which zone it is in, for example frame[column].dt.tz_localize('UTC') in "
        "pandas, pl.col(column).dt.replace_time_zone('UTC') in polars, or "
        "value.replace(tzinfo=datetime.UTC) for a single datetime."
    )
    assert agg.max("seen", window="1h", default=datetime(1970, 1, 1, tzinfo=UTC)).default == (
        LiteralNode(0, Timestamp)
    )


@pytest.mark.parametrize("function", ["sum", "mean", "var_samp", "stddev_pop"])
def test_arithmetic_over_text_is_refused_with_the_columns_that_would_do(function: str) -> None:
    type_, problems = typed(getattr(agg, function)("country", window="1h"))
    assert type_ is None
    assert "\n".join(problems) == (
        f"{function} needs a numeric input; 'country' is String. "
        "Numeric columns: clicks, amount, price."
    )


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"window": None, "offset": "7d"}, "offset 7d needs a window: all history cannot be moved"),
        ({"window": "7d", "offset": "0s"}, "an offset of zero moves no window; leave it out"),
        (
            {"window": "30d", "offset": "36h"},
            "offset 36h is not a multiple of the hop 1d; set hop='6h'",
        ),
        (
            {"window": "1h", "offset": "90s"},
            "offset 90s is not a multiple of the hop 5m; the least hop is 1m",
        ),
        ({"window": "1h", "offset": "a week"}, "offset: "),
    ],
)
def test_an_offset_that_moves_no_window_by_whole_hops_is_refused(
    options: dict[str, Any], problem: str
) -> None:
    assert problem in problems(agg.last, "amount", **options)


@pytest.mark.parametrize("half_life", [None, "0s", "-1h"])
def test_decay_needs_a_positive_half_life_and_a_window_and_says_both(half_life: Any) -> None:
    found = problems(agg.decayed_sum, "amount", half_life=half_life, window=None)
    assert "half_life" in found
    assert "a window is missing: decay goes by the tiles of a window" in found


def test_decay_over_more_tiles_than_a_plan_has_weights_is_refused() -> None:
    found = problems(agg.decayed_count, half_life="1d", window="30d", hop="1m")
    assert "reaches back more than 4,000 hops of 1m" in found


def test_an_offset_is_part_of_what_an_aggregate_is_and_is_written_as_it_was_given() -> None:
    made = agg.sum("amount", window="7d", offset="7d")
    assert made != agg.sum("amount", window="7d")
    assert str(made) == "agg.sum('amount', window='7d', offset='7d')"


@pytest.mark.parametrize("function", ["any", "all", "share"])
def test_truths_over_a_number_are_refused_with_the_columns_that_would_do(function: str) -> None:
    type_, problems = typed(getattr(agg, function)("clicks", window="1h"))
    assert type_ is None
    assert problems == [f"{function} needs a Bool input; 'clicks' is Int64. Bool columns: flag."]


@pytest.mark.parametrize("function", ["var_samp", "stddev_pop"])
def test_truths_have_no_variance(function: str) -> None:
    type_, problems = typed(getattr(agg, function)("flag", window="1h"))
    assert type_ is None
    assert "needs a numeric input; 'flag' is Bool" in problems[0]


@pytest.mark.parametrize(
    ("aggregation", "type_"),
    [
        (agg.count(window="1h"), Int64),
        (agg.count("tags", window="1h"), Int64),
        (agg.sum("clicks", window="1h"), Int64),
        (agg.sum("amount", window="1h"), Float64),
        (agg.sum("price", window="1h"), Decimal(38, 2)),
        (agg.sum(col("clicks") * 2, window="1h"), Float64),
        (agg.mean("clicks", window="1h"), Float64),
        (agg.stddev_samp("price", window="1h"), Float64),
        (agg.max("country", window="1h"), String),
        (agg.min("price", window="1h"), Decimal(9, 2)),
        (agg.last("seen", window="1h"), Timestamp),
        (agg.first(col("amount") > 1, window="1h"), Bool),
        (agg.last_n("country", 2, window="1h"), Array(String)),
        (agg.top_n("price", 2, window="1h"), Array(Decimal(9, 2))),
        (agg.count_distinct("country", window="1h"), Int64),
        (agg.count_distinct("flag", window="1h"), Int64),
        (agg.value_counts("price", window="1h"), Map(Decimal(9, 2), Int64)),
        (agg.value_counts("raw", window="1h"), Map(Bytes, Int64)),
        (agg.mode("amount", window="1h"), Float64),
        (agg.histogram("amount", [0, 0.5], window="1h"), Array(Int64)),
        (agg.percentile("price", 0.9, window="1h"), Float64),
        (agg.median("clicks", window="1h"), Float64),
        (agg.sum("price", window="1h", by="country"), Map(String, Decimal(38, 2))),
        (agg.last_n("seen", 3, window="1h", by="flag"), Map(Bool, Array(Timestamp))),
        (agg.value_counts("clicks", window="1h", by="seen"), Map(Timestamp, Map(Int64, Int64))),
        (agg.count(window="1h", by=col("amount") > 1), Map(Bool, Int64)),
        (agg.max("country", window="1h", by="clicks", default="none"), Map(Int64, String)),
        (agg.sum("flag", window="1h"), Int64),
        (agg.mean(col("amount") > 1, window="1h"), Float64),
        (agg.any("flag", window="1h"), Bool),
        (agg.all("flag", window="1h"), Bool),
        (agg.share("flag", window="1h"), Float64),
        (agg.seconds_since_last(), Float64),
        (agg.seconds_since_first(window="1h"), Float64),
        (agg.mean_gap(window="1h"), Float64),
        (agg.decayed_count(half_life="1h", window="1d"), Float64),
        (agg.decayed_sum("price", half_life="1h", window="1d"), Float64),
        (agg.decayed_mean("flag", half_life="1h", window="1d"), Float64),
    ],
    ids=str,
)
def test_a_feature_has_the_type_of_its_aggregate(
    aggregation: Aggregation, type_: ValueType
) -> None:
    assert typed(aggregation) == (type_, [])


def test_an_order_is_needed_for_the_least_and_the_latest() -> None:
    for function in ("min", "max", "first", "last"):
        assert typed(getattr(agg, function)("tags", window="1h")) == (
            None,
            [f"{function} needs values with an order; Array(String) has none"],
        )


def test_where_must_be_true_or_false() -> None:
    assert typed(agg.count(window="1h", where=col("clicks")))[1] == [
        "where=col('clicks') is Int64, not Bool"
    ]


def test_a_default_must_be_of_the_type_of_the_feature() -> None:
    assert typed(agg.mean("clicks", window="1h", default=0))[1] == []
    assert typed(agg.sum("clicks", window="1h", default=0.5))[1] == [
        "default=0.5 is Float64, but the feature is Int64"
    ]
    assert typed(agg.max("country", window="1h", default=0))[1] == [
        "default=0 is Int64, but the feature is String"
    ]


@pytest.mark.parametrize("scale", [True, False, 1.0, "6", -1])
def test_a_scale_is_a_whole_number(scale: object) -> None:
    assert problems(agg.sum, "amount", window="1h", scale=scale) == (
        f"agg.sum: scale is {scale!r}; it must be a whole number from 0 to 15"
    )


def test_only_a_count_can_do_without_an_input() -> None:
    assert problems(agg.sum, None, window="1h") == (
        "agg.sum: the input is None; name a column, or write an expression"
    )


def test_a_default_is_a_constant() -> None:
    assert problems(agg.sum, "amount", window="1h", default=col("clicks")) == (
        "agg.sum: default is the expression col('clicks'); a default is a constant"
    )


def test_the_default_of_a_decimal_fits_its_type() -> None:
    for default in (0, 9_999_999, Number("7.00"), Number("0.5"), Number("-0")):
        assert typed(agg.max("price", window="1h", default=default))[1] == []
    for wide in (10_000_000, Number("1E+7"), Number("0.125")):
        found = agg.max("price", window="1h", default=wide)
        assert found.default is not None
        shown = render(found.default)
        assert typed(found)[1] == [
            f"default={shown} does not fit in Decimal(9, 2), the type of the feature"
        ]
    assert typed(agg.mean("price", window="1h", default=Number("0.5")))[1] == [
        "default=Decimal('0.5') is Decimal(1, 1), but the feature is Float64"
    ]


@pytest.mark.parametrize("n", [0, -1, 1_001, True, 2.0, "2", None])
def test_a_list_has_a_whole_number_of_elements_up_to_a_thousand(n: object) -> None:
    shown = f"n is {n!r}; it must be a whole number from 1 to 1,000"
    assert problems(agg.last_n, "clicks", n, window="1h") == f"agg.last_n: {shown}"
    assert shown in problems(agg.top_n, "clicks", n, window="1h", hop="2m")


def test_a_list_of_arrays_or_with_a_default_is_refused() -> None:
    assert typed(agg.last_n("tags", 2, window="1h")) == (
        None,
        ["last_n needs values with an order; Array(String) has none"],
    )
    with pytest.raises(TypeError, match="default"):
        getattr(agg, "last_n")("clicks", 2, window="1h", default=0)  # noqa: B009 - to be refused


@pytest.mark.parametrize("limit", [0, -1, 10_001, True, 2.0, "2", None])
@pytest.mark.parametrize("function", ["count_distinct", "value_counts", "mode"])
def test_a_limit_is_a_whole_number_up_to_ten_thousand(function: str, limit: object) -> None:
    made = getattr(agg, function)
    shown = f"limit is {limit!r}; it must be a whole number from 1 to 10,000"
    assert problems(made, "clicks", limit=limit, window="1h") == f"agg.{function}: {shown}"
    assert shown in problems(made, "clicks", limit=limit, window="1h", hop="2m")
    assert made("clicks", window="1h", limit=10_000).parameters.limit == 10_000


@pytest.mark.parametrize(
    ("edges", "problem"),
    [
        ([], "edges is []; give a list of 1 to 200 ascending numbers"),
        (3, "edges is 3; give a list of 1 to 200 ascending numbers"),
        (list(range(201)), "give a list of 1 to 200 ascending numbers"),
        ([1, "2"], "edges: '2' is not a number"),
        ([1, True], "edges: True is not a number"),
        ([1, None], "edges: None is not a number"),
        ([1, math.inf], "edges: inf is not a number"),
        ([1, math.nan], "edges: nan is not a number"),
        ([2, 1, 1.0], "edges do not ascend: 1 follows 2\n  - edges do not ascend: 1.0 follows 1"),
        ([0.5, Number("0.5")], "edges do not ascend: Decimal('0.5') follows 0.5"),
    ],
)
def test_edges_are_numbers_that_ascend(edges: object, problem: str) -> None:
    assert problem in problems(agg.histogram, "amount", edges, window="1h")
    assert agg.histogram("amount", [-1, 0.5, Number("0.75"), 2], window="1h").parameters.edges


@pytest.mark.parametrize("q", [-0.1, 1.000001, math.nan, math.inf, "0.5", None, True])
def test_a_percentile_has_a_share_from_0_to_1(q: object) -> None:
    assert problems(agg.percentile, "amount", q, window="1h") == (
        f"agg.percentile: q is {q!r}; it must be a number from 0 to 1, such as 0.99"
    )


def test_a_share_is_the_decimal_that_was_written() -> None:
    for q, text in ((0, "0"), (1.0, "1"), (0.99, "0.99"), (Number("0.50"), "0.5"), (1e-7, None)):
        exact = text or "0.0000001"
        assert agg.percentile("amount", q, window="1h").parameters.q == exact
    assert "it may have 17 digits" in problems(agg.percentile, "amount", 1e-18, window="1h")
    assert agg.median("amount", window="1h") == agg.percentile("amount", 0.5, window="1h")


@pytest.mark.parametrize(
    ("aggregation", "problem"),
    [
        (
            agg.count_distinct("amount", window="1h"),
            "count_distinct compares texts; 'amount' is Float64: round or cast first",
        ),
        (
            agg.count_distinct(col("clicks") / 2, window="1h"),
            "count_distinct compares texts; (col('clicks') / 2) is Float64: round or cast first",
        ),
        (
            agg.count_distinct("raw", window="1h"),
            "count_distinct compares texts; 'raw' is Bytes: decode it first",
        ),
        (
            agg.value_counts("tags", window="1h"),
            "value_counts needs values with an order; Array(String) has none",
        ),
        (
            agg.histogram("country", [1], window="1h"),
            (
                "histogram needs a numeric input; 'country' is String. "
                "Numeric columns: clicks, amount, price."
            ),
        ),
        (
            agg.percentile("flag", 0.5, window="1h"),
            (
                "percentile needs a numeric input; 'flag' is Bool. "
                "Numeric columns: clicks, amount, price."
            ),
        ),
    ],
)
def test_what_cannot_be_counted_is_refused_with_the_way_out(
    aggregation: Aggregation, problem: str
) -> None:
    assert typed(aggregation) == (None, [problem])


def test_all_problems_of_what_is_counted_come_in_one_error() -> None:
    found = problems(agg.histogram, 3, [2, 1], window="1h", hop="2m", where=True)
    assert found == (
        "agg.histogram has 4 problems:\n"
        "  - hop 2m is not on the ladder 1m, 5m, 1h, 6h, 1d, 7d\n"
        "  - where is True; write an expression such as col('amount') > 10\n"
        "  - 3 is neither a column name nor an expression\n"
        "  - edges do not ascend: 1 follows 2"
    )


def test_a_result_for_each_value_needs_a_column_of_keys_and_a_limit_within_bounds() -> None:
    found = problems(agg.sum, "amount", window="1h", by=3, limit=0)
    assert found == (
        "agg.sum has 2 problems:\n"
        "  - by is 3; name a column, or write an expression\n"
        "  - limit is 0; it must be a whole number from 1 to 10,000"
    )
    assert problems(agg.count, window="1h", limit=5) == (
        "agg.count: limit=5 bounds the keys of a map; name their column with by="
    )
    assert "n is 0" in problems(agg.last_n, "amount", 0, window="1h", by="country")
    assert agg.count(window="1h", by="country").parameters.limit == 50
    assert agg.mode("clicks", window="1h", by="country").parameters.limit == 100


def test_keys_are_typed_as_inputs_are() -> None:
    assert typed(agg.sum("amount", window="1h", by="tags")) == (
        None,
        ["by='tags' is Array(String); the keys of a map are scalars or Decimals"],
    )
    assert typed(agg.sum("amount", window="1h", by="amounts")) == (
        None,
        ["source 'events' has no column 'amounts'. Did you mean 'amount'?"],
    )
    assert typed(agg.sum("country", window="1h", by="amounts"))[1] == [
        "sum needs a numeric input; 'country' is String. Numeric columns: clicks, amount, price.",
        "source 'events' has no column 'amounts'. Did you mean 'amount'?",
    ]
    assert typed(agg.sum("clicks", window="1h", by="country", default=0.5))[1] == [
        "default=0.5 is Float64, but the feature is Int64"
    ]


def test_keys_are_part_of_what_an_aggregate_is() -> None:
    made = agg.sum("amount", window="1h", by="country", limit=50)
    assert made == agg.sum("amount", window="1h", by=col("country"))
    assert made != agg.sum("amount", window="1h", by="country", limit=51)
    assert made != agg.sum("amount", window="1h")


def test_an_unknown_column_is_refused_with_the_near_miss() -> None:
    assert typed(agg.sum("amounts", window="1h")) == (
        None,
        ["source 'events' has no column 'amounts'. Did you mean 'amount'?"],
    )


def test_agg_has_every_function() -> None:
    for function in Function:
        arguments = [] if function in TIMES else ["clicks"]
        own: dict[str, Any] = {"n": 2} if function in LISTS else {}
        more: dict[Function, dict[str, Any]] = {
            Function.HISTOGRAM: {"edges": [1]},
            Function.PERCENTILE: {"q": 1},
        }
        own |= more.get(function, {})
        own |= {"half_life": "1h"} if function in DECAYED else {}
        made: Aggregation = getattr(agg, function.value)(*arguments, window="1h", **own)
        assert made.function is function


@pytest.mark.parametrize(
    "text",
    [
        "agg.count(window='1h')",
        "agg.count(window=None)",
        "agg.sum('amount', window='1d', hop='5m', scale=2, default=0)",
        "agg.last_distinct_n('country', 5, window='1h')",
        "agg.count_distinct('country', window='1h', limit=1000)",
        "agg.count(window='1h', by='country', limit=50)",
        "agg.decayed_sum('amount', half_life='1h', window='1d', by=(col('clicks') > 1), limit=2)",
        "agg.mode('country', window='1h', limit=5, default='none')",
        "agg.histogram('amount', [-1, 0.5, Decimal('0.75')], window='1h')",
        "agg.percentile('amount', 0.99, window='1h', scale=2)",
        "agg.mean((col('amount') / col('clicks')), window='30m', where=~(col('flag') | col('x')))",
    ],
)
def test_an_aggregate_prints_as_it_is_written(text: str) -> None:
    made = eval(text, {"agg": agg, "col": col, "Decimal": Number})  # noqa: S307 - the texts stand above
    assert str(made) == text
