"""The exponential function and its kin."""

from __future__ import annotations

import math

from skewless.compiler.elementary.parts import LARGEST, quotient, scaled, two

# ln 2 in two parts: a product of the first with an exponent is exact.
_LN2_1, _LN2_2 = 0.6931471803691238, 1.9082149292705877e-10
_PER_LN2 = 1.4426950408889634
_MAX_EXP = 709.782712893384  # the largest number whose exponential is finite


def exp_tail(r: float) -> float:
    """Return e^r - 1 - r, for |r| at most 0.35."""
    z = r * r
    upper = (2.480158734e-05 + r * 2.7557234e-06) + z * (
        (2.755726e-07 + r * 2.51123e-08) + z * 2.092e-09
    )
    p = (0.16666666666666682 + r * 0.0416666666666668) + z * (
        (0.0083333333333166 + r * 0.001388888888887) + z * (0.000198412698974 + r * upper)
    )
    return 0.5 * z + r * z * p


def _exp_parts(x: float) -> tuple[float, float, float]:
    """Return k, s and a rest: e^x is 2^k * (1 + s + rest), and s at most 0.42."""
    k = math.floor(x * _PER_LN2 + 0.5)
    high, low = x - k * _LN2_1, k * _LN2_2
    r = high - low
    q = exp_tail(r)
    s = r + q
    return k, s, ((r - s) + q) + ((high - r) - low)


def one_and(s: float, rest: float) -> tuple[float, float]:
    """Return 1 + s + rest."""
    y = 1.0 + s
    return y, ((1.0 - y) + s) + rest


def exp(x: float) -> float | None:
    """Return e^x; null above 709.78."""
    if not -LARGEST <= x <= _MAX_EXP:
        return None
    k, s, rest = _exp_parts(max(x, -746.0))
    y, y_rest = one_and(s, rest)
    return scaled(y + y_rest, k)


def _minus_one(k: float, s: float, rest: float) -> tuple[float, float]:
    """Return 1 + s + rest - 2^-k."""
    power = two(-k)
    most = 1.0 - power
    lost = (1.0 - (most + power)) if power > 1.0 else ((1.0 - most) - power)
    high = most + s
    return high, ((most - high) + s) + (lost + rest)


def expm1(x: float) -> float | None:
    """Return e^x - 1; null above 709.78."""
    if not -LARGEST <= x <= _MAX_EXP:
        return None
    k, s, rest = _exp_parts(max(x, -60.0))
    high, low = _minus_one(k, s, rest)
    return scaled(high + low, k)


def tanh(x: float) -> float | None:
    """Return the hyperbolic tangent."""
    if not abs(x) <= LARGEST:
        return None
    k, s, rest = _exp_parts(max(-2.0 * abs(x), -60.0))
    high, low = _minus_one(k, s, rest)
    power = two(-k)
    base = power + 1.0
    whole = base + s
    whole_rest = ((base - whole) + s) + (((power - base) + 1.0) + rest)
    q, q_rest = quotient(high, low, whole, whole_rest)
    return q + q_rest if x < 0.0 else -(q + q_rest)


def sigmoid(x: float) -> float | None:
    """Return 1 / (1 + e^-x)."""
    if not abs(x) <= LARGEST:
        return None
    k, s, rest = _exp_parts(max(-abs(x), -746.0))
    y, y_rest = one_and(s, rest)
    power = two(max(k, -100.0))  # beyond, 1 + e^x is 1
    small = y * power
    d = 1.0 + small
    n, n_rest = (y if x < 0.0 else 1.0), (y_rest if x < 0.0 else 0.0)
    q, q_rest = quotient(n, n_rest, d, ((1.0 - d) + small) + y_rest * power)
    return scaled(q + q_rest, k if x < 0.0 else 0.0)
