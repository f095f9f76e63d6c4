"""Logical values (what users hold) and physical ones (what engines and items hold).

A Decimal is physically its unscaled integer, a Timestamp its microseconds since the epoch, an Array
or Vector a tuple; all else is itself. Normal forms: NaN is null, -0.0 is 0.0.
"""

from __future__ import annotations

import decimal
from datetime import datetime
from typing import TYPE_CHECKING, Any

from skewless.definitions import types
from skewless.definitions.expression import (
    INT64_MAX,
    INT64_MIN,
    to_datetime,
    to_microseconds,
)
from skewless.errors import InputError

if TYPE_CHECKING:
    from skewless.definitions.types import ValueType

_NO_NUMBERS = frozenset({"bool", "bool_", "ndarray"})
# Wide enough for a sum of DECIMAL(38, s); traps are the caller's business.
_EXACT = decimal.Context(prec=60)
# Digits are never dropped in silence: what does not fit in 60 raises.
_STRICT = decimal.Context(
    prec=60, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow]
)


def to_physical(  # noqa: C901, PLR0911 - one case for each type
    value: Any, type_: ValueType, where: str
) -> Any:
    """Check one Python value against a type, and return its physical form.

    Args:
        value: the value as a user or a request holds it; None is null.
        type_: what it must be.
        where: names the value in an error, for example `request 'distance'`.

    Raises:
        InputError: the value does not fit the type.
        NaiveTimestampError: a datetime without a time zone.
    """
    if value is None:
        return None
    match type_:
        case types.Bool if isinstance(value, bool):
            return value
        case types.Int64 if _is_integer(value) and INT64_MIN <= value <= INT64_MAX:
            return int(value)
        case types.Float64 if _is_number(value):
            return _normal_float(_double(value, where), where)
        case types.String if isinstance(value, str) and _is_utf8(value):
            return value
        case types.Bytes if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value)
        case types.Timestamp if isinstance(value, datetime):
            return to_microseconds(value, where)
        case types.Decimal() if (unscaled := _unscaled(value, type_)) is not None:
            return unscaled
        case types.Array(element=element) if isinstance(value, list | tuple):
            return _elements(value, element, where)
        case types.Vector(size=size) if isinstance(value, list | tuple) and len(value) == size:
            return _elements(value, types.Float64, where)
    raise InputError(f"{where} is {value!r}, which is not {type_}")


def from_physical(value: Any, type_: ValueType) -> Any:
    """Return the value as a user holds it: datetime (UTC), decimal.Decimal, list."""
    if value is None:
        return None
    match type_:
        case types.Timestamp:
            return to_datetime(value)
        case types.Decimal(scale=scale):
            return decimal.Decimal(value).scaleb(-scale, _EXACT)
        case types.Array(element=element):
            return [from_physical(item, element) for item in value]
        case types.Vector():
            return list(value)
        case _:
            return value


def _elements(values: Any, element: types.Scalar, where: str) -> tuple[Any, ...]:
    found = tuple(to_physical(item, element, f"an element of {where}") for item in values)
    if None in found:
        raise InputError(f"{where} has a null element; leave it out, or make the whole value null")
    return found


def _is_integer(value: Any) -> bool:
    # numpy's integers are no int, but say so by __index__; bool is an int that is none of ours.
    return hasattr(value, "__index__") and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    # numpy's bools and arrays have a __float__ as well, and are no numbers.
    if isinstance(value, bool | str | bytes) or type(value).__name__ in _NO_NUMBERS:
        return False
    return hasattr(value, "__float__")


def _double(value: Any, where: str) -> float:
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError) as error:  # 10**400, an array, a signalling NaN
        raise InputError(f"{where} is {value!r}, which is not Float64") from error


def _normal_float(value: float, where: str) -> float | None:
    if value != value:  # noqa: PLR0124 - NaN, which is null
        return None
    if value in (float("inf"), float("-inf")):
        raise InputError(f"{where} is {value}: an infinity is not a value; leave it null")
    return value + 0.0


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unscaled(value: Any, type_: types.Decimal) -> int | None:
    if isinstance(value, decimal.Decimal) and value.is_finite():
        exact = value
    elif _is_integer(value):
        exact = decimal.Decimal(int(value))
    else:
        return None
    try:
        unscaled = exact.scaleb(type_.scale, _STRICT)
        fits = unscaled == unscaled.to_integral_value() and abs(unscaled) < 10**type_.precision
    except (decimal.Inexact, decimal.InvalidOperation, decimal.Overflow):
        return None
    return int(unscaled) if fits else None
