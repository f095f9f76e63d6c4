"""The angles of sines, cosines and ratios."""

from __future__ import annotations

import math

from skewless.compiler.elementary.parts import LARGEST, ROUND_27, exponent, quotient, scaled

# pi / 4 in two parts: a product of the first with a whole number of 0 to 4 is exact.
_PIO4_1, _PIO4_2 = 0.7853981633670628, 3.038550253151983e-11
_PIO2, _PIO2_REST = 1.5707963267948966, 6.123233995736766e-17
_TAN_PI_8 = 0.41421356237309503


def _arc_of(t: float, z: float) -> float:
    """Return atan(t) - t, for t at most tan(pi / 8)."""
    w = z * z
    return (
        t
        * z
        * (
            (-0.333333333333332 + z * 0.19999999999954007)
            + w
            * (
                (-0.142857142802408 + z * 0.111111107857259)
                + w
                * (
                    (-0.09090897823992 + z * 0.07692061406633)
                    + w
                    * (
                        (-0.0666311767749 + z * 0.058479886683)
                        + w * ((-0.05039752019 + z * 0.038075893) + w * (-0.017919567))
                    )
                )
            )
        )
    )


def arc(least: float, most: float, base: float, sign: float) -> float:
    """Return base * pi / 4 + sign * atan(least / most), for 0 <= least <= most."""
    is_near = least > most * _TAN_PI_8
    difference, total = least - most, most + least
    n = difference if is_near else least
    d = total if is_near else most
    q, q_rest = quotient(
        n,
        (least - (difference + most)) if is_near else 0.0,
        d,
        ((most - total) + least) if is_near else 0.0,
    )
    z = q * q
    quarters = base + sign if is_near else base
    high, t = quarters * _PIO4_1, sign * q
    whole = high + t
    lower = quarters * _PIO4_2 + sign * (_arc_of(q, z) + (q_rest - q_rest * z))
    return whole + (((high - whole) + t) + lower)


def atan(x: float) -> float | None:
    """Return the arc tangent."""
    if not abs(x) <= LARGEST:
        return None
    size = min(abs(x), 1e20)  # beyond, it is pi / 2
    is_steep = size > 1.0
    found = arc(
        1.0 if is_steep else size,
        size if is_steep else 1.0,
        2.0 if is_steep else 0.0,
        -1.0 if is_steep else 1.0,
    )
    return -found if x < 0.0 else found


def atan2(y: float, x: float) -> float | None:
    """Return the angle of the point (x, y), 0 for the origin."""
    if not (abs(y) <= LARGEST and abs(x) <= LARGEST):
        return None
    width, height = abs(x), abs(y)
    is_steep = height > width
    large = max(width, height)
    most = large if large > 0.0 else 1.0
    least = min(width, height)
    # The ratio is taken as it stands where it is too small to matter beside a multiple of pi / 4.
    is_level = least < most * 1e-20
    down = -exponent(most)
    base, sign = (2.0 if is_steep else 0.0), (-1.0 if is_steep else 1.0)
    found = arc(
        scaled(least, down),
        scaled(most, down),
        4.0 - base if x < 0.0 else base,
        -sign if x < 0.0 else sign,
    )
    size = least / most if is_level and x > height else found
    return -size if y < 0.0 else size


def _arcsine_parts(x: float) -> tuple[float, float]:
    """Return a and b: the arc sine of |x|, or of the square root of (1 - |x|) / 2, is a + b."""
    size = abs(x)
    is_small = size <= 0.5
    z = x * x if is_small else (1.0 - size) * 0.5
    root = math.sqrt(z)
    high = (root + ROUND_27) - ROUND_27
    lost = (z - high * high) / (root + high + 1e-300)  # 0 for 0
    a = size if is_small else high
    w = z * z
    p = (0.16666666666665378 + z * 0.07500000000344494) + w * (
        (0.0446428568221871 + z * 0.0303819593880192)
        + w
        * (
            (0.02237175209513 + z * 0.01735979351399)
            + w
            * (
                (0.0138843695498 + z * 0.0121748274326)
                + w
                * (
                    (0.0065039788736 + z * 0.019593174205)
                    + w * (-0.01632497879 + z * 0.03198058344)
                )
            )
        )
    )
    return a, (0.0 if is_small else lost) + (size if is_small else root) * z * p


def asin(x: float) -> float | None:
    """Return the arc sine; null beyond -1 to 1."""
    if not -1.0 <= x <= 1.0:
        return None
    a, b = _arcsine_parts(x)
    found = a + b if abs(x) <= 0.5 else (_PIO2 - 2.0 * a) + (_PIO2_REST - 2.0 * b)
    return -found if x < 0.0 else found


def acos(x: float) -> float | None:
    """Return the arc cosine; null beyond -1 to 1."""
    if not -1.0 <= x <= 1.0:
        return None
    a, b = _arcsine_parts(x)
    middle = _PIO2 - (x + ((-b if x < 0.0 else b) - _PIO2_REST))
    below = (2.0 * _PIO2 - 2.0 * a) + (2.0 * _PIO2_REST - 2.0 * b)
    outer = below if x < 0.0 else 2.0 * (a + b)
    return middle if abs(x) <= 0.5 else outer
