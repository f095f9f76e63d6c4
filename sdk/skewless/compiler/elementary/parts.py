"""Numbers of more digits than a double has, as two: a double, and what it lacks."""

from __future__ import annotations

import math

ROUND_27 = 50331648.0  # adding and subtracting it rounds to a multiple of 2^-27
LARGEST = 1.7976931348623157e308
# A product with this takes off the low 27, or 32, of a double's 53 digits.
_SPLIT_27 = 134217729.0
_SPLIT_32 = 4294967297.0


def exponent(x: float) -> float:
    """Return the exponent of two of a positive number. An engine's may be off by one."""
    return float(math.frexp(x)[1] - 1)


def two(k: float) -> float:
    """Return 2^k for a whole k of -1074 to 1023."""
    return math.ldexp(1.0, int(k))


def half(k: float) -> float:
    """Return a whole number next to k / 2."""
    return math.floor(k * 0.5)


def scaled(x: float, k: float) -> float:
    """Return x * 2^k, rounded once: neither power is out of range, and the first product exact."""
    first = half(k)
    return x * two(first) * two(k - first)


def high_27(x: float) -> float:
    """Return the upper digits of a double, so few that a product of two such is exact."""
    return x * _SPLIT_27 - (x * _SPLIT_27 - x)


def high_32(x: float) -> float:
    """Return still fewer digits of a double: 21."""
    return x * _SPLIT_32 - (x * _SPLIT_32 - x)


def quotient(n: float, n_rest: float, d: float, d_rest: float) -> tuple[float, float]:
    """Divide two numbers of two parts."""
    q = n / d
    q_high, d_high = high_27(q), high_27(d)
    q_low, d_low = q - q_high, d - d_high
    product = q * d
    lost = ((q_high * d_high - product) + q_high * d_low + q_low * d_high) + q_low * d_low
    return q, ((((n - product) - lost) + n_rest) - q * d_rest) / d
