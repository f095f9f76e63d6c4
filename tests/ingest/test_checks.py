"""Rows that fit their types and are refused all the same: long keys, units beyond 64 bits."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from skewless import Entity, FeatureView, Source, agg, col
from skewless.compiler.keys import MAX_KEY_BYTES, encode_key
from skewless.compiler.plan import plan_view
from skewless.ingest.checks import key_check, units_check
from skewless.ingest.normalise import normalise
from skewless.types import Float64, String

if TYPE_CHECKING:
    from skewless.types import ValueType

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def a_view(features: Any, *columns: str) -> FeatureView:
    schema: dict[str, ValueType] = {"user": String, **dict.fromkeys(columns or ("x",), Float64)}
    source = Source("events", schema=schema, event_time="at")
    entity = Entity("user", keys={"user": String})
    return FeatureView("view", entity=entity, source=source, refresh="stream", features=features)


@given(
    st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([2.0**63 / 1e6, -(2.0**63) / 1e6])
)
def test_a_number_is_refused_exactly_when_its_units_leave_64_bits(value: float) -> None:
    plan = plan_view(a_view({"f": agg.sum("x", window="1h")}))
    (check,) = units_check(plan)
    scaled = value * 1e6
    fits = math.isfinite(scaled) and -(2**63) <= round(scaled) < 2**63
    bad = check.predicate(pa.table({"x": [value]}))
    assert bad.to_pylist() == [not fits]


def test_an_expressions_units_are_checked_by_value() -> None:
    view = a_view({"f": agg.sum(col("x") * col("y"), window="1h")}, "x", "y")
    table = pa.table(
        {"user": ["a"] * 3, "x": [1e9, 1e9, None], "y": [1.0, 1e9, 1.0], "at": [NOON] * 3}
    )
    result = normalise(table, view.source, checks=units_check(plan_view(view)))
    assert result.rejected["row_number"].to_pylist() == [1]
    assert (
        "column 'x' is 1000000000.0 and 'y' is 1000000000.0" in result.rejected["reason"][0].as_py()
    )


def test_counts_and_integers_need_no_units_check() -> None:
    assert units_check(plan_view(a_view({"f": agg.count(window="1h")}))) == []


@given(st.text(alphabet="a|\\é", max_size=8), st.integers(-3, 3))
def test_a_key_is_refused_exactly_when_its_text_is_too_long(tail: str, more: int) -> None:
    entity = Entity("pair", keys={"a": String, "b": String})
    fill = MAX_KEY_BYTES - len(encode_key((tail, ""), (String, String)).encode()) + more
    check = key_check(entity)
    bad = check.predicate(pa.table({"a": [tail], "b": ["x" * fill]}))
    assert bad.to_pylist() == [more > 0]


def test_a_null_key_belongs_to_no_entity_and_is_kept() -> None:
    check = key_check(Entity("user", keys={"x": String}))
    source = Source("events", schema={"x": String}, event_time="at")
    table = pa.table({"x": [None, "a" * 2000], "at": [NOON] * 2})
    result = normalise(table, source, checks=[check])
    assert result.accepted["x"].to_pylist() == [None]
