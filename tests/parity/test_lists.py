"""Methods of lists and maps over hostile rows: one value in every engine."""

from __future__ import annotations

from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pytest

from skewless import col, lit
from skewless.definitions.types import Map
from skewless.types import (
    Array,
    Bool,
    Bytes,
    Date,
    Decimal,
    Float64,
    Int64,
    String,
    Timestamp,
    Vector,
)
from tests.parity.one_value import assert_one_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.definitions.expression import Expr
    from skewless.types import ValueType

COLUMNS: Mapping[str, ValueType] = {
    "f": Array(Float64),
    "n": Array(Int64),
    "d": Array(Decimal(9, 2)),
    "s": Array(String),
    "b": Array(Bool),
    "t": Array(Timestamp),
    "e": Array(Date),
    "r": Array(Bytes),
    "v": Vector(2),
    "counts": Map(String, Int64),
    "means": Map(Int64, Float64),
    "costs": Map(Date, Decimal(9, 2)),
    "recent": Map(String, Array(Int64)),
    "skewless": Int64,  # no parameter of a lambda hides a column
    "item": String,
    "x": Float64,
}
MOST = 2**63 - 1
VALUES: Mapping[str, Sequence[Any]] = {
    "f": [
        None, (), (0.0,), (0.1, 0.2, 0.3), (1e300, -1e300), (9.3e12, 1.0), (-9.2e12, -0.0000005),
        (2.5, -2.5, 2.5), (5e-324, 1e-7, 4.9999999e-7), (9.2e12, 9.2e12, 9.2e12, 9.2e12),
    ],
    "n": [None, (), (0,), (1, 2, 3, 2), (MOST, 1), (MOST, -1), (-MOST - 1, -1), (MOST,) * 9],
    "d": [
        None, (), (Number("0.10"), Number("0.20"), Number("0.10")), (Number("-9999999.99"),),
        (Number("9999999.99"),) * 3,
    ],
    "s": [None, (), ("",), ("b", "a", "ä", "a"), ("Z", "a"), ("😀", "\uffff"), ("it's", "%")],
    "b": [None, (), (True,), (False, True, True)],
    "t": [None, (), (0, -1, 951_782_400_000_000)],
    "e": [None, (), (0, -719_162, 11_016)],
    "r": [None, (), (b"", b"\x00", b"\xff"), (b"a", b"a")],
    "v": [None, (0.5, -0.25), (1e18, 1.0)],
    "counts": [None, {}, {"a": 1}, {"a": 2, "b": 3, "": 0}, {"ä": MOST, "a": 1}],
    "means": [None, {}, {0: 0.5, -1: 0.25}, {1: 1e300}, {1: 0.1, 2: 0.2, 3: 0.3}],
    "costs": [None, {}, {0: Number("1.50"), 1: Number("-0.25")}],
    "recent": [None, {}, {"a": (1, 2), "b": ()}],
    "skewless": [None, 0, 1, 2, MOST],
    "item": [None, "a", "b", ""],
    "x": [None, 0.0, 0.5, 2.5],
}  # fmt: skip
ROWS = [
    {name: values[(n * (place + 1) + n // len(values)) % len(values)]
     for place, (name, values) in enumerate(VALUES.items())}
    for n in range(150)
]  # fmt: skip
f, n, d, s, b, t, e, r, v, counts, means, costs, recent, skewless, item, x = map(col, COLUMNS)
EXPRESSIONS: Sequence[Expr] = [
    *(each.list.len() for each in (f, n, d, s, b, t, e, r, v)),
    *(each.list.get(i) for each in (f, n, d, s, b, t, e, r, v) for i in (0, 1, -2)),
    s.list.get(2**31 - 1),
    *(method for each in (f, n, s) for method in (each.list.first(), each.list.last())),
    *(each.list.min() for each in (f, n, d, s, b, t, e, r, v)),
    *(each.list.max() for each in (f, n, d, s, b, t, e, r, v)),
    *(each.list.sum() for each in (f, n, d, v)),
    *(f.list.sum(scale=scale) for scale in (0, 2, 15)),
    *(each.list.mean() for each in (f, n, d, v)),
    f.list.mean(scale=1),
    f.list.contains(2.5),
    f.list.contains(0),
    f.list.count_matches(x),
    n.list.contains(2),
    n.list.contains(skewless),
    n.list.count_matches(2),
    d.list.contains(Number("0.1")),
    d.list.count_matches(Number("0.10")),
    d.list.contains(0),
    s.list.contains(item),
    s.list.count_matches("it's"),
    s.list.count_matches(item),
    b.list.count_matches(x > 0),
    b.list.contains(lit(value=False)),
    r.list.contains(b"\x00"),
    *(each.map.len() for each in (counts, means, costs, recent)),
    counts.map.get("a"),
    counts.map.get(item),
    counts.map.get("a").fill_null(0) > 1,
    means.map.get(0),
    means.map.get(-1),
    means.map.get(skewless),
    recent.map.get("a").list.len(),
    recent.map.get(item).list.sum(),
    *(each.map.sum() for each in (counts, means, costs)),
    means.map.sum(scale=1),
    (f.list.sum() / f.list.len()).round(3),
    (f.list.max() - f.list.mean()).exp(),
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=repr)
def test_a_method_of_a_list_or_map_has_one_value_in_every_engine(expression: Expr) -> None:
    assert_one_value(expression, COLUMNS, ROWS)
