"""Logical values (what users hold) and physical ones (what engines and items hold).

A Decimal is physically its unscaled integer, a Timestamp its microseconds since the epoch, a Date
its days since then, an Array or Vector a tuple, a Map a dict in the order of its keys; all else is
itself. Normal forms: NaN is null, -0.0
is 0.0.

`to_physical` is the rule for one value; `offline.frames.columns` is the same rule for columns, and
a property test holds one against the other.
"""

from __future__ import annotations

import decimal
import operator
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from skewless.definitions import types
from skewless.definitions.dates import to_date, to_days
from skewless.definitions.expression import (
    INT64_MAX,
    INT64_MIN,
    to_datetime,
    to_microseconds,
)
from skewless.errors import InputError

if TYPE_CHECKING:
    from skewless.definitions.types import ValueType

EXACT_DOUBLE = 2**53  # up to here a double stands for one whole number
_NO_NUMBERS = frozenset({"bool", "bool_", "ndarray"})
_NULLS = frozenset({"NAType", "NaTType"})  # pandas' nulls, by name: serving does not import pandas
# Wide enough for a sum of DECIMAL(38, s); traps are the caller's business.
_EXACT = decimal.Context(prec=60)
# A value of more than 60 digits raises; no digit is dropped silently.
_STRICT = decimal.Context(
    prec=60, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow]
)


def to_physical(  # noqa: C901, PLR0911 - one case for each type
    value: Any, type_: ValueType, where: str
) -> Any:
    """Check one Python value against a type, and return its physical form.

    Args:
        value: the value as a user or a request holds it; None is null, and so are NaN and pandas'
            NA and NaT.
        type_: what it must be.
        where: names the value in an error, for example `request 'distance'`.

    Raises:
        InputError: the value does not fit the type.
        NaiveTimestampError: a datetime without a time zone.
    """
    if is_null(value):
        return None
    match type_:
        case types.Bool if _is_bool(value):
            return bool(value)
        case types.Int64 if (whole := whole_number(value)) is not None:
            return whole
        case types.Float64 if (number := double(value)) is not None:
            return _finite(number, where)
        case types.String if (text := _text(value)) is not None:
            return text
        case types.Bytes if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value)
        case types.Timestamp if isinstance(value, datetime):
            return _instant(value, where)
        case types.Date if (days := _days(value)) is not None:
            return days
        case types.Decimal() if (unscaled := _unscaled(value, type_)) is not None:
            return unscaled
        case types.Array(element=element) if _is_list(value):
            return _elements(value, element, where)
        case types.Vector(size=size) if _is_list(value) and len(value) == size:
            return _elements(value, types.Float64, where)
        case types.Map() if isinstance(value, Mapping):
            return _entries(value, type_, where)
    raise InputError(f"{where} is {value!r}, which is not {type_}{_allowed(value, type_)}")


def is_null(value: Any) -> bool:
    """Say whether a Python value means null: None, NaN, or pandas' NA and NaT."""
    if value is None or type(value).__name__ in _NULLS:
        return True
    if isinstance(value, decimal.Decimal):
        return value.is_nan()
    return _is_float(value) and bool(value != value)  # noqa: PLR0124 - NaN


def whole_number(value: Any) -> int | None:
    """Return the Int64 that a value equals exactly; None if there is none.

    A float counts up to 2^53. Beyond, it may be a rounded form of another integer.
    """
    if (whole := _integer(value)) is None:
        if isinstance(value, decimal.Decimal) and value.is_finite():
            whole = int(value) if value == value.to_integral_value() else None
        elif _is_float(value) and (number := float(value)).is_integer():
            whole = int(number) if abs(number) <= EXACT_DOUBLE else None
    return whole if whole is not None and INT64_MIN <= whole <= INT64_MAX else None


def double(value: Any) -> float | None:
    """Return the double that equals a value, or the nearest to a fractional Decimal; else None."""
    if _is_float(value):
        return float(value)
    whole = _integer(value)
    if isinstance(value, decimal.Decimal):
        if not value.is_finite() or value != value.to_integral_value():
            return float(value)
        whole = int(value) if value.adjusted() < 20 else None  # noqa: PLR2004 - beyond 2^53
    return float(whole) if whole is not None and abs(whole) <= EXACT_DOUBLE else None


def from_physical(value: Any, type_: ValueType) -> Any:
    """Return the value as a user holds it: datetime (UTC), date, decimal.Decimal, list."""
    if value is None:
        return None
    match type_:
        case types.Timestamp:
            return to_datetime(value)
        case types.Date:
            return to_date(value)
        case types.Decimal(scale=scale):
            return decimal.Decimal(value).scaleb(-scale, _EXACT)
        case types.Array(element=element):
            return [from_physical(item, element) for item in value]
        case types.Vector():
            return list(value)
        case types.Map(key=key, value=kind):
            return {
                from_physical(name, key): from_physical(item, kind) for name, item in value.items()
            }
        case _:
            return value


def is_converted(type_: ValueType) -> bool:
    """Say whether values of a type are held in another form than the physical one."""
    return type_ in (types.Timestamp, types.Date) or not isinstance(type_, types.Scalar)


def _elements(values: Any, element: ValueType, where: str) -> tuple[Any, ...]:
    found = tuple(to_physical(item, element, f"an element of {where}") for item in values)
    if None in found:
        raise InputError(f"{where} has a null element; leave it out, or make the whole value null")
    return found


def _entries(values: Mapping[Any, Any], type_: types.Map, where: str) -> dict[Any, Any]:
    found = {}
    for key, item in values.items():
        made = to_physical(key, type_.key, f"a key of {where}")
        if made in found:
            raise InputError(f"{where} has the key {key!r} twice")
        found[made] = to_physical(item, type_.value, f"a value of {where}")
    if None in found or None in found.values():
        raise InputError(f"{where} has a null in it; leave the entry out, or make the map null")
    return dict(sorted(found.items()))


def of_arrow(value: Any, type_: ValueType) -> Any:
    """Return the physical value of what Arrow makes of a physical column in Python."""
    if value is None:
        return None
    match type_:
        case types.Array() | types.Vector():
            return tuple(value)
        case types.Map():
            return dict(sorted(value.items() if isinstance(value, dict) else value))
        case _:
            return value


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool) or (
        type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_")
    )


def _is_float(value: Any) -> bool:
    # numpy's float32 is not a Python float.
    return isinstance(value, float) or (
        type(value).__name__.startswith("float") and hasattr(value, "__float__")
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) or (
        type(value).__name__ == "ndarray" and value.ndim == 1
    )


def _integer(value: Any) -> int | None:
    # numpy's integers are no int, but say so by __index__. bool is an int too; exclude it.
    if type(value).__name__ in _NO_NUMBERS or not hasattr(value, "__index__"):
        return None
    try:
        return operator.index(value)
    except TypeError:  # a tensor of floats has the method as well
        return None


def _finite(value: float, where: str) -> float:
    if value in (float("inf"), float("-inf")):
        raise InputError(f"{where} is {value}: an infinity is not a value; leave it null")
    return value + 0.0


def _text(value: Any) -> str | None:
    """Return text, or the text that bytes are in UTF-8."""
    try:
        if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value).decode()
        if isinstance(value, str):
            value.encode()
            return value
    except UnicodeError:
        pass
    return None


def _instant(value: datetime, where: str) -> int:
    if getattr(value, "nanosecond", 0):
        raise InputError(
            f"{where} is {value}: a Timestamp is whole microseconds; truncate it if that is meant"
        )
    return to_microseconds(value, where)


def _days(value: Any) -> int | None:
    """Return the days of a date; midnight without a zone, which is pandas' form of it, is one."""
    if isinstance(value, datetime):
        has_clock = value.time() != time.min or bool(getattr(value, "nanosecond", 0))
        return None if has_clock or value.tzinfo is not None else to_days(value)
    return to_days(value) if isinstance(value, date) else None


def _allowed(value: Any, type_: ValueType) -> str:
    """Return a hint for a value that nearly fits."""
    if type_ == types.Int64 and _is_float(value):
        return ": Int64 takes whole numbers, and floats up to 2^53"
    if type_ == types.Float64 and _integer(value) is not None:
        return ": Float64 holds whole numbers exactly up to 2^53"
    if type_ == types.Date and isinstance(value, datetime):
        return ": a Date has neither clock nor zone; give .date() of it in the zone that is meant"
    if type_ == types.Timestamp and isinstance(value, date):
        return ": a date is no instant; declare it Date"
    return ""


def _unscaled(value: Any, type_: types.Decimal) -> int | None:
    if isinstance(value, decimal.Decimal) and value.is_finite():
        exact = value
    elif (whole := _integer(value)) is not None:
        exact = decimal.Decimal(whole)
    else:
        return None
    try:
        unscaled = exact.scaleb(type_.scale, _STRICT)
        fits = unscaled == unscaled.to_integral_value() and abs(unscaled) < 10**type_.precision
    except (decimal.Inexact, decimal.InvalidOperation, decimal.Overflow):
        return None
    return int(unscaled) if fits else None
