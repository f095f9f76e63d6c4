"""What a column of each type becomes, and which of its values do not fit."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import Source
from skewless.errors import InputError, NaiveTimestampError
from skewless.ingest.normalise import Normalised, normalise
from skewless.offline.frames.columns import physical
from skewless.offline.frames.incoming import to_arrow
from skewless.types import (
    Array,
    Bool,
    Bytes,
    Decimal,
    Float64,
    Int64,
    String,
    Timestamp,
    ValueType,
    Vector,
)
from tests.reference import normalise as expected

if TYPE_CHECKING:
    from collections.abc import Sequence

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
INT64 = st.integers(-(2**63), 2**63 - 1)


def a_source(type_: ValueType = Float64, **columns: ValueType) -> Source:
    return Source("events", schema={"x": type_, **columns}, event_time="at")


def a_table(values: Any, **columns: Any) -> pa.Table:
    return pa.table({"x": values, "at": [NOON] * len(values), **columns})


def accepted(values: Any, type_: ValueType) -> list[Any]:
    result = normalise(a_table(values), a_source(type_))
    assert result.rejected.num_rows == 0, result.rejected.to_pylist()
    return list(result.accepted["x"].to_pylist())


def reasons(values: Any, type_: ValueType) -> list[str]:
    result = normalise(a_table(values), a_source(type_))
    return list(result.rejected["reason"].to_pylist())


def refused(values: Any, type_: ValueType) -> Normalised:
    return normalise(a_table(values), a_source(type_))


def wholly_refused(values: Any, type_: ValueType) -> str:
    """Return what the error calls a column of which no value can fit."""
    with pytest.raises(InputError) as caught:
        normalise(a_table(values), a_source(type_))
    found = re.search(rf"column 'x' is (.*), and {re.escape(str(type_))} is", str(caught.value))
    assert found, caught.value
    return found[1]


CANONICAL: Sequence[tuple[ValueType, pa.DataType, Any]] = [
    (Bool, pa.bool_(), True),
    (Int64, pa.int64(), 7),
    (Float64, pa.float64(), 1.5),
    (Decimal(9, 2), pa.decimal128(9, 2), Number("1.50")),
    (String, pa.string(), "é"),
    (Timestamp, pa.timestamp("us", "UTC"), NOON),
    (Bytes, pa.binary(), b"\xff"),
    (Array(Int64), pa.list_(pa.int64()), [1, 2]),
    (Vector(2), pa.list_(pa.float64()), [1.0, 2.0]),
]


@pytest.mark.parametrize(("type_", "arrow", "value"), CANONICAL, ids=lambda x: str(x)[:12])
def test_each_type_has_one_arrow_type(type_: ValueType, arrow: pa.DataType, value: Any) -> None:
    result = normalise(a_table([value, None]), a_source(type_))
    assert result.accepted["x"].type == arrow
    assert result.accepted["x"].to_pylist() == [value, None]


@pytest.mark.parametrize("type_", [type_ for type_, _, _ in CANONICAL], ids=str)
def test_a_column_of_nulls_fits_every_type(type_: ValueType) -> None:
    assert accepted(pa.nulls(2), type_) == [None, None]


def test_any_naive_timestamp_is_an_error() -> None:
    with pytest.raises(NaiveTimestampError, match="column 'x'"):
        refused([datetime(2024, 5, 1)], Timestamp)  # noqa: DTZ001


def test_nan_is_null() -> None:
    assert accepted([math.nan, 1.0], Float64) == [None, 1.0]


def test_minus_zero_is_zero() -> None:
    assert math.copysign(1.0, accepted([-0.0], Float64)[0]) == 1.0


@given(st.lists(st.floats(allow_infinity=False), min_size=1))
def test_doubles_take_the_semantics_normal_form(values: list[float]) -> None:
    found = accepted(pa.array(values, pa.float64()), Float64)
    assert [repr(x) for x in found] == [repr(expected(Float64, value)) for value in values]


@given(st.lists(st.floats(width=32, allow_infinity=False, allow_nan=False), min_size=1))
def test_single_floats_widen_exactly(values: list[float]) -> None:
    assert accepted(pa.array(values, pa.float32()), Float64) == values


def test_an_infinity_is_refused() -> None:
    assert reasons([math.inf, -math.inf], Float64) == [
        "column 'x' is inf: an infinity is not a value; leave it null",
        "column 'x' is -inf: an infinity is not a value; leave it null",
    ]


@given(st.lists(INT64, min_size=1))
def test_whole_numbers_become_doubles_only_up_to_2_to_the_53(values: list[int]) -> None:
    result = refused(pa.array(values, pa.int64()), Float64)
    fits = [value for value in values if abs(value) <= 2**53]
    assert result.accepted["x"].to_pylist() == fits
    assert result.rejected.num_rows == len(values) - len(fits)


@pytest.mark.parametrize("narrow", [pa.int8(), pa.uint8(), pa.int32(), pa.uint32(), pa.uint64()])
def test_narrower_integers_widen(narrow: pa.DataType) -> None:
    assert accepted(pa.array([100, None], narrow), Int64) == [100, None]


def test_an_unsigned_number_beyond_64_bits_is_refused() -> None:
    assert reasons(pa.array([2**63], pa.uint64()), Int64) == [
        f"column 'x' is {2**63}: Int64 ends at 2^63 - 1"
    ]


def test_a_large_unsigned_number_is_refused_as_a_double_once() -> None:
    assert len(reasons(pa.array([2**64 - 1], pa.uint64()), Float64)) == 1


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_floats_become_integers_only_when_they_are_whole(values: list[float]) -> None:
    result = refused(values, Int64)
    fits = [x for x in values if x.is_integer() and abs(x) <= 2**53]
    assert result.accepted["x"].to_pylist() == [int(x) for x in fits]
    assert result.rejected.num_rows == len(values) - len(fits)


def test_a_fraction_in_a_column_of_integers_is_refused() -> None:
    assert reasons([2.5], Int64) == [
        "column 'x' is 2.5: Int64 takes whole numbers, and floats up to 2^53"
    ]


@pytest.mark.parametrize("type_", [Int64, Float64, Decimal(9, 2), Timestamp, Bool, Bytes])
def test_text_is_nothing_but_a_string(type_: ValueType) -> None:
    assert wholly_refused(["1"], type_) == "text"


@pytest.mark.parametrize("type_", [Int64, Float64, Decimal(9, 2), String])
def test_a_truth_value_is_no_number(type_: ValueType) -> None:
    assert wholly_refused([True], type_) == "bool"


def test_a_number_is_no_truth_value() -> None:
    assert wholly_refused([1], Bool) == "int64"


def test_a_date_is_no_instant() -> None:
    assert wholly_refused([date(2024, 5, 1)], Timestamp) == "date32[day]"


def test_a_decimal_is_rescaled_when_nothing_is_lost() -> None:
    assert accepted([Number("1.5"), Number("2.00")], Decimal(4, 1)) == [
        Number("1.5"),
        Number("2.0"),
    ]


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=4), min_size=1))
def test_decimals_fit_exactly_or_are_refused(values: list[Number]) -> None:
    type_ = Decimal(8, 2)
    result = refused(to_arrow([{"x": v} for v in values])["x"], type_)
    fits = [v for v in values if v * 100 == int(v * 100) and abs(v) < 10**6]
    assert result.accepted["x"].to_pylist() == fits
    assert result.rejected.num_rows == len(values) - len(fits)


def test_too_many_digits_are_refused_with_what_is_allowed() -> None:
    assert reasons([Number("1.005")], Decimal(4, 2)) == [
        "column 'x' is Decimal('1.005'): Decimal(4, 2) takes 4 digits, 2 of them after the point"
    ]


def test_whole_numbers_are_decimals() -> None:
    assert accepted([3], Decimal(4, 2)) == [Number("3.00")]


def test_a_float_is_no_decimal() -> None:
    assert wholly_refused([1.5], Decimal(4, 2)) == "double"


def test_strings_of_any_arrow_type_are_strings() -> None:
    for given_type in (pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())):
        assert accepted(pa.array(["a", None]).cast(given_type), String) == ["a", None]


def test_bytes_that_are_no_utf8_are_refused_as_a_string() -> None:
    result = refused(pa.array([b"a", b"\xff"]), String)
    assert result.accepted["x"].to_pylist() == ["a"]
    assert result.rejected["reason"].to_pylist() == [
        "column 'x' is b'\\xff': a String is valid UTF-8"
    ]


def test_a_string_array_with_broken_utf8_inside_is_refused_by_row() -> None:
    offsets, raw = np.array([0, 1, 3], np.int32), b"a\xff\xfe"
    broken = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(raw)]
    )
    result = refused(broken, String)
    assert result.accepted["x"].to_pylist() == ["a"]
    assert result.rejected["row_number"].to_pylist() == [1]


def test_a_lone_surrogate_is_refused() -> None:
    assert len(reasons(to_arrow([{"x": "\ud800"}])["x"], String)) == 1


def test_instants_are_kept_in_utc_whatever_their_zone() -> None:
    abroad = pa.array([NOON], pa.timestamp("ms", "Asia/Tokyo"))
    assert accepted(abroad, Timestamp) == [NOON]


def test_nanoseconds_are_never_dropped() -> None:
    column = pa.array([1_000, 1_001], pa.timestamp("ns", "UTC"))
    result = refused(column, Timestamp)
    assert result.accepted["x"].cast(pa.int64()).to_pylist() == [1]
    assert "whole microseconds" in result.rejected["reason"][0].as_py()


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_times_beyond_the_years_1_to_9999_are_refused(unit: str) -> None:
    second = {"s": 1, "ms": 1000, "us": 10**6}[unit]
    first, last = -62_135_596_800, 253_402_300_799
    ticks = [first * second, first * second - 1, last * second, (last + 1) * second, 2**63 - 1]
    result = refused(pa.array(ticks, pa.timestamp(unit, "UTC")), Timestamp)
    assert result.rejected["row_number"].to_pylist() == [1, 3, 4]
    assert result.accepted["x"].cast(pa.int64()).to_pylist() == [first * 10**6, last * 10**6]


def test_an_array_with_a_null_is_refused() -> None:
    result = refused([[1, 2], [1, None], None, []], Array(Int64))
    assert result.accepted["x"].to_pylist() == [[1, 2], None, []]
    assert result.rejected["reason"].to_pylist() == [
        "column 'x' is [1, None]: no element is null; leave it out"
    ]


def test_nan_in_a_vector_is_a_null_element() -> None:
    assert "no element is null" in reasons([[1.0, math.nan]], Vector(2))[0]


def test_an_element_that_does_not_fit_names_the_rule() -> None:
    assert "an element does not fit: an infinity" in reasons([[1.0, math.inf]], Vector(2))[0]


def test_a_vector_of_another_length_is_refused() -> None:
    result = refused([[1.0, 2.0], [1.0], None], Vector(2))
    assert result.accepted["x"].to_pylist() == [[1.0, 2.0], None]
    assert "exactly 2 elements" in result.rejected["reason"][0].as_py()


@pytest.mark.parametrize("list_type", [pa.large_list(pa.float32()), pa.list_(pa.float32(), 2)])
def test_lists_of_any_arrow_type_are_lists(list_type: pa.DataType) -> None:
    column = pa.array([[1.0, 2.0], None, [3.0, 4.0]], list_type)
    assert accepted(column, Vector(2)) == [[1.0, 2.0], None, [3.0, 4.0]]


def test_a_list_column_may_be_a_slice() -> None:
    column = pa.array([[9.0], [1.0, 2.0], None, [3.0, 4.0]]).slice(1)
    assert accepted(column, Vector(2)) == [[1.0, 2.0], None, [3.0, 4.0]]


@given(st.lists(st.none() | st.integers(-(10**18) + 1, 10**18 - 1), min_size=1), st.integers(0, 3))
def test_a_decimal_is_physically_its_unscaled_integer(values: list[int | None], skip: int) -> None:
    numbers = [None if v is None else Number(v).scaleb(-4) for v in values]
    column = pa.array(numbers, pa.decimal128(18, 4)).slice(skip)
    assert physical(column, Decimal(18, 4)).to_pylist() == values[skip:]


def test_an_instant_is_physically_its_microseconds() -> None:
    column = pa.array([NOON, None], pa.timestamp("us", "UTC"))
    micros = (NOON - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert physical(column, Timestamp).to_pylist() == [micros, None]
