from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import Entity, FeatureView, OnDemandView, Source, agg, col, if_else, lit, request
from skewless.compiler.binding import bind
from skewless.compiler.bound import Column, Constant, Feature, Request
from skewless.compiler.interpret import compile_python
from skewless.definitions.expression import CallNode, Expr
from skewless.definitions.operators import Operator
from skewless.definitions.version import Version
from skewless.types import Bool, Bytes, Decimal, Float64, Int64, String, Timestamp

if TYPE_CHECKING:
    from skewless.compiler.bound import Bound
    from skewless.types import ValueType

COLUMNS: dict[str, ValueType] = {
    "x": Float64,
    "y": Float64,
    "i": Int64,
    "j": Int64,
    "m": Decimal(18, 2),
    "p": Bool,
    "q": Bool,
    "s": String,
    "r": Bytes,
    "t": Timestamp,
}
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def value(expression: Expr, **given_: Any) -> Any:
    evaluate = compile_python(bind(expression.node, COLUMNS).bound)
    return evaluate({Column(name): given_.get(name) for name in COLUMNS})


T, F, N = True, False, None


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (T, T, T, T),
        (T, F, F, T),
        (T, N, N, T),
        (F, T, F, T),
        (F, F, F, F),
        (F, N, F, N),
        (N, T, N, T),
        (N, F, F, N),
        (N, N, N, N),
    ],
)
def test_and_and_or_know_three_values(left: Any, right: Any, both: Any, either: Any) -> None:
    assert value(col("p") & col("q"), p=left, q=right) is both
    assert value(col("p") | col("q"), p=left, q=right) is either


@pytest.mark.parametrize(("given_", "negated"), [(T, F), (F, T), (N, N)])
def test_not_knows_three_values(given_: Any, negated: Any) -> None:
    assert value(~col("p"), p=given_) is negated


@pytest.mark.parametrize(
    "expression",
    [
        col("x") == 1,
        col("x") != 1,
        col("x") < 1,
        col("x") >= col("y"),
        col("x") + 1,
        -col("x"),
        abs(col("x")),
        col("x").floor(),
        col("s") == "a",
        col("x").between(0, 1),
    ],
    ids=repr,
)
def test_what_is_computed_from_null_is_null(expression: Expr) -> None:
    assert value(expression, y=1.0) is None


def test_between_with_one_null_edge_is_false_where_the_other_edge_says_so() -> None:
    expression = col("x").between(col("y"), 10.0)
    assert value(expression, x=11.0) is False
    assert value(expression, x=9.0) is None


def test_isin_is_null_for_null_and_false_for_no_values() -> None:
    assert value(col("s").isin(["a", "b"]), s="b") is True
    assert value(col("s").isin(["a", "b"]), s="c") is False
    assert value(col("s").isin(["a", "b"])) is None
    assert value(col("s").isin([])) is False
    assert value(col("i").isin(range(3_000)), i=2_999) is True


def test_nulls_can_be_asked_for_and_filled() -> None:
    assert value(col("x").is_null()) is True
    assert value(col("x").is_not_null()) is False
    assert value(col("x").fill_null(2.0)) == 2.0
    assert value(col("x").fill_null(2.0), x=0.0) == 0.0
    assert value(col("i").fill_null(col("j")), j=7) == 7


@pytest.mark.parametrize(("condition", "result"), [(T, 1.0), (F, 2.0), (N, 2.0)])
def test_a_null_condition_takes_the_other_branch(condition: Any, result: float) -> None:
    assert value(if_else(col("p"), 1.0, 2.0), p=condition) == result


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_division_by_zero_is_null(zero: float) -> None:
    assert value(col("x") / col("y"), x=1.0, y=zero) is None
    assert value(col("x") / col("y"), x=0.0, y=zero) is None
    assert value(1 / (col("x") * 0), x=-1.0) is None


@pytest.mark.parametrize(
    "expression",
    [
        col("x") * col("x"),
        col("x") + col("x"),
        -col("x") - col("x"),
        col("x") / 1e-300,
        col("x") ** 2,
        (-col("x")) ** 3,
        col("x").exp(),
        (col("x") * 10) - (col("x") * 10),
    ],
    ids=repr,
)
def test_an_infinity_that_arises_is_null(expression: Expr) -> None:
    assert value(expression, x=1e308) is None


@pytest.mark.parametrize(
    ("expression", "given_"),
    [
        (col("x").sqrt(), -1.0),
        (col("x").ln(), 0.0),
        (col("x").ln(), -1.0),
        (col("x") ** 0.5, -1.0),
        (col("x") ** -1, 0.0),
        (col("x") ** -1, -0.0),
    ],
    ids=repr,
)
def test_what_is_no_real_number_is_null(expression: Expr, given_: float) -> None:
    assert value(expression, x=given_) is None


@pytest.mark.parametrize(
    ("expression", "given_", "result"),
    [
        (col("x").floor(), -0.5, -1.0),
        (col("x").ceil(), 0.2, 1.0),
        (col("x").floor(), 1e300, 1e300),
        (col("x") ** 0, 0.0, 1.0),
        (col("x") ** 3, -2.0, -8.0),
        (col("x").sqrt(), 2.0, math.sqrt(2.0)),
        (2 - col("x"), 0.5, 1.5),
        (2 * col("x") + 1, 0.5, 2.0),
        (abs(col("x")), -3.5, 3.5),
    ],
    ids=repr,
)
def test_arithmetic_is_on_doubles(expression: Expr, given_: float, result: float) -> None:
    assert value(expression, x=given_) == result


@pytest.mark.parametrize(
    "expression",
    [
        -col("x"),
        col("x") * -1,
        col("x").sqrt() * -1,
        (col("x") - 0.5).ceil(),
        col("x") / -3,
        if_else(col("x") == 0, -col("x"), 1.0),
        (-col("x")).fill_null(1.0),
    ],
    ids=repr,
)
def test_no_result_is_negative_zero(expression: Expr) -> None:
    found = value(expression, x=0.0)
    assert found == 0.0
    assert math.copysign(1.0, found) == 1.0


@given(FINITE, FINITE)
def test_a_result_is_null_or_a_finite_double(x: float, y: float) -> None:
    for expression in (
        col("x") + col("y"),
        col("x") - col("y"),
        col("x") * col("y"),
        col("x") / col("y"),
        col("x") ** col("y"),
        col("x").exp(),
        col("x").ln(),
        col("x").sqrt(),
    ):
        found = value(expression, x=x, y=y)
        assert found is None or (isinstance(found, float) and math.isfinite(found))


def test_integers_and_decimals_compute_as_doubles() -> None:
    assert value(col("i") / 2, i=3) == 1.5
    assert value(col("m") * 2, m=1250) == 25.0
    assert value(col("m") > col("x"), m=1250, x=12.49) is True
    assert value(col("m") == 12.5, m=1250) is True
    assert value(col("i") + col("j"), i=2**62, j=2**62) == 2.0**63


def test_a_decimal_constant_is_its_unscaled_integer() -> None:
    assert value(lit(Number("-12.34"))) == -1234
    assert value(if_else(col("p"), Number("1.5"), Number("2.5")), p=True) == 15  # one type
    assert value(if_else(col("p"), Number("1.5"), Number("2.25")), p=True) == 1.5  # two: Float64
    assert value(col("m").isin([Number("12.50"), Number(1)]), m=1250) is True
    assert value(Number("0.1") + col("i"), i=3) == 0.1 + 3
    assert value(2 ** col("i"), i=3) == 8.0


def test_values_of_one_type_compare_exactly() -> None:
    assert value(col("i") == col("j"), i=2**53, j=2**53 + 1) is False
    assert value(col("s") < "b", s="a\U0001f600") is True
    assert value(col("s") < "\U0001f600", s="\uffff") is True
    assert value(col("r") == b"\x00", r=b"\x00") is True
    assert value(col("t") < datetime(1970, 1, 2, tzinfo=UTC), t=86_399_999_999) is True


def test_constants_fields_and_features_are_bound_by_name() -> None:
    source = Source("events", schema={"k": String}, event_time="at")
    view = FeatureView(
        "v",
        entity=Entity("e", keys={"k": String}),
        source=source,
        refresh="stream",
        features={"rows": agg.count(window="1d")},
        version=2,
    )
    on_demand = OnDemandView(
        "o", request={"a": Float64}, features={"x": view["rows"] + request("a") * 2.0}
    )
    typed = bind(on_demand.expressions["x"], {}, on_demand.request)
    environment: dict[Bound, Any] = {Feature("v", Version(2), "rows"): 3, Request("a"): 0.5}
    assert typed.type == Float64
    assert compile_python(typed.bound)(environment) == 4.0
    assert bind(lit("x").node, {}).bound == Constant("x", String)


def test_documents_of_before_keep_the_functions_of_the_engine() -> None:
    x, y = col("x").node, col("y").node
    kept = {
        Operator.LOGARITHM: math.log(0.7),
        Operator.EXPONENTIAL: math.exp(0.7),
        Operator.POWER: 0.7**0.3,
    }
    for operator, expected in kept.items():
        node = CallNode(operator, (x, y) if operator is Operator.POWER else (x,))
        assert operator.value in ("ln", "exp", "**")
        assert value(Expr(node), x=0.7, y=0.3) == expected
