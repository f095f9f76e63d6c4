from __future__ import annotations

from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pytest

from skewless import col, haversine, lit
from skewless.definitions.types import Map
from skewless.definitions.typing import Scope
from skewless.errors import DefinitionError
from skewless.types import Array, Bool, Decimal, Float64, Int64, String, Vector

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.definitions.expression import Expr
    from skewless.types import ValueType

COLUMNS: dict[str, ValueType] = {
    "f": Array(Float64),
    "n": Array(Int64),
    "d": Array(Decimal(9, 2)),
    "s": Array(String),
    "v": Vector(8),
    "counts": Map(String, Int64),
    "names": Map(Int64, String),
    "lists": Map(String, Array(Int64)),
    "text": String,
    "x": Float64,
}


def typed(expression: Expr) -> tuple[ValueType | None, list[str]]:
    scope = Scope(columns=COLUMNS, columns_of="it")
    return scope.type_of(expression.node), scope.problems


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        (col("f").list.len(), Int64),
        (col("v").list.get(3), Float64),
        (col("s").list.first(), String),
        (col("d").list.last(), Decimal(9, 2)),
        (col("d").list.sum(), Decimal(18, 2)),
        (col("n").list.sum(), Int64),
        (col("v").list.sum(), Float64),
        (col("n").list.mean(), Float64),
        (col("s").list.max(), String),
        (col("s").list.contains("a"), Bool),
        (col("f").list.contains(1), Bool),
        (col("d").list.count_matches(Number("1.5")), Int64),
        (col("counts").map.get("a"), Int64),
        (col("lists").map.get("a"), Array(Int64)),
        (col("names").map.len(), Int64),
        (col("counts").map.sum(), Int64),
    ],
    ids=repr,
)
def test_a_method_of_a_list_or_map_has_a_type(expression: Expr, type_: ValueType) -> None:
    assert typed(expression) == (type_, [])


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        (col("x").list.len(), "col('x').list.len(): .list needs an Array or a Vector, not Float64"),
        (col("counts").list.len(), ".list needs an Array or a Vector, not Map(String, Int64)"),
        (col("f").map.len(), ".map needs a Map, not Array(Float64)"),
        (col("s").list.sum(), "col('s').list.sum(6): sum needs numbers, not String"),
        (col("s").list.mean(), "mean needs numbers, not String"),
        (col("names").map.sum(), "sum needs numbers, not String"),
        (
            col("s").list.contains(1),
            "the elements are String, and Int64 is compared with them; use .cast(String)",
        ),
        (col("n").list.contains(1.5), "the elements are Int64, and Float64 is compared"),
        (col("f").list.contains(lit(Number("1.5"))), "the elements are Float64, and Decimal(2, 1)"),
        (col("d").list.contains(Number("1.555")), "the elements are Decimal(9, 2), and Decimal(4"),
        (col("d").list.contains(col("n").list.first()), "use .cast(Decimal(9, 2))"),
        (col("counts").map.get(1), "the keys are String, and Int64 is compared with them"),
    ],
    ids=repr,
)
def test_what_does_not_fit_a_list_or_map_is_named(expression: Expr, problem: str) -> None:
    type_, problems = typed(expression)
    assert type_ is None
    assert len(problems) == 1
    assert problem in problems[0]


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        (lambda: col("f").list.get(1.5), "i=1.5 must be a whole number of 32 bits"),  # type: ignore[arg-type]
        (lambda: col("f").list.get(True), "i=True must be a whole number"),
        (lambda: col("f").list.sum(scale=16), "scale=16 must be a whole number, 0 to 15"),
        (lambda: col("counts").map.sum(scale=-1), "scale=-1 must be a whole number, 0 to 15"),
    ],
)
def test_arguments_out_of_range_are_refused(build: Callable[[], Any], problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem):
        build()


@pytest.mark.parametrize(
    ("read", "problem"),
    [
        (lambda x: x.list.length, "an expression has no .list.length. Did you mean 'len'?"),
        (lambda x: x.list.maxx, "an expression has no .list.maxx. Did you mean 'max'?"),
        (lambda x: x.map.gett, "an expression has no .map.gett. Did you mean 'get'?"),
        (
            lambda x: x.count_matches,
            "an expression has no 'count_matches'. Did you mean .list.count_matches?",
        ),
        (lambda x: x.get, "Did you mean .list.get or .map.get?"),
        (lambda x: x.arcsin, "an expression has no arcsin. Did you mean 'asin'"),
    ],
)
def test_a_name_that_is_nearly_right_is_suggested(read: Callable[[Any], Any], problem: str) -> None:
    with pytest.raises(AttributeError) as caught:
        read(col("f"))
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "col('f').list.get(-1)",
        "col('f').list.sum(6)",
        "col('s').list.contains('a')",
        "col('counts').map.get('a')",
        "haversine(col('x'), 1.5, 2, 3)",
    ],
)
def test_a_method_prints_as_it_is_written(text: str) -> None:
    names = {"col": col, "haversine": haversine}
    made = eval(text, names)  # noqa: S307 - the texts stand above
    again = eval(repr(made), names)  # noqa: S307
    assert made.node == again.node
