"""The oracle of aggregates that collect values: lists, counts of values, distinct values."""

from __future__ import annotations

import decimal
import hashlib
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

from skewless.definitions import types
from skewless.definitions.aggregation import LISTS, Function

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skewless.definitions.aggregation import Aggregation
    from skewless.types import ValueType

COLLECTED = LISTS | {
    Function.COUNT_DISTINCT,
    Function.VALUE_COUNTS,
    Function.MODE,
    Function.HISTOGRAM,
    Function.PERCENTILE,
}


class LimitError(OverflowError):
    """There are more values than the limit."""


def collected(
    aggregation: Aggregation,
    type_: ValueType | None,
    values: Sequence[Any],
    in_time: Sequence[Any],
    units: Callable[[ValueType | None, Any, int], int],
) -> Any:
    """Return the value over an input's values that are not null.

    Args:
        aggregation: one of `COLLECTED`.
        type_: of the values; None without any.
        values: in any order.
        in_time: the same in the order of their events.
        units: makes a number whole: of its type, itself, and the exponent.
    """
    parameters = aggregation.parameters
    match aggregation.function:
        case Function.COUNT_DISTINCT:
            return _distinct({_h(type_, value) for value in values}, parameters.limit or 0)
        case Function.VALUE_COUNTS | Function.MODE:
            counts = {value: values.count(value) for value in sorted(values)}
            if len(counts) > (parameters.limit or 0):
                raise LimitError
            if aggregation.function is Function.VALUE_COUNTS:
                return counts
            return min(counts, key=lambda value: (-counts[value], value), default=None)
        case Function.HISTOGRAM:
            edges = [_edge(type_, edge.type, edge.value) for edge in parameters.edges or ()]
            bars = [0] * (len(edges) + 1)
            for value in values:
                bars[sum(edge <= _comparable(type_, value, edge) for edge in edges)] += 1
            return tuple(bars)
        case Function.PERCENTILE:
            scale = {types.Int64: 0}.get(type_, aggregation.scale)  # type: ignore[arg-type]
            scale = type_.scale if isinstance(type_, types.Decimal) else scale
            whole = sorted(units(type_, value, scale) for value in values)
            return _percentile(whole, Fraction(parameters.q or 0), scale)
        case function:
            return _listed(function, parameters.n or 0, values, in_time)


def _listed(
    function: Function, n: int, values: Sequence[Any], in_time: Sequence[Any]
) -> tuple[Any, ...]:
    match function:
        case Function.FIRST_N:
            return tuple(in_time[:n])
        case Function.LAST_N:
            return tuple(in_time[::-1][:n])
        case Function.LAST_DISTINCT_N:
            latest = [v for at, v in enumerate(in_time) if v not in in_time[at + 1 :]]
            return tuple(latest[::-1][:n])
        case Function.TOP_N:
            return tuple(sorted(values, reverse=True)[:n])
        case _:
            assert function is Function.BOTTOM_N
            return tuple(sorted(values)[:n])


def _edge(type_: ValueType | None, of_edge: ValueType, value: Any) -> Any:
    if isinstance(of_edge, types.Decimal):
        exact = decimal.Decimal(value).scaleb(-of_edge.scale, decimal.Context(prec=60))
        return exact if of_edge == type_ else value / float(10**of_edge.scale)
    return value if of_edge == type_ else float(value)


def _comparable(type_: ValueType | None, value: Any, edge: Any) -> Any:
    """Return a value as it is compared: with an edge of another type both are doubles."""
    if not isinstance(edge, float) or type_ == types.Float64:
        return value
    if isinstance(type_, types.Decimal):
        return float(int(value.scaleb(type_.scale))) / float(10**type_.scale)
    return float(value)


def _percentile(whole: Sequence[int], q: Fraction, scale: int) -> float | None:
    if not whole:
        return None
    u = whole[max(1, ceil(q * len(whole))) - 1]
    a = abs(u)
    if a < 2**7:
        return float(u) / float(10**scale)
    s = a.bit_length() - 1 - 7
    middle = (a >> s << s) + (2**s >> 1)
    return float(middle if u > 0 else -middle) / float(10**scale)


def _h(type_: ValueType | None, value: Any) -> int:
    match value:
        case bool():
            text = "true" if value else "false"
        case decimal.Decimal():
            assert isinstance(type_, types.Decimal)
            text = str(int(value.scaleb(type_.scale, decimal.Context(prec=60))))
        case _:
            text = str(value)
    return int(hashlib.md5(text.encode()).hexdigest()[:16], 16)  # noqa: S324 - no secret


def _distinct(hashes: set[int], limit: int) -> int:
    if len(hashes) <= limit:
        return len(hashes)
    ranks: dict[int, int] = {}
    for h in hashes:
        bits = f"{h:064b}"
        rank = (bits[12:52] + "1").index("1") + 1
        ranks[int(bits[:12], 2)] = max(ranks.get(int(bits[:12], 2), 0), rank)
    z = x = (4096 - len(ranks)) / 4096
    for k in range(18):
        x = x * x
        z = z + x * 2.0**k
    filled = float(sum(Fraction(1, 2**rank) for rank in ranks.values()))
    found = 0.7213475204444817 * 4096**2 / (filled + 4096 * z)
    return int(Fraction(found) + Fraction(1, 2))
