"""Binding: which conversions and checks an expression is written with.

What they compute is tested in `test_interpret.py`.
"""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from skewless import Entity, FeatureView, Source, agg, col, if_else
from skewless.compiler.binding import bind
from skewless.compiler.bound import (
    Apply,
    Bound,
    Column,
    Constant,
    Feature,
    Request,
    RequestTime,
    features_of,
    parts_of,
)
from skewless.compiler.finish import finish
from skewless.definitions.aggregation import Function
from skewless.definitions.version import Version
from skewless.types import Bool, Decimal, Float64, Int64, String

if TYPE_CHECKING:
    from skewless.definitions.expression import Expr
    from skewless.types import ValueType

COLUMNS: dict[str, ValueType] = {"x": Float64, "y": Float64, "i": Int64, "m": Decimal(9, 2)}


def written(bound: Bound) -> str:
    match bound:
        case Apply(primitive, arguments):
            return f"{primitive.name.lower()}({', '.join(map(written, arguments))})"
        case Constant(value):
            return repr(value)
        case Column(name) | Request(name) | Feature(name=name):
            return name
        case RequestTime():
            return "request_time"


@pytest.mark.parametrize(
    ("expression", "expected", "type_"),
    [
        (col("x"), "x", Float64),
        (col("i"), "i", Int64),
        (col("x") + col("y"), "positive_zero(finite(add(x, y)))", Float64),
        (col("i") * col("x"), "positive_zero(finite(multiply(to_double(i), x)))", Float64),
        (-col("x"), "positive_zero(negate(x))", Float64),
        (col("x") / col("y"), "positive_zero(finite(divide(x, null_if_zero(y))))", Float64),
        (col("x").sqrt(), "positive_zero(square_root(null_if_negative(x)))", Float64),
        (col("x") > col("y"), "greater(x, y)", Bool),
        (col("i") > col("x"), "greater(to_double(i), x)", Bool),
        (col("i").is_null(), "is_null(i)", Bool),
        (col("i").fill_null(0), "fill_null(i, 0)", Int64),
        (if_else(col("x") > 0.5, col("i"), 1), "if_else(greater(x, 0.5), i, 1)", Int64),
    ],
)
def test_every_conversion_and_check_is_a_node(
    expression: Expr, expected: str, type_: ValueType
) -> None:
    typed = bind(expression.node, COLUMNS)
    assert (written(typed.bound), typed.type) == (expected, type_)


def test_a_chain_of_sums_is_checked_once_at_its_end() -> None:
    chain = col("x") + col("y") - col("x") * col("y")
    assert written(bind(chain.node, COLUMNS).bound).count("finite") == 1


def test_what_a_choice_or_divisor_reads_is_checked_before() -> None:
    divided = bind((col("x") / (col("x") + col("y"))).node, COLUMNS).bound
    assert "null_if_zero(finite(add(x, y)))" in written(divided)
    compared = bind((col("x") + col("y") > 1.0).node, COLUMNS).bound
    assert written(compared) == "greater(finite(add(x, y)), 1.0)"


def test_a_decimal_becomes_a_double_by_one_exact_division() -> None:
    typed = bind((col("m") * col("x")).node, COLUMNS)
    assert "divide(to_double(m), 100.0)" in written(typed.bound)


def test_equal_types_are_compared_as_they_are() -> None:
    assert written(bind((col("m") == col("m")).node, COLUMNS).bound) == "equal(m, m)"


def test_parts_come_from_the_top_and_features_each_once() -> None:
    source = Source("sales", schema={"shop": String}, event_time="at")
    view = FeatureView(
        "counts",
        entity=Entity("shop", keys={"shop": String}),
        source=source,
        features={"n": agg.count(window="1d"), "k": agg.count(window="7d")},
        refresh="stream",
    )
    bound = bind((view["n"] / view["k"] + view["n"]).node, {}).bound
    first, *_ = parts_of(bound)
    assert first == bound
    assert features_of(bound) == {
        Feature("counts", Version(1), "n"),
        Feature("counts", Version(1), "k"),
    }
    assert list(parts_of(None)) == []


def test_a_tree_from_another_process_is_equal_here_and_has_the_hash_of_this_one() -> None:
    program = (
        "import pickle, sys; from skewless.compiler.finish import *;"
        "sys.stdout.buffer.write(pickle.dumps(finish(Function.MEAN, types.Float64, 2)))"
    )
    other = {**os.environ, "PYTHONHASHSEED": "7"}
    run = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], env=other, capture_output=True, check=True
    )
    here = finish(Function.MEAN, Float64, 2)
    found = pickle.loads(run.stdout)  # noqa: S301 - our own
    assert {found, copy.deepcopy(here)} == {here}
