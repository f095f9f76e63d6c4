from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.compiler.physical import from_physical, to_physical
from skewless.errors import InputError, NaiveTimestampError
from skewless.types import (
    Array,
    Bool,
    Bytes,
    Date,
    Decimal,
    Float64,
    Int64,
    Map,
    String,
    Timestamp,
    Vector,
)

if TYPE_CHECKING:
    from skewless.types import ValueType

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
MONEY = Decimal(18, 4)
VALUES: dict[ValueType, st.SearchStrategy[Any]] = {
    Bool: st.booleans(),
    Int64: st.integers(-(2**63), 2**63 - 1),
    Float64: FLOATS,
    String: st.text(st.characters(codec="utf-8")),
    Bytes: st.binary(),
    Timestamp: st.datetimes(timezones=st.just(UTC)),
    Date: st.dates(),
    Array(Date): st.lists(st.dates()),
    MONEY: st.integers(-(10**18) + 1, 10**18 - 1).map(lambda unscaled: Number(unscaled) / 10**4),
    Array(String): st.lists(st.text(st.characters(codec="utf-8"))),
    Array(Timestamp): st.lists(st.datetimes(timezones=st.just(UTC))),
    Map(String, Float64): st.dictionaries(st.text(st.characters(codec="utf-8")), FLOATS),
    Map(Date, Timestamp): st.dictionaries(st.dates(), st.datetimes(timezones=st.just(UTC))),
    Vector(3): st.lists(FLOATS, min_size=3, max_size=3),
}


@pytest.mark.parametrize("type_", VALUES, ids=str)
@given(data=st.data())
def test_values_come_back_as_they_went_in(type_: ValueType, data: st.DataObject) -> None:
    value = data.draw(VALUES[type_])
    back = from_physical(to_physical(value, type_, "x"), type_)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("type_", VALUES, ids=str)
def test_null_is_null_of_every_type(type_: ValueType) -> None:
    assert to_physical(None, type_, "x") is None
    assert from_physical(None, type_) is None


@pytest.mark.parametrize(
    ("value", "type_", "physical"),
    [
        (math.nan, Float64, None),
        (3, Float64, 3.0),
        (Number("0.5"), Float64, 0.5),
        (np.float32(0.5), Float64, 0.5),
        (np.int32(7), Int64, 7),
        (7.0, Int64, 7),
        (np.float32(-3), Int64, -3),
        (2.0**53, Int64, 2**53),
        (Number("7.00"), Int64, 7),
        (np.True_, Bool, True),
        (b"text", String, "text"),
        (np.array([1.0, 2.0]), Vector(2), (1.0, 2.0)),
        (Number("12.50"), Decimal(4, 2), 1250),
        (Number("12.5000"), Decimal(4, 2), 1250),
        (Number("-0"), Decimal(4, 2), 0),
        (7, Decimal(4, 2), 700),
        (Number("1e1"), Decimal(4, 2), 1000),
        (bytearray(b"ab"), Bytes, b"ab"),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), Timestamp, -1),
        (datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), Timestamp, 0),
        ((1, 2), Array(Int64), (1, 2)),
        ([1, 2.5], Vector(2), (1.0, 2.5)),
        ([], Array(String), ()),
    ],
)
def test_values_have_one_physical_form(value: object, type_: ValueType, physical: object) -> None:
    found = to_physical(value, type_, "x")
    assert found == physical
    assert type(found) is type(physical)


@pytest.mark.parametrize("type_", VALUES, ids=str)
@pytest.mark.parametrize(
    "null",
    [math.nan, np.float32("nan"), pd.NA, pd.NaT, Number("NaN"), Number("sNaN")],
    ids=["float", "numpy", "NA", "NaT", "decimal", "signalling"],
)
def test_what_stands_for_null_is_null_of_every_type(null: object, type_: ValueType) -> None:
    assert to_physical(null, type_, "x") is None


def test_nanoseconds_are_refused() -> None:
    with pytest.raises(InputError, match="whole microseconds"):
        to_physical(pd.Timestamp(1, unit="ns", tz="UTC"), Timestamp, "x")


def test_negative_zero_is_zero() -> None:
    assert math.copysign(1.0, to_physical(-0.0, Float64, "x")) == 1.0
    assert math.copysign(1.0, to_physical([-0.0], Vector(1), "x")[0]) == 1.0


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (1, Bool),
        ("true", Bool),
        (True, Int64),
        (1.5, Int64),
        (2.0**53 + 2, Int64),
        (np.float64(-(2.0**54)), Int64),
        (Number("1.5"), Int64),
        ("1", Int64),
        (2**63, Int64),
        (-(2**63) - 1, Int64),
        (True, Float64),
        ("1.5", Float64),
        (b"1", Float64),
        (1, String),
        (b"\xff", String),
        ("\ud800", String),
        ("text", Bytes),
        (0, Timestamp),
        ("2026-01-01", Timestamp),
        (Number("1.005"), Decimal(4, 2)),
        (Number(100), Decimal(4, 2)),
        (Number("Infinity"), Decimal(4, 2)),
        (1.5, Decimal(4, 2)),
        (True, Decimal(4, 2)),
        ("text", Array(String)),
        ([1, "2"], Array(Int64)),
        ([1.0], Vector(2)),
        ([1.0, 2.0, 3.0], Vector(2)),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_refused(value: object, type_: ValueType) -> None:
    with pytest.raises(InputError, match=r"x.* is .*, which is not"):
        to_physical(value, type_, "x")


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinity_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="infinity"):
        to_physical(value, Float64, "x")


def test_a_null_element_is_refused() -> None:
    with pytest.raises(InputError, match="x has a null element"):
        to_physical([1.0, None], Vector(2), "x")
    with pytest.raises(InputError, match="x has a null element"):
        to_physical([math.nan], Array(Float64), "x")


def test_a_naive_timestamp_is_refused() -> None:
    with pytest.raises(NaiveTimestampError, match="x 2026-01-01T00:00:00 is a naive timestamp"):
        to_physical(datetime(2026, 1, 1), Timestamp, "x")  # noqa: DTZ001 - the point


def test_a_sum_of_decimals_comes_back_with_all_38_digits() -> None:
    unscaled = 10**38 - 1
    found = from_physical(unscaled, Decimal(38, 4))
    assert found.as_tuple().digits == (9,) * 38
    assert found.as_tuple().exponent == -4


def test_digits_beyond_the_scale_are_never_dropped_in_silence() -> None:
    with pytest.raises(InputError):
        to_physical(Number("0.1" + "0" * 60 + "1"), Decimal(5, 1), "x")


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (10**400, Float64),
        (2**53 + 1, Float64),
        (Number(2**60 + 1), Float64),
        (Number("1E+999999"), Decimal(5, 1)),
        (np.True_, Float64),
        (np.array([1.0]), Float64),
    ],
    ids=["large", "integer", "decimal", "exponent", "numpy_bool", "numpy_array"],
)
def test_odd_numbers_are_refused_as_input(value: object, type_: ValueType) -> None:
    with pytest.raises(InputError):
        to_physical(value, type_, "x")
