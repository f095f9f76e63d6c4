"""Weights of decay: integers that every engine multiplies alike, computed once for a plan."""

from __future__ import annotations

import decimal
from functools import lru_cache

# W[0] is 2^32: a weight is the nearest whole number of 2^-32.
UNIT_BITS = 32
_EXACT = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN)


@lru_cache(maxsize=256)
def weights(reach: int, hop: int, half_life: int) -> tuple[int, ...]:
    """Return the weight of each tile, by how many hops it lies before the tile of T.

    Weights that are 0 are left out at the end.

    Args:
        reach: how far back the window begins, in microseconds.
        hop: the width of a tile.
        half_life: after which a value counts half.
    """
    found = []
    for tiles in range(-(-reach // hop) + 1):
        age = _EXACT.divide(decimal.Decimal(tiles * hop), decimal.Decimal(half_life))
        exponent = _EXACT.subtract(decimal.Decimal(UNIT_BITS), age)
        if exponent <= -1:  # a half at most, which is rounded to the even 0
            break
        weight = _EXACT.power(decimal.Decimal(2), exponent)
        found.append(int(weight.to_integral_value(decimal.ROUND_HALF_EVEN)))
    return tuple(found)
