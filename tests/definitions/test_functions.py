"""Functions of expressions: what they refuse when they are written down, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skewless import (
    OnDemandView,
    bucketize,
    coalesce,
    col,
    concat,
    if_else,
    request,
    request_time,
    when,
)
from skewless.definitions.typing import Scope
from skewless.errors import DefinitionError
from skewless.types import Bool, Bytes, Date, Decimal, Float64, Int64, String, Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.definitions.expression import Expr
    from skewless.types import ValueType

COLUMNS: dict[str, ValueType] = {
    "x": Float64,
    "i": Int64,
    "m": Decimal(9, 2),
    "p": Bool,
    "s": String,
    "b": Bytes,
    "t": Timestamp,
    "e": Date,
}


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda x: x.str.containz, "no .str.containz. Did you mean 'contains'"),
        (lambda x: x.dt.hours, "no .dt.hours. Did you mean 'hour'"),
        (lambda x: x.contains, "Did you mean .str.contains or .list.contains?"),
        (lambda x: x.weekday, "Did you mean .dt.weekday?"),
        (lambda x: x.rond, "Did you mean 'round'"),
    ],
)
def test_an_unknown_method_is_told_with_the_near_one(read: Callable[[Any], Any], said: str) -> None:
    with pytest.raises(AttributeError, match="an expression has no") as raised:
        read(col("x"))
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda: bucketize(col("x"), [2, 1]), "edges must ascend: 1 comes after 2"),
        (lambda: bucketize(col("x"), [1, 1]), "edges must ascend: 1 comes after 1"),
        (lambda: bucketize(col("x"), []), "1 to 1000 numbers"),
        (lambda: bucketize(col("x"), [1, float("nan")]), "nan is no finite number"),
        (lambda: col("x").round(16), "0 to 15"),
        (lambda: col("x").hash_mod(0), "1 to 2^31"),
        (lambda: col("s").str.slice(-1, 2), "start=-1 must be a whole number of at least 0"),
        (lambda: col("s").str.split_part("", 1), "separator='' must be a text that is not empty"),
        (lambda: col("s").str.split_part(",", 0), "n=0 must be a whole number of at least 1"),
        (lambda: col("t").dt.hour(utc_offset="CET"), 'write one like "+02:00"'),
        (lambda: col("t").dt.truncate("0s"), "longer than 0s"),
        (lambda: col("t").dt.truncate("an hour"), "not a duration"),
        (coalesce, "at least one value"),
    ],
)
def test_a_constant_out_of_bounds_is_refused(write: Callable[[], Any], said: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        write()
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (col("x") // 2, "needs Int64, not Float64; write (a / b).floor(), or .cast(Int64)"),
        (col("x").hash_mod(3), "round or cast it"),
        (col("b").hash_mod(3), "Bytes cannot be hashed"),
        (col("i").str.lower(), ".str needs String, not Int64"),
        (col("x").dt.hour(), ".dt needs Timestamp, not Float64"),
        (col("e").dt.hour(), "a Date has no clock"),
        (col("e").dt.truncate("1h"), "a Date has no clock"),
        (col("e").dt.year(utc_offset="+02:00"), "a Date has no zone"),
        (col("e") - col("e"), "use .cast(Timestamp) on both sides"),
        (col("e") + "1d", "use .cast(Timestamp) on both sides"),
        (col("e") > col("t"), "Date cannot be compared with Timestamp; .cast one of them"),
        (col("e") == "2024-01-01", "Date cannot be compared with String"),
        (col("e").cast(Int64), "Date is not converted to Int64"),
        (col("e").fill_null(0), "Date and Int64 are not of one type"),
        (col("t") + 1, 'write instant + "1h"'),
        (col("t") + "soon", "'soon' is not a duration"),
        (concat(col("s"), col("i")), "needs String, not Int64"),
        (col("s").cast(Int64), "String is not converted to Int64"),
        (col("s").clip(1, 2), "String and Int64 are not of one type"),
        (request_time(), "request_time() is known at request time only"),
    ],
    ids=repr,
)
def test_a_type_that_a_function_cannot_take_is_told(expression: Expr, said: str) -> None:
    scope = Scope(columns=COLUMNS, columns_of="Source 'it'")
    assert scope.type_of(expression.node) is None
    assert said in " ".join(scope.problems)


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_a_choice_may_give_null_of_the_type_of_its_other_value(name: str) -> None:
    for choice in (
        if_else(col("p"), col(name), None),
        if_else(col("p"), None, col(name)),
        when(col("p")).then(None).when(~col("p")).then(col(name)).otherwise(None),
    ):
        assert Scope(columns=COLUMNS, columns_of="it").type_of(choice.node) == COLUMNS[name]


@pytest.mark.parametrize(
    "write",
    [
        lambda: if_else(col("p"), None, None),
        lambda: when(col("p")).then(None).when(col("x") > 1).then(None).otherwise(None),
    ],
)
def test_a_choice_without_any_value_is_refused(write: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match="all values of the choice are None"):
        write()


def test_a_choice_without_its_end_says_what_is_missing() -> None:
    unfinished: Any = when(request("x") > 1).then(2.0)
    with pytest.raises(DefinitionError, match=r"without \.otherwise\(...\), which may be None"):
        OnDemandView("view", request={"x": Float64}, features={"y": unfinished})


def test_all_problems_of_a_view_are_told_at_once() -> None:
    with pytest.raises(DefinitionError) as raised:
        OnDemandView(
            "both",
            request={"a": Float64, "s": String},
            features={"one": request("a") % 2, "two": request("s").dt.year()},
        )
    assert "feature 'one'" in str(raised.value)
    assert "feature 'two'" in str(raised.value)
