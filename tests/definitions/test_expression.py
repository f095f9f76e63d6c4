from __future__ import annotations

import operator
import pickle
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal as Number
from decimal import localcontext
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from skewless import Entity, FeatureView, Source, col, if_else, lit, request
from skewless.definitions.expression import (
    CallNode,
    ColumnNode,
    Expr,
    LiteralNode,
    literal_node,
    to_datetime,
    walk,
)
from skewless.definitions.operators import Operator
from skewless.definitions.typing import Scope
from skewless.errors import DefinitionError, NaiveTimestampError
from skewless.types import Array, Bool, Bytes, Decimal, Float64, Int64, String, Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.types import ValueType

SCHEMA: dict[str, ValueType] = {
    "a": Int64,
    "x": Float64,
    "price": Decimal(9, 2),
    "text": String,
    "flag": Bool,
    "at": Timestamp,
    "tags": Array(String),
}


class Tier(str, Enum):  # noqa: UP042 - its str() is its name, unlike that of a StrEnum
    GOLD = "gold"


def typed(expression: Expr) -> tuple[ValueType | None, list[str]]:
    scope = Scope(columns=SCHEMA, columns_of="source 'events'")
    return scope.type_of(expression.node), scope.problems


def test_an_expression_has_no_truth_value() -> None:
    with pytest.raises(TypeError) as caught:
        bool(col("a") > 1)
    assert str(caught.value) == (
        "the expression (col('a') > 1) has no truth value; write & | ~ in place of and, or, not, "
        "and .between(low, high) in place of low <= x <= high"
    )


def test_a_chained_comparison_is_refused_rather_than_half_ignored() -> None:
    with pytest.raises(TypeError, match="has no truth value"):
        1 <= col("a") <= 2  # noqa: B015
    with pytest.raises(TypeError, match="has no truth value"):
        _ = col("a") in [col("b"), col("c")]


def test_equal_trees_are_equal_and_a_bool_is_not_an_integer() -> None:
    assert ((col("a") + 1) * 2).node == ((col("a") + 1) * 2).node
    assert hash(((col("a") + 1) * 2).node) == hash(((col("a") + 1) * 2).node)
    assert (col("a") == 1).node != (col("a") == True).node  # noqa: E712
    assert (col("a") == 1).node != (col("a") == 1.0).node


def test_constants_stand_on_either_side() -> None:
    assert (1 - col("a")).node == CallNode(
        Operator.SUBTRACT, (LiteralNode(1, Int64), ColumnNode("a"))
    )
    assert (col("a") > 1).node == (col("a") > 1).node
    assert (2.0 / col("x")).node == (lit(2.0) / col("x")).node
    assert (2 ** col("x")).node == (lit(2) ** col("x")).node
    assert (True & col("flag")).node == (lit(value=True) & col("flag")).node


@pytest.mark.parametrize(
    ("value", "node"),
    [
        (True, LiteralNode(value=True, type=Bool)),
        (2**63 - 1, LiteralNode(2**63 - 1, Int64)),
        (0.1, LiteralNode(0.1, Float64)),
        ("'; DROP TABLE x; --", LiteralNode("'; DROP TABLE x; --", String)),
        (b"\x00", LiteralNode(b"\x00", Bytes)),
        (Number("12.50"), LiteralNode(125, Decimal(3, 1))),
        (Number("-0.05"), LiteralNode(-5, Decimal(2, 2))),
        (Number("1E+2"), LiteralNode(100, Decimal(3, 0))),
        (Number("-0.00"), LiteralNode(0, Decimal(1, 0))),
        (Number("0." + "9" * 18), LiteralNode(10**18 - 1, Decimal(18, 18))),
        (np.int64(3), LiteralNode(3, Int64)),
        (np.float64(0.5), LiteralNode(0.5, Float64)),
        (Tier.GOLD, LiteralNode("gold", String)),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), LiteralNode(-1, Timestamp)),
        (datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), LiteralNode(0, Timestamp)),
    ],
)
def test_a_constant_has_the_type_of_its_python_value(value: object, node: LiteralNode) -> None:
    assert literal_node(value) == node


def test_minus_zero_is_zero_in_a_constant() -> None:
    assert repr(literal_node(-0.0).value) == "0.0"


@pytest.mark.parametrize("value", [np.int64(3), np.float64(0.5), Tier.GOLD])
def test_a_constant_is_kept_as_a_plain_value(value: object) -> None:
    assert type(literal_node(value).value) in (int, float, str)


@pytest.mark.parametrize("text", ["1.0000000000000000001", "1E+18", "1E-19", "1E+999999"])
def test_a_decimal_of_more_than_18_digits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"needs more than 18 digits$"):
        lit(Number(text))


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity"])
def test_a_decimal_that_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a finite number; null is its value$"):
        lit(Number(text))


def test_a_decimal_is_exact_whatever_the_context_rounds_to() -> None:
    with localcontext() as context:
        context.prec = 2
        assert literal_node(Number("12345.678")).value == 12345678


def test_a_text_that_utf_8_cannot_write_is_refused() -> None:
    with pytest.raises(ValueError, match="holds characters that UTF-8 cannot write"):
        lit("\ud800")


def test_a_constant_beyond_64_bits_or_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^the constant 9223372036854775808 does not fit in 64"):
        col("a") > 2**63  # noqa: B015
    with pytest.raises(ValueError, match=r"^the constant nan is not a finite number; null is its"):
        lit(float("nan"))


def test_a_naive_time_is_refused_with_the_way_to_localize_it() -> None:
    with pytest.raises(NaiveTimestampError, match="is a naive timestamp: it names no instant"):
        col("at") > datetime(2020, 1, 1)  # noqa: B015, DTZ001


def test_a_test_for_null_by_comparison_is_refused_with_the_way_to_ask() -> None:
    for compare in (operator.eq, operator.ne, operator.add):
        with pytest.raises(TypeError) as caught:
            compare(col("a"), None)
        assert str(caught.value) == (
            "None cannot stand in an expression: nothing equals null, not even null; ask with "
            ".is_null() or .is_not_null(), replace it with .fill_null(...)"
        )


@pytest.mark.parametrize("function", [col, request])
@pytest.mark.parametrize("name", [3, None, ["a"], b"a", col("a")], ids=repr)
def test_a_name_is_text(function: Callable[[Any], Expr], name: object) -> None:
    with pytest.raises(DefinitionError) as caught:
        function(name)
    assert str(caught.value) == f"{function.__name__}({name!r}): give a name as text"


def test_one_of_thousands_nests_little() -> None:
    found = col("a").isin(range(3_000))
    assert typed(found) == (Bool, [])
    assert pickle.loads(pickle.dumps(found.node)) == found.node  # noqa: S301 - our own bytes
    leaves = [node.value for node in walk(found.node) if isinstance(node, LiteralNode)]
    assert leaves == list(range(3_000))


def test_one_of_few_is_what_a_user_would_write() -> None:
    assert col("a").isin([1]).node == (col("a") == 1).node
    assert col("a").isin(iter([1, 2])).node == ((col("a") == 1) | (col("a") == 2)).node
    assert col("a").isin([]).node == lit(value=False).node


def test_one_of_a_set_does_not_depend_on_the_order_of_a_run() -> None:
    assert col("text").isin({"c", "a", "b"}).node == col("text").isin(["a", "b", "c"]).node


@pytest.mark.parametrize("values", ["abc", b"abc", 3, None, col("b")], ids=repr)
def test_one_of_needs_a_collection(values: Any) -> None:
    with pytest.raises(TypeError) as caught:
        col("a").isin(values)
    assert str(caught.value) == f"isin takes a list of constants, not {values!r}"


def test_what_nests_too_deep_to_run_is_refused_when_it_is_written() -> None:
    deep = col("a")
    for _ in range(40):
        deep = deep + 1
    with pytest.raises(DefinitionError) as caught:
        deep + 1
    assert str(caught.value) == (
        "an expression that ends in '+': it nests deeper than 40; join the halves of a long chain, "
        "not one term after the other, and write .isin([...]) for many equals"
    )


@pytest.mark.parametrize("value", [[1], timedelta(1), {"a": 1}, 1j])
def test_what_no_type_can_hold_is_refused(value: Any) -> None:
    with pytest.raises(TypeError) as caught:
        col("a") == value  # noqa: B015
    assert str(caught.value) == (
        f"{value!r} cannot stand in an expression; use bool, int, float, str, bytes, "
        "an aware datetime, a date, decimal.Decimal, or another expression"
    )


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        (col("a") + 1, Float64),
        (abs(col("a")), Float64),
        (-col("price"), Float64),
        (col("price") > Number("1.50"), Bool),
        (col("a") + Number("1.50"), Float64),
        (col("price").fill_null(Number("1.50")), Float64),
        (lit(Number("1.50")), Decimal(2, 1)),
        (2 ** col("a"), Float64),
        (col("a") == col("price"), Bool),
        (col("text") < "b", Bool),
        (col("text").isin(["a", "b"]), Bool),
        (col("at") > datetime(2020, 1, 1, tzinfo=UTC), Bool),
        (col("tags").is_not_null(), Bool),
        (col("a").fill_null(0), Int64),
        (col("a").fill_null(0.5), Float64),
        (col("price").fill_null(col("price")), Decimal(9, 2)),
        (if_else(col("flag"), col("text"), "none"), String),
        (col("a").between(1, 2) | ~col("flag"), Bool),
    ],
    ids=repr,
)
def test_an_expression_has_a_type(expression: Expr, type_: ValueType) -> None:
    assert typed(expression) == (type_, [])


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        (col("tex") == "a", "source 'events' has no column 'tex'. Did you mean 'text'?"),
        (col("text") > 1, "(col('text') > 1): String cannot be compared with Int64"),
        (col("tags") < "a", "(col('tags') < 'a'): Array(String) cannot be compared with String"),
        (col("text") + 1, "(col('text') + 1): arithmetic needs numbers, not String"),
        (~col("a"), "~col('a'): needs Bool, not Int64"),
        (if_else(col("a"), 1, 2), "if_else(col('a'), 1, 2): the condition is Int64, not Bool"),
        (col("a").fill_null("x"), "fill_null(col('a'), 'x'): Int64 and String are not of one type"),
        (request("a") > 1, "request('a') is known at request time only; use it in an OnDemandView"),
    ],
    ids=repr,
)  # fmt: skip
def test_what_has_no_type_is_explained(expression: Expr, problem: str) -> None:
    assert typed(expression) == (None, [problem])


def test_all_that_is_wrong_with_an_expression_is_said() -> None:
    assert typed((col("tex") == "a") & (col("y") > 1))[1] == [
        "source 'events' has no column 'tex'. Did you mean 'text'?",
        "source 'events' has no column 'y'. Known: a, x, price, text, flag, at, tags.",
    ]


def test_a_feature_stands_in_on_demand_views_only() -> None:
    source = Source("events", schema={"user": String, "a": Int64}, event_time="at")
    entity = Entity("user", keys={"user": String})
    view = FeatureView("view", entity=entity, source=source, features=["a"], refresh="stream")
    assert typed(view["a"] > 1)[1] == [
        "view['a'] is a feature of another view; combine features in an OnDemandView"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "(col('a') + 1)",
        "((col('a') ** 2) / request('b'))",
        "~(col('flag') & (col('x') >= 0.5))",
        "-col('a')",
        "(2 ** col('a'))",
        "(col('price') >= Decimal('-12.5'))",
        "if_else(col('flag'), 'it''s', \"it's\")",
    ],
)
def test_an_expression_prints_as_it_is_written(text: str) -> None:
    names = {"col": col, "request": request, "if_else": if_else, "Decimal": Number}
    made = eval(text, names)  # noqa: S307 - the texts stand above
    again = eval(repr(made), names)  # noqa: S307
    assert made.node == again.node


def test_walk_yields_parents_first() -> None:
    sum_ = (col("a") + col("b")).node
    assert list(walk(sum_)) == [sum_, ColumnNode("a"), ColumnNode("b")]


def test_an_expression_survives_pickling() -> None:
    node = (col("a") > datetime(2020, 1, 1, tzinfo=UTC)).node
    assert pickle.loads(pickle.dumps(node)) == node  # noqa: S301 - our own bytes


def test_times_before_1970_survive_the_way_there_and_back() -> None:
    moment = datetime(1900, 1, 1, microsecond=1, tzinfo=UTC)
    found = literal_node(moment).value
    assert isinstance(found, int)
    assert to_datetime(found) == moment
