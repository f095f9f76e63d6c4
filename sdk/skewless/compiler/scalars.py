"""Primitives that Python needs more than an operator for: texts, dates, whole numbers.

Each is strict: no argument is null. `greatest` and `least` are not.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any

from skewless.compiler import elementary
from skewless.compiler.bound import Primitive
from skewless.compiler.distinct import hash64
from skewless.compiler.integers import round_half_away
from skewless.definitions.expression import INT64_MAX, INT64_MIN
from skewless.errors import ValueOverflowError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_EPOCH = date(1970, 1, 1).toordinal()
_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
_TO_LOWER, _TO_UPPER = str.maketrans(_UPPER, _LOWER), str.maketrans(_LOWER, _UPPER)
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)  # holds every double to 15 decimals


def either(choose: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return what chooses between two values, or takes the one that is not null."""

    def chosen(left: Any, right: Any) -> Any:
        if left is None or right is None:
            return right if left is None else left
        return choose(left, right)

    return chosen


greatest, least = either(max), either(min)


def _round(value: float, digits: int) -> float:
    return float(Decimal(value).quantize(Decimal(1).scaleb(-digits), context=_EXACT))


def _truncate(value: float) -> int | None:
    whole = math.trunc(value)
    return whole if INT64_MIN <= whole <= INT64_MAX else None


def _floor_divide(dividend: int, divisor: int) -> int | None:
    if divisor == 0:
        return None
    quotient = dividend // divisor
    return quotient if quotient <= INT64_MAX else None  # the least integer by -1


def _modulo(dividend: int, divisor: int) -> int | None:
    return dividend % divisor if divisor else None


def _bucket(value: Any, *edges: Any) -> int:
    return bisect_right(edges, value)


def _to_text(value: int) -> str:
    return str(value).lower()


def _hash_mod(text: str, modulus: int) -> int:
    return hash64(text) % 2**64 % modulus


def _split_part(text: str, separator: str, number: int) -> str | None:
    parts = text.split(separator)
    return parts[number - 1] if number <= len(parts) else None


def _on(days: int) -> date:
    return date.fromordinal(_EPOCH + days)


def _get(values: Sequence[Any], place: int) -> Any:
    index = place - 1 if place > 0 else place
    return values[index] if -len(values) <= index < len(values) else None


def _units(values: Sequence[float], factor: float) -> list[int] | None:
    try:
        return [round_half_away(value * factor) for value in values]
    except ValueOverflowError:
        return None


FUNCTIONS: Mapping[Primitive, Callable[..., Any]] = {
    **elementary.FUNCTIONS,
    Primitive.ROUND: _round,
    Primitive.TRUNCATE: _truncate,
    Primitive.FLOOR_DIVIDE: _floor_divide,
    Primitive.MODULO: _modulo,
    Primitive.BUCKET: _bucket,
    Primitive.CONCAT: lambda left, right: left + right,
    Primitive.TO_TEXT: _to_text,
    Primitive.HASH_MOD: _hash_mod,
    Primitive.LOWER: lambda text: text.translate(_TO_LOWER),
    Primitive.UPPER: lambda text: text.translate(_TO_UPPER),
    Primitive.STRIP: lambda text: text.strip(" \t\r\n"),
    Primitive.LENGTH: len,
    Primitive.SLICE: lambda text, start, length: text[start : start + length],
    Primitive.REPLACE: str.replace,
    Primitive.SPLIT_PART: _split_part,
    Primitive.STARTS_WITH: str.startswith,
    Primitive.ENDS_WITH: str.endswith,
    Primitive.CONTAINS: lambda text, part: part in text,
    Primitive.LIST_LENGTH: len,
    Primitive.LIST_GET: _get,
    Primitive.LIST_CONTAINS: lambda values, value: value in values,
    Primitive.LIST_COUNT: lambda values, value: values.count(value),
    Primitive.LIST_MIN: lambda values: min(values, default=None),
    Primitive.LIST_MAX: lambda values: max(values, default=None),
    Primitive.LIST_SUM: lambda values: sum(values) if values else None,
    Primitive.LIST_UNITS: _units,
    Primitive.MAP_GET: lambda pairs, key: pairs.get(key),
    Primitive.MAP_VALUES: lambda pairs: list(pairs.values()),
    Primitive.YEAR: lambda days: _on(days).year,
    Primitive.MONTH: lambda days: _on(days).month,
    Primitive.DAY: lambda days: _on(days).day,
    Primitive.ORDINAL_DAY: lambda days: _on(days).timetuple().tm_yday,
}
