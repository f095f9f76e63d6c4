from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from skewless.compiler.integers import narrow, round_half_away, to_double
from skewless.errors import ValueOverflowError


@pytest.mark.parametrize(
    ("given_", "rounded"),
    [
        (0.49999999999999994, 0),
        (-0.49999999999999994, 0),
        (0.5, 1),
        (-0.5, -1),
        (1.5, 2),
        (2.5, 3),
        (-2.5, -3),
        (2.0**52 - 0.5, 2**52),
        (2.0**52 + 0.5, 2**52),  # the double itself is already 2^52
        (2.0**51 + 0.5, 2**51 + 1),
        (4503599627370497.0, 4503599627370497),
        (9007199254740993.0, 9007199254740992),
        (-(2.0**63), -(2**63)),
        (5e-324, 0),
    ],
)
def test_halves_round_away_from_zero_exactly(given_: float, rounded: int) -> None:
    assert round_half_away(given_) == rounded


@given(st.floats(-(2.0**62), 2.0**62))
def test_rounding_agrees_with_exact_fractions(x: float) -> None:
    away = math.floor(abs(Fraction(x)) + Fraction(1, 2))
    assert round_half_away(x) == (away if x >= 0 else -away)


@pytest.mark.parametrize("given_", [2.0**63, -(2.0**63) * 1.5, 1e300, math.inf, math.nan])
def test_what_leaves_64_bits_is_an_error_never_a_wrap(given_: float) -> None:
    with pytest.raises(ValueOverflowError, match="does not fit in a signed 64-bit integer"):
        round_half_away(given_)


def test_narrowing_holds_both_ends() -> None:
    assert narrow(2**63 - 1) == 2**63 - 1
    assert narrow(-(2**63)) == -(2**63)
    for beyond in (2**63, -(2**63) - 1):
        with pytest.raises(ValueOverflowError):
            narrow(beyond)


def recipe(x: int) -> float:
    """d(x), word by word as the semantics have it."""
    if abs(x) <= 2**53:
        return float(x)
    low = abs(x) % 2**53 * (1 if x > 0 else -1)
    high = (x - low) // 2**53
    return recipe(high) * 2**53 + recipe(low)


NEAR_EDGES = st.builds(
    lambda power, offset, sign: sign * (2**power + offset),
    st.integers(50, 126),
    st.integers(-(2**55), 2**55),
    st.sampled_from([1, -1]),
)


@given(st.integers(-(2**127), 2**127) | NEAR_EDGES)
@example(2**106)
@example(2**106 + 1)
@example(2**53 + 1)
@example(2**127)
@example(-(10**38) + 1)
def test_d_follows_the_recipe(x: int) -> None:
    assert to_double(x).hex() == recipe(x).hex()


@given(st.integers(-(2**106), 2**106) | NEAR_EDGES)
@example(2**53 + 1)
@example(2**53 + 3)
@example(2**105 + 2**52)
def test_d_rounds_to_the_nearest_even_double_up_to_2_to_106(x: int) -> None:
    assume(abs(x) <= 2**106)
    found = to_double(x)
    error = abs(Fraction(found) - x)
    for neighbour in (math.nextafter(found, -math.inf), math.nextafter(found, math.inf)):
        assert error <= abs(Fraction(neighbour) - x)
        if error == abs(Fraction(neighbour) - x):
            assert math.frexp(found)[0] * 2**53 % 2 == 0
