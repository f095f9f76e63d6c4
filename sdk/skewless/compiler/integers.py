"""Exact integers and doubles: how one becomes the other, in Python."""

from __future__ import annotations

import math

from skewless.definitions.expression import INT64_MAX, INT64_MIN
from skewless.errors import ValueOverflowError

_TWO_53 = 2**53
_EXACTLY_ROUNDED = 2**106  # up to here d(x) of the semantics is float(x)


def to_double(value: int) -> float:
    """Return d(x): the recipe that every engine follows to convert an exact integer.

    Correctly rounded up to 2^106, and the same sequence of IEEE operations everywhere beyond.
    """
    if -_EXACTLY_ROUNDED <= value <= _EXACTLY_ROUNDED:
        return float(value)
    low = abs(value) % _TWO_53
    high = (abs(value) - low) // _TWO_53
    result = to_double(high) * _TWO_53 + float(low)
    return result if value > 0 else -result


def round_half_away(value: float) -> int:
    """Round a double to the nearest integer, halves away from zero, without adding 0.5.

    Raises:
        ValueOverflowError: the result does not fit in 64 bits.
    """
    if not math.isfinite(value):
        raise ValueOverflowError(f"{value} does not fit in a signed 64-bit integer")
    whole = math.trunc(value)
    if abs(value - whole) >= 0.5:  # noqa: PLR2004 - the half of "round half away"; exact below 2^52
        whole += 1 if value > 0 else -1
    return narrow(whole)


def narrow(value: int) -> int:
    """Return the value.

    Raises:
        ValueOverflowError: it does not fit in 64 bits.
    """
    if not INT64_MIN <= value <= INT64_MAX:
        raise ValueOverflowError(f"{value} does not fit in a signed 64-bit integer")
    return value
