from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.compiler.bound import Column
from skewless.compiler.finish import (
    COUNT,
    DECAYED_COUNT,
    DECAYED_SUM,
    SQUARES,
    SUM,
    effective_scale,
    finish,
    units,
)
from skewless.compiler.interpret import compile_python
from skewless.definitions.aggregation import COUNTS, VARIANCES, Function
from skewless.errors import ValueOverflowError
from skewless.types import Decimal, Float64, Int64, String

if TYPE_CHECKING:
    from skewless.compiler.bound import Bound
    from skewless.types import ValueType

WHOLE = st.integers(-(2**62), 2**62)


def finished(
    function: Function, us: list[int], type_: ValueType | None = Int64, scale: int = 0
) -> Any:
    bound = finish(function, type_, scale)
    assert bound is not None
    partials: dict[Bound, int] = {COUNT: len(us), SUM: sum(us), SQUARES: sum(u * u for u in us)}
    partials |= {DECAYED_COUNT: len(us) << 32, DECAYED_SUM: sum(us) << 32}
    return compile_python(bound)(partials)


@pytest.mark.parametrize(
    ("function", "result"),
    [
        (Function.COUNT, 8),
        (Function.SUM, 40),
        (Function.MEAN, 5.0),
        (Function.VAR_POP, 4.0),
        (Function.STDDEV_POP, 2.0),
        (Function.VAR_SAMP, 32 / 7),
        (Function.STDDEV_SAMP, math.sqrt(32 / 7)),
    ],
)
def test_a_textbook_sample(function: Function, result: float) -> None:
    found = finished(function, [2, 4, 4, 4, 5, 5, 7, 9])
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("function", "result"),
    [
        (Function.SUM, -0.75),
        (Function.MEAN, -0.25),
        (Function.VAR_POP, 1.625),
        (Function.VAR_SAMP, 2.4375),
    ],
)
def test_doubles_are_summed_in_units_of_their_scale(function: Function, result: float) -> None:
    # -2.0, 0.25 and 1.0 in hundredths
    assert finished(function, [-200, 25, 100], Float64, 2) == pytest.approx(result, rel=1e-15)


def test_a_sum_of_decimals_stays_unscaled() -> None:
    assert finished(Function.SUM, [10**30, 1], Decimal(18, 2), 2) == 10**30 + 1


def test_a_sum_of_integers_beyond_64_bits_is_an_error() -> None:
    assert finished(Function.SUM, [2**62, 2**62 - 1]) == 2**63 - 1
    with pytest.raises(ValueOverflowError):
        finished(Function.SUM, [2**62, 2**62])


@pytest.mark.parametrize("function", list(Function))
def test_without_events_counts_are_zero_and_all_else_is_null(function: Function) -> None:
    if finish(function, Int64, 0) is None:
        return
    assert finished(function, []) == (0 if function in COUNTS else None)


def test_one_event_has_no_sample_variance_and_no_population_spread() -> None:
    assert finished(Function.VAR_SAMP, [7]) is None
    assert finished(Function.STDDEV_SAMP, [7]) is None
    assert finished(Function.VAR_POP, [7]) == 0.0
    assert finished(Function.STDDEV_POP, [7]) == 0.0


@pytest.mark.parametrize("function", [Function.MIN, Function.MAX, Function.FIRST, Function.LAST])
def test_picked_values_are_not_computed(function: Function) -> None:
    assert finish(function, String, 0) is None


def test_huge_neighbours_have_their_exact_variance() -> None:
    base = 2**62
    us = [base, base + 1, base + 2]
    assert finished(Function.VAR_POP, us) == 2 / 3
    assert finished(Function.VAR_SAMP, us) == 1.0
    assert finished(Function.VAR_SAMP, [-u for u in us]) == 1.0


@given(st.lists(WHOLE, min_size=1, max_size=40), st.sampled_from([0, 2, 6, 15]))
def test_the_mean_is_within_rounding_of_the_exact_mean(us: list[int], scale: int) -> None:
    exact = Fraction(sum(us), len(us)) / 10**scale
    found = Fraction(finished(Function.MEAN, us, Float64, scale))
    assert abs(found - exact) <= abs(exact) * Fraction(3, 2**53)


@given(
    st.lists(WHOLE, min_size=2, max_size=40)
    | st.builds(
        lambda base, offsets: [base + offset for offset in offsets],
        WHOLE,
        st.lists(st.integers(-3, 3), min_size=2, max_size=40),
    )
)
def test_variances_do_not_cancel(us: list[int]) -> None:
    n = len(us)
    deviations = [u - Fraction(sum(us), n) for u in us]
    exact = sum((deviation * deviation for deviation in deviations), Fraction(0))
    for function, divisor in ((Function.VAR_SAMP, n - 1), (Function.VAR_POP, n)):
        found = Fraction(finished(function, us))
        # r of the semantics is below n, so at most a factor of n is lost, whatever the values.
        assert abs(found - exact / divisor) <= exact / divisor * Fraction(4 * n, 2**53)


@given(st.lists(WHOLE, min_size=1, max_size=9))
def test_deviations_are_the_roots_of_variances(us: list[int]) -> None:
    for deviation, variance in (
        (Function.STDDEV_POP, Function.VAR_POP),
        (Function.STDDEV_SAMP, Function.VAR_SAMP),
    ):
        found = finished(variance, us)
        assert finished(deviation, us) == (None if found is None else math.sqrt(found))


@given(st.lists(WHOLE, min_size=2, max_size=9), st.randoms())
def test_the_order_of_events_changes_no_bit(us: list[int], random: Any) -> None:
    shuffled = list(us)
    random.shuffle(shuffled)
    for function in (Function.MEAN, *VARIANCES):
        assert finished(function, us).hex() == finished(function, shuffled).hex()


@given(st.integers(0, 2**40), st.integers(2, 50))
def test_equal_values_have_no_variance(value: int, n: int) -> None:
    assert finished(Function.VAR_SAMP, [value] * n) == 0.0


@pytest.mark.parametrize(
    ("x", "scale", "u"),
    [(1.5, 0, 2), (-2.5, 0, -3), (0.1, 6, 100_000), (0.145, 2, 14), (0.015, 2, 2), (2.5e-7, 6, 0)],
)
def test_a_doubles_units_are_rounded_after_the_product(x: float, scale: int, u: int) -> None:
    # As a double 0.145 times 10^2 is a little less than the half, and 0.015, itself a little less,
    # has the half as its product: the product is what is rounded.
    bound = units(Column("x"), Float64, scale)
    assert compile_python(bound)({Column("x"): x}) == u


def test_exact_numbers_are_their_own_units() -> None:
    assert units(Column("x"), Int64, 0) == Column("x")
    assert units(Column("x"), Decimal(5, 2), 2) == Column("x")


def test_units_beyond_64_bits_are_an_error() -> None:
    bound = units(Column("x"), Float64, 6)
    with pytest.raises(ValueOverflowError):
        compile_python(bound)({Column("x"): 1e13})


def test_only_doubles_have_a_scale_of_their_own_choice() -> None:
    assert effective_scale(Float64, 3) == 3
    assert effective_scale(Int64, 3) == 0
    assert effective_scale(Decimal(10, 2), 3) == 2
    assert effective_scale(None, 3) == 0
