"""The oracle for functions of expressions: semantics 4, in plain Python and exact numbers."""

from __future__ import annotations

import hashlib
import math
from calendar import isleap
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from skewless.definitions import types
from skewless.definitions.operators import INSTANTS, Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skewless.types import ValueType

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = 86_400_000_000
UNITS = {"us": 1, "ms": 1000, "s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6, "d": DAY}
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def microseconds(text: str) -> int:
    number = text.rstrip("dhmsu")
    return int(number) * UNITS[text[len(number) :]]


def instant(at: int) -> int | None:
    """Return the instant, or null beyond the years 1 to 9999."""
    first = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
    last = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
    return at if first <= at <= last else None


def function(
    call: Operator, kind: ValueType | None, value: Any, rest: list[Any]
) -> tuple[Any, ValueType | None]:
    """Return the value and its type."""
    if call is Operator.CAST:
        target = types.parsed(rest[0])
        return (None if value is None else cast(kind, value, target)), target
    result = kind if call is Operator.CLIP else RESULTS.get(call, types.Int64)
    if value is None or None in rest:
        return None, result
    if call is Operator.ROUND:
        return rounded(value, rest[0]), result
    if call is Operator.HASH_MOD:
        return hashed(kind, value) % rest[0], result
    if call is Operator.SIGN:
        return float((value > 0) - (value < 0)), result
    if kind == types.Date and call in INSTANTS:  # its calendar is that of its first instant
        value *= DAY
    return SIMPLE[call](value, *rest), result


def collection(  # noqa: C901, PLR0911 - one case for each method
    call: Operator, kind: ValueType, value: Any, other: ValueType | None = None, given: Any = None
) -> tuple[ValueType, Any]:
    """Return the type and the value of a method of a list or map; `given` is its argument."""
    if call is Operator.MAP_GET:
        assert isinstance(kind, types.Map)
        is_known = value is not None and given is not None
        return kind.value, value.get(given) if is_known else None
    if call is Operator.MAP_SUM:
        assert isinstance(kind, types.Map)
        kind, call = types.Array(kind.value), Operator.LIST_SUM  # type: ignore[arg-type]
        value = None if value is None else tuple(value.values())
    if call in (Operator.LIST_LENGTH, Operator.MAP_LENGTH):
        return types.Int64, None if value is None else len(value)
    element = kind.element if isinstance(kind, types.Array) else types.Float64
    if isinstance(other, types.Decimal) and isinstance(given, int):
        given = Fraction(given, 10**other.scale)  # a constant
    if call in (Operator.LIST_CONTAINS, Operator.LIST_COUNT):
        is_known = value is not None and given is not None
        count = sum(each == given for each in value) if is_known else None
        if call is Operator.LIST_COUNT:
            return types.Int64, count
        return types.Bool, None if count is None else count > 0
    if call is Operator.LIST_MEAN:
        return types.Float64, total(element, value, given, is_mean=True)
    if call is Operator.LIST_SUM:
        result = types.Decimal(18, element.scale) if isinstance(element, types.Decimal) else element
        return result, total(element, value, given, is_mean=False)
    if not value:
        return element, None
    if call is Operator.LIST_GET:
        return element, dict(enumerate(value)).get(given if given >= 0 else len(value) + given)
    return element, sorted(value)[0 if call is Operator.LIST_MIN else -1]


def total(element: ValueType, values: Any, scale: int, *, is_mean: bool) -> Any:
    """Add up exact units; null of no elements, and of what does not fit."""
    if not values:
        return None
    if element == types.Float64:
        products = [value * float(10**scale) for value in values]
        if not all(-(2.0**63) <= product < 2.0**63 for product in products):
            return None
        units = [half_away(Fraction(product)) for product in products]
    else:
        scale = element.scale if isinstance(element, types.Decimal) else 0
        units = [int(value * 10**scale) for value in values]
    if not all(-(2**63) <= unit < 2**63 for unit in units):
        return None
    whole = sum(units)
    if is_mean:
        return float(whole) / float(len(values)) / float(10**scale)
    if element == types.Float64:
        return float(whole) / float(10**scale)
    if element == types.Int64:
        return whole if -(2**63) <= whole < 2**63 else None
    return Decimal(whole).scaleb(-scale) if abs(whole) < 10**18 else None


def half_away(exact: Fraction) -> int:
    whole = math.floor(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def rounded(value: Any, digits: int) -> float:
    exact = Fraction(value)
    return float(Fraction(half_away(exact * 10**digits), 10**digits))


def hashed(kind: ValueType | None, value: Any) -> int:
    match value:
        case bool():
            text = "true" if value else "false"
        case Decimal():
            assert isinstance(kind, types.Decimal)
            text = str(int(value.scaleb(kind.scale)))
        case _:
            text = str(value)
    return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:16], 16)


def cast(  # noqa: PLR0911 - one case for each type
    kind: ValueType | None, value: Any, target: ValueType
) -> Any:
    if kind == target:
        return value
    match target:
        case types.Date:  # the day in UTC
            return math.floor(Fraction(value, DAY))
        case types.Timestamp:
            return value * DAY
        case types.Bool:
            return value != 0
        case types.String:
            return str(value).lower() if isinstance(value, bool) else str(value)
        case types.Float64:
            return float(Fraction(value))
        case types.Int64:
            whole = math.trunc(Fraction(value))
            return whole if -(2**63) <= whole < 2**63 else None
        case types.Decimal(precision, scale):
            scaled = value * float(10**scale) if kind == types.Float64 else value * 10**scale
            if isinstance(scaled, float) and math.isinf(scaled):
                return None
            units = half_away(Fraction(scaled))
            # A float of that many digits, too, would have to be rounded to fit.
            fits = abs(units) < 10**precision
            return Decimal(units).scaleb(-scale) if fits else None
    raise AssertionError(target)


def quotient(x: int, y: int) -> int | None:
    if y == 0:
        return None
    found = math.floor(Fraction(x, y))
    return found if found < 2**63 else None


def modulo(x: int, y: int) -> int | None:
    return None if y == 0 else x - y * math.floor(Fraction(x, y))


def part(text: str, separator: str, number: int) -> str | None:
    found = dict(enumerate(text.split(separator), 1))
    return found.get(number)


def swapped(lower: bool) -> Callable[[str], str]:  # noqa: FBT001
    def swap(text: str) -> str:
        source = LETTERS.upper() if lower else LETTERS
        return "".join(letter.swapcase() if letter in source else letter for letter in text)

    return swap


def date(days: int) -> tuple[int, int, int, int]:
    """Return year, month, day and day of the year; the year may be 0 or 10000."""
    cycles, days = divmod(days + 719_162, 146_097)  # since 0001-01-01, in spans of 400 years
    year = 400 * cycles + 1
    while days >= 365 + isleap(year):
        days -= 365 + isleap(year)
        year += 1
    left, month = days, 1
    lengths = [31, 28 + isleap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    while left >= lengths[month - 1]:
        left -= lengths[month - 1]
        month += 1
    return year, month, left + 1, days + 1


SIMPLE: Mapping[Operator, Callable[..., Any]] = {
    Operator.CLIP: lambda x, low, high: low if x < low else min(x, high),
    Operator.BUCKETIZE: lambda x, *edges: sum(edge <= x for edge in edges),
    Operator.FLOOR_DIVIDE: quotient,
    Operator.MODULO: modulo,
    Operator.CONCAT: lambda *texts: "".join(texts),
    Operator.LOWER: swapped(lower=True),
    Operator.UPPER: swapped(lower=False),
    Operator.STRIP: lambda text: text.strip(" \t\r\n"),
    Operator.LENGTH: lambda text: len(list(text)),
    Operator.SLICE: lambda text, start, length: "".join(list(text)[start:][:length]),
    Operator.REPLACE: lambda text, old, new: new.join(text.split(old)),
    Operator.SPLIT_PART: part,
    Operator.STARTS_WITH: lambda text, start: text[: len(start)] == start,
    Operator.ENDS_WITH: lambda text, end: text.endswith(end),
    Operator.CONTAINS: lambda text, inner: text.find(inner) >= 0,
    Operator.YEAR: lambda at, offset: date((at + offset) // DAY)[0],
    Operator.MONTH: lambda at, offset: date((at + offset) // DAY)[1],
    Operator.DAY: lambda at, offset: date((at + offset) // DAY)[2],
    Operator.ORDINAL_DAY: lambda at, offset: date((at + offset) // DAY)[3],
    Operator.HOUR: lambda at, offset: (at + offset) % DAY // UNITS["h"],
    Operator.MINUTE: lambda at, offset: (at + offset) % UNITS["h"] // UNITS["m"],
    Operator.SECOND: lambda at, offset: (at + offset) % UNITS["m"] // UNITS["s"],
    Operator.WEEKDAY: lambda at, offset: ((at + offset) // DAY + 3) % 7 + 1,
    Operator.TRUNCATE: lambda at, step: instant(at - at % step),
}
RESULTS: Mapping[Operator, ValueType] = {
    Operator.SIGN: types.Float64,
    Operator.ROUND: types.Float64,
    Operator.TRUNCATE: types.Timestamp,
    **dict.fromkeys((Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.CONTAINS), types.Bool),
    **dict.fromkeys(
        (
            Operator.CONCAT,
            Operator.LOWER,
            Operator.UPPER,
            Operator.STRIP,
            Operator.SLICE,
            Operator.REPLACE,
            Operator.SPLIT_PART,
        ),
        types.String,
    ),
}
