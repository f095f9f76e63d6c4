"""Powers of any number."""

from __future__ import annotations

import math

from skewless.compiler.elementary.exponentials import exp_tail, one_and
from skewless.compiler.elementary.logarithms import mantissa
from skewless.compiler.elementary.parts import LARGEST, high_32, scaled

_SQRT3, _SQRT_3_2 = 1.7320508075688772, 1.224744871391589
# In two parts each: 2 / (3 ln 2), log2(1.5) and ln 2.
_SLOPE, _SLOPE_1, _SLOPE_2 = 0.9617966939259756, 0.9617967009544373, -7.028461650952758e-09
_LOG2_3_2_1, _LOG2_3_2_2 = 0.5849624872207642, 1.350039202129749e-08
_LN2, _LN2_1, _LN2_2 = 0.6931471805599453, 0.6931471824645996, -1.904654299957768e-09


def _log2_parts(x: float) -> tuple[float, float]:
    """Return log2(x) as a double of 21 digits and the rest, to 2^-67 of it."""
    m, k = mantissa(x, _SQRT3)
    is_high = m > _SQRT_3_2
    middle = 1.5 if is_high else 1.0
    u = m - middle
    total = m + middle
    v = 1.0 / total
    s = u * v
    s_high = high_32(s)
    t_high = high_32(total)
    t_low = m - (t_high - middle)
    s_low = v * ((u - s_high * t_high) - s_high * t_low)
    z = s * s
    w = z * z
    r = 3.0 * w * (
        (0.19999999999999823 + z * 0.142857142859494)
        + w * ((0.1111111099482 + z * 0.090909373062) + w * (0.0768870434 + z * 0.0689876))
    ) + s_low * (s_high + s)
    square = s_high * s_high
    c_high = high_32(3.0 + square + r)
    c_low = r - ((c_high - 3.0) - square)
    first = s_high * c_high
    second = s_low * c_high + c_low * s
    p_high = high_32(first + second)
    p_low = second - (p_high - first)
    z_high = p_high * _SLOPE_1
    z_low = p_high * _SLOPE_2 + p_low * _SLOPE
    z_low_too = z_low + (_LOG2_3_2_2 if is_high else 0.0)
    middle_log = _LOG2_3_2_1 if is_high else 0.0
    high = high_32(((z_high + z_low_too) + middle_log) + k)
    return high, z_low_too - (((high - k) - middle_log) - z_high)


def power(base: float, exponent: float) -> float | None:
    """Return base^exponent; null where it is not real, or too large."""
    if not (abs(base) <= LARGEST and abs(exponent) <= LARGEST):
        return None
    if not (base > 0.0 or exponent == math.floor(exponent)):
        return None
    if not (base != 0.0 or exponent >= 0.0):
        return None
    high, low = _log2_parts(abs(base) if base != 0.0 else 1.0)
    y = max(min(exponent, 1e22), -1e22)
    y_high = high_32(y)
    # Beyond these limits the power is 0, or too large.
    p_low = max(min((y - y_high) * high + y * low, 1.0), -1.0)
    p_high = max(min(y_high * high, 1100.0), -1100.0)
    k = math.floor(p_low + p_high + 0.5)
    first = p_high - k
    t = high_32(p_low + first)
    u = t * _LN2_1
    v = (p_low - (t - first)) * _LN2 + t * _LN2_2
    r = u + v
    rest = v - (r - u)
    q = exp_tail(r)
    s = r + q
    found, found_rest = one_and(s, ((r - s) + q) + rest)
    size = scaled(found + found_rest, k)
    is_odd = exponent * 0.5 != math.floor(exponent * 0.5)
    signed = -size if base < 0.0 and is_odd else size
    zero = 1.0 if exponent == 0.0 else 0.0
    result = signed if base != 0.0 else zero
    return result if abs(result) <= LARGEST else None
