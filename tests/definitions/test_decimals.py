"""Decimals as whole numbers and a scale: exact both ways."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.definitions import types
from skewless.definitions.decimals import logical, minimal, rescaled

NUMBERS = st.builds(
    logical, st.integers(-(10**18) + 1, 10**18 - 1), st.integers(0, types.MAX_DECIMAL_PRECISION)
)


@given(NUMBERS)
def test_a_number_keeps_its_value(number: Decimal) -> None:
    unscaled, type_ = minimal(number)
    assert logical(unscaled, type_.scale) == number


@given(NUMBERS)
def test_the_type_is_the_narrowest(number: Decimal) -> None:
    unscaled, type_ = minimal(number)
    assert types.type_problems(type_) == []
    assert abs(unscaled) < 10**type_.precision
    assert unscaled == 0 or type_.scale == 0 or unscaled % 10
    assert type_.precision == max(len(str(abs(unscaled))), type_.scale)


@pytest.mark.parametrize(
    ("text", "unscaled", "type_"),
    [
        ("0", 0, types.Decimal(1, 0)),
        ("-0.00", 0, types.Decimal(1, 0)),
        ("2.50", 25, types.Decimal(2, 1)),
        ("1E+3", 1000, types.Decimal(4, 0)),
        ("-0.001", -1, types.Decimal(3, 3)),
    ],
)
def test_trailing_zeros_are_dropped(text: str, unscaled: int, type_: types.Decimal) -> None:
    assert minimal(Decimal(text)) == (unscaled, type_)


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1E+18", "1E-19", "1234567890123456789"])
def test_a_number_that_no_type_holds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a finite number|more than 18 digits"):
        minimal(Decimal(text))


def test_a_context_rounds_nothing() -> None:
    with localcontext(prec=2):
        assert minimal(Decimal("123456.789")) == (123456789, types.Decimal(9, 3))
        assert str(logical(123456789, 3)) == "123456.789"


@pytest.mark.parametrize(
    ("unscaled", "scale", "type_", "found"),
    [
        (25, 1, types.Decimal(5, 2), 250),
        (250, 2, types.Decimal(5, 1), 25),
        (255, 2, types.Decimal(5, 1), None),
        (-999, 0, types.Decimal(3, 0), -999),
        (1000, 0, types.Decimal(3, 0), None),
        (100, 0, types.Decimal(4, 2), None),
    ],
)
def test_a_number_has_units_in_a_type_that_holds_it_exactly(
    unscaled: int, scale: int, type_: types.Decimal, found: int | None
) -> None:
    assert rescaled(unscaled, scale, type_) == found
