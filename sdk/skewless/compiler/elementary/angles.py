"""Sine, cosine and tangent."""

from __future__ import annotations

import math

from skewless.compiler.elementary.parts import high_27, quotient

# pi / 2 in parts: products of the first three with a number of quarter turns are exact.
_PIO2_1, _PIO2_2 = 1.5707963267341256, 6.077100506303966e-11
_PIO2_3, _PIO2_4 = 2.0222662487111665e-21, 8.4784276603689e-32
_PER_PIO2 = 0.6366197723675814
_MAX_ANGLE = 1048576.0  # 2^20: up to here four parts of pi / 2 suffice


def _turned(x: float) -> tuple[float, float, float]:
    """Return n, y and a rest: the angle is n quarter turns and y + rest, which is at most 0.79."""
    n = math.floor(x * _PER_PIO2 + 0.5)
    r = x - n * _PIO2_1
    q = r - n * _PIO2_2
    p = q - n * _PIO2_3
    lost = ((r - q) - n * _PIO2_2) + ((q - p) - n * _PIO2_3) - n * _PIO2_4
    y = p + lost
    return n, y, (p - y) + lost


def sine_of(y: float, z: float) -> float:
    """Return sin(y) - y."""
    w = z * z
    return (
        y
        * z
        * (
            (-0.16666666666666632 + z * 0.008333333333322425)
            + w
            * (
                (-0.00019841269829821 + z * 2.7557313697e-06)
                + w * (-2.505075894e-08 + z * 1.5896844e-10)
            )
        )
    )


def cosine_of(z: float) -> float:
    """Return cos(y) - 1 + y^2 / 2."""
    w = z * z
    return w * (
        (0.0416666666666666 - z * 0.00138888888888742)
        + w * ((2.480158728951e-05 - z * 2.755731436e-07) + w * (2.08757243e-09 - z * 1.13597e-11))
    )


def _sine(n: float, y: float, rest: float) -> float:
    """Return the sine of n quarter turns and y."""
    z = y * y
    h = z * 0.5
    top = 1.0 - h
    cosine = top + (((1.0 - top) - h) + (cosine_of(z) - y * rest))
    sine = y + (sine_of(y, z) + rest * top)
    turn = n - 4.0 * math.floor(n * 0.25)
    found = cosine if turn == 1.0 or turn == 3.0 else sine
    return -found if turn >= 2.0 else found


def sin(x: float) -> float | None:
    """Return the sine; null beyond 2^20."""
    if not abs(x) <= _MAX_ANGLE:
        return None
    n, y, rest = _turned(x)
    return _sine(n, y, rest)


def cos(x: float) -> float | None:
    """Return the cosine; null beyond 2^20."""
    if not abs(x) <= _MAX_ANGLE:
        return None
    n, y, rest = _turned(x)
    return _sine(n + 1.0, y, rest)


def tan(x: float) -> float | None:
    """Return the tangent; null beyond 2^20."""
    if not abs(x) <= _MAX_ANGLE:
        return None
    n, y, rest = _turned(x)
    z = y * y
    y_high = high_27(y)
    z_rest = (y_high * y_high - z) + (y - y_high) * (y + y_high)
    h = z * 0.5
    top = 1.0 - h
    of_sine = sine_of(y, z) + rest * top
    sine = y + of_sine
    sine_rest = (y - sine) + of_sine
    of_cosine = ((1.0 - top) - h) + ((cosine_of(z) - y * rest) - z_rest * 0.5)
    cosine = top + of_cosine
    cosine_rest = (top - cosine) + of_cosine
    is_odd = n * 0.5 != math.floor(n * 0.5)
    q, q_rest = quotient(
        -cosine if is_odd else sine,
        -cosine_rest if is_odd else sine_rest,
        sine if is_odd else cosine,
        sine_rest if is_odd else cosine_rest,
    )
    return q + q_rest
