"""Logarithms."""

from __future__ import annotations

from skewless.compiler.elementary.parts import LARGEST, exponent, high_32, scaled

# Constants in two parts: a product of the first with a number of few digits is exact.
_LN2_1, _LN2_2 = 0.6931471803691238, 1.9082149292705877e-10
_PER_LN2_1, _PER_LN2_2 = 1.4426950407214463, 1.6751713164886512e-10
_PER_LN10_1, _PER_LN10_2 = 0.4342944818781689, 2.5082946711645275e-11
_LOG10_2_1, _LOG10_2_2 = 0.30102999566361177, 3.694239077158931e-13
_SQRT2 = 1.4142135623730951


def mantissa(x: float, most: float) -> tuple[float, float]:
    """Return m and k: x is m * 2^k, with m at most `most` and more than half of it."""
    e = exponent(x)
    m = scaled(x, -e)
    return (m * 0.5 if m > most else m), (e + 1.0 if m > most else e)


def _log_parts(f: float) -> tuple[float, float]:
    """Return h and r: the logarithm of 1 + f is f - (h - r)."""
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    h = f * f * 0.5
    odd = z * (
        (0.6666666666666735 + z * 0.399999999994139)
        + w
        * (
            (0.2857142874239 + z * 0.22222198579)
            + w * ((0.1818356393 + z * 0.15314061) + w * (0.1479585))
        )
    )
    return h, s * (h + odd)


def ln(x: float) -> float | None:
    """Return the natural logarithm; null at and below zero."""
    if not 0.0 < x <= LARGEST:
        return None
    m, k = mantissa(x, _SQRT2)
    f = m - 1.0
    h, r = _log_parts(f)
    return k * _LN2_1 - ((h - (r + k * _LN2_2)) - f)


def log1p(x: float) -> float | None:
    """Return the natural logarithm of 1 + x; null at and below -1."""
    if not -1.0 < x <= LARGEST:
        return None
    u = 1.0 + x
    lost = (1.0 - (u - x)) if x > 1.0 else (x - (u - 1.0))
    m, k = mantissa(u, _SQRT2)
    f = m - 1.0
    h, r = _log_parts(f)
    return k * _LN2_1 - ((h - (r + (k * _LN2_2 + lost / u))) - f)


def log2(x: float) -> float | None:
    """Return the logarithm to base 2; null at and below zero."""
    if not 0.0 < x <= LARGEST:
        return None
    m, k = mantissa(x, _SQRT2)
    f = m - 1.0
    h, r = _log_parts(f)
    high = high_32(f - h)
    low = ((f - high) - h) + r
    upper = high * _PER_LN2_1
    whole = k + upper
    lower = (low + high) * _PER_LN2_2 + low * _PER_LN2_1
    return whole + (((k - whole) + upper) + lower)


def log10(x: float) -> float | None:
    """Return the logarithm to base 10; null at and below zero."""
    if not 0.0 < x <= LARGEST:
        return None
    m, k = mantissa(x, _SQRT2)
    f = m - 1.0
    h, r = _log_parts(f)
    high = high_32(f - h)
    low = ((f - high) - h) + r
    upper, of_k = high * _PER_LN10_1, k * _LOG10_2_1
    whole = of_k + upper
    lower = (k * _LOG10_2_2 + (low + high) * _PER_LN10_2) + low * _PER_LN10_1
    return whole + (((of_k - whole) + upper) + lower)
