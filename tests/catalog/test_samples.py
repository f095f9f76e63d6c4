"""What the catalog says of some values."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from skewless.catalog.samples import describe
from skewless.types import Array, Bool, Bytes, Decimal, Float64, Int64, String, Timestamp

if TYPE_CHECKING:
    from skewless.catalog.document import Sampled
    from skewless.definitions.types import ValueType


def described(values: list[Any], type_: ValueType, arrow: pa.DataType | None = None) -> Sampled:
    return describe(pa.chunked_array([pa.array(values, arrow)]), type_, "now")


def test_numbers_have_a_distribution_that_holds_them_all() -> None:
    found = described([1.0, 2.0, None, 4.0], Float64)
    assert (found.rows, found.nulls) == (4, 1)
    assert sum(each.count for each in found.bins) == 3
    assert (found.bins[0].low, found.bins[-1].high) == (1.0, 4.0)
    assert (found.minimum, found.maximum, found.mean) == ("1", "4", "2.33333")


def test_equal_numbers_are_one_bar() -> None:
    (found,) = described([7, 7], Int64).bins
    assert (found.low, found.high, found.count) == (7, 7, 2)


@pytest.mark.parametrize(
    "values", [[1.0, math.nextafter(1.0, 2)], [-1.7e308, 1.7e308], [5e-324, 0.0]]
)
def test_numbers_that_cannot_be_divided_are_one_bar(values: list[float]) -> None:
    (found,) = described(values, Float64).bins
    assert found.count == 2


def test_what_is_not_finite_is_left_out_of_the_distribution_and_shown() -> None:
    found = described([math.nan, math.inf, 1.0], Float64)
    assert [each.count for each in found.bins] == [1]
    assert set(found.examples) == {"nan", "inf", "1.0"}


@pytest.mark.parametrize("type_", [Float64, String, Timestamp, Array(Int64)])
def test_nulls_alone_have_no_distribution(type_: ValueType) -> None:
    found = described([None, None], type_, pa.null())
    assert (found.rows, found.nulls, found.bins, found.common, found.examples) == (2, 2, (), (), ())


def test_texts_have_their_most_common_values() -> None:
    found = described(["b", "a", "b", None], String)
    assert found.common == (("b", 2), ("a", 1))
    assert (found.bins, found.minimum) == ((), "")


def test_truths_are_counted() -> None:
    assert described([True, True, False], Bool).common == (("True", 2), ("False", 1))


def test_instants_have_a_distribution_in_seconds() -> None:
    at = datetime(1970, 1, 2, tzinfo=UTC)
    found = described([at], Timestamp, pa.timestamp("us", "UTC"))
    assert found.bins[0].low == 86_400
    assert found.minimum == ""


def test_decimals_are_drawn_as_doubles() -> None:
    found = described([Number("1.50"), Number("2.50")], Decimal(10, 2))
    assert (found.minimum, found.mean) == ("1.5", "2")


@pytest.mark.parametrize(("value", "type_"), [([1, 2], Array(Int64)), (b"\x00<", Bytes)])
def test_other_values_have_examples_alone(value: Any, type_: ValueType) -> None:
    found = described([value], type_)
    assert (found.bins, found.common) == ((), ())
    assert found.examples == (repr(value),)


def test_long_texts_are_cut() -> None:
    (found,) = described(["x" * 1_000], String).examples
    assert len(found) == 81
