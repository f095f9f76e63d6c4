"""Exact decimals as (unscaled integer, scale), without a context that could round them."""

from __future__ import annotations

from decimal import Decimal

from skewless.definitions import types


def minimal(value: Decimal) -> tuple[int, types.Decimal]:
    """Return the unscaled integer of a decimal and the narrowest type that holds it.

    Trailing zeros are dropped: 2.50 becomes 2.5, so that equal constants are one constant.

    Raises:
        ValueError: it is not finite, or needs more digits than a Decimal has.
    """
    if not value.is_finite():
        raise ValueError(f"the constant {value} is not a finite number; null is its value")
    sign, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    kept = text.rstrip("0")
    if not kept:
        return 0, types.Decimal(1, 0)
    exponent = int(exponent) + len(text) - len(kept)
    scale = max(0, -exponent)
    precision = max(len(kept) + max(0, exponent), scale)
    if precision > types.MAX_DECIMAL_PRECISION:
        raise ValueError(
            f"the constant {value!r} needs more than {types.MAX_DECIMAL_PRECISION} digits"
        )
    unscaled = int(kept) * 10 ** max(0, exponent)
    return -unscaled if sign else unscaled, types.Decimal(precision, scale)


def rescaled(unscaled: int, scale: int, type_: types.Decimal) -> int | None:
    """Return the unscaled integer that the type has for a number, or None where it has none."""
    if scale > type_.scale:
        found, rest = divmod(unscaled, 10 ** (scale - type_.scale))
        if rest:
            return None
    else:
        found = unscaled * 10 ** (type_.scale - scale)
    return found if abs(found) < 10**type_.precision else None


def logical(unscaled: int, scale: int) -> Decimal:
    """Return the number as a user writes it."""
    digits = tuple(map(int, str(abs(unscaled))))
    return Decimal((int(unscaled < 0), digits, -scale))
