"""What functions of expressions are in primitives: choices, conversions, texts and instants.

Each function here takes arguments that are bound already, and free of infinities and NaN.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from skewless.compiler import lists
from skewless.compiler.bound import (
    Constant,
    Primitive,
    RequestTime,
    Typed,
    apply,
    as_double,
    double,
    integer,
    power_of_ten,
    within,
)
from skewless.definitions import types
from skewless.definitions.duration import Duration
from skewless.definitions.expression import to_microseconds
from skewless.definitions.operators import COLLECTIONS, INSTANTS, SIGNATURES, TEXTS, Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from skewless.compiler.bound import Bound

_HOUR, _MINUTE, _SECOND = 3_600_000_000, 60_000_000, 1_000_000
_DAY = 24 * _HOUR
_MONDAY = 3  # 1970-01-01 was a Thursday
_FIRST = to_microseconds(datetime.min.replace(tzinfo=UTC), "the first instant")
_LAST = to_microseconds(datetime.max.replace(tzinfo=UTC), "the last instant")
_TEXT_PRIMITIVES: Mapping[Operator, Primitive] = {
    operator: Primitive[operator.name] for operator in TEXTS
}
_CALENDAR: Mapping[Operator, Primitive] = {
    Operator.YEAR: Primitive.YEAR,
    Operator.MONTH: Primitive.MONTH,
    Operator.DAY: Primitive.DAY,
    Operator.ORDINAL_DAY: Primitive.ORDINAL_DAY,
}
# The unit of a part of the clock, and how many of them there are.
_CLOCK: Mapping[Operator, tuple[int, int]] = {
    Operator.HOUR: (_HOUR, 24),
    Operator.MINUTE: (_MINUTE, 60),
    Operator.SECOND: (_SECOND, 60),
}


def one_type(*arguments: Typed) -> list[Typed]:
    """Return arguments of one type: as they are if they have one, else as doubles."""
    if len({argument.type for argument in arguments}) == 1:
        return list(arguments)
    return [Typed(as_double(argument), types.Float64) for argument in arguments]


def shift(operator: Operator, instant: Typed, other: Typed) -> Typed:
    """Bind instant + "1h", instant - "1h" and instant - instant."""
    if other.type == types.Timestamp:
        difference = apply(Primitive.INTEGER_SUBTRACT, instant.bound, other.bound)
        seconds = apply(
            Primitive.DIVIDE, apply(Primitive.TO_DOUBLE, difference), double(float(_SECOND))
        )
        return Typed(seconds, types.Float64)
    by = Duration.parse(str(_constant(other))).microseconds
    signed = integer(by if operator is Operator.ADD else -by)
    moved = apply(Primitive.INTEGER_ADD, instant.bound, signed)
    return Typed(within(moved, _FIRST, _LAST), types.Timestamp)


def function(operator: Operator, arguments: Sequence[Typed]) -> Typed:
    """Bind any other function."""
    if operator in TEXTS:
        parts = (argument.bound for argument in arguments)
        return Typed(apply(_TEXT_PRIMITIVES[operator], *parts), TEXTS[operator].gives)
    if operator in INSTANTS:
        at = arguments[0]
        if at.type == types.Date:
            return Typed(_of_days(operator, at.bound), types.Int64)
        part = _instant(operator, at.bound, cast("int", _constant(arguments[1])))
        return Typed(part, SIGNATURES[operator].gives)
    if operator in COLLECTIONS:
        return lists.method(operator, arguments)
    return _FUNCTIONS[operator](*arguments)


def _request_time() -> Typed:
    return Typed(RequestTime(), types.Timestamp)


def _null_if(value: Typed, other: Typed) -> Typed:
    left, right = one_type(value, other)
    return Typed(
        apply(Primitive.NULL_IF, value.bound, apply(Primitive.EQUAL, left.bound, right.bound)),
        value.type,
    )


def _extreme(primitive: Primitive) -> Callable[[Typed, Typed], Typed]:
    def bound(left: Typed, right: Typed) -> Typed:
        first, second = (_comparable(each) for each in one_type(left, right))
        return Typed(apply(primitive, first.bound, second.bound), first.type)

    return bound


def _comparable(typed: Typed) -> Typed:
    """Return the value without -0.0, which engines order differently beside 0.0."""
    if typed.type != types.Float64 or isinstance(typed.bound, Constant):
        return typed
    return Typed(apply(Primitive.POSITIVE_ZERO, typed.bound), typed.type)


def _clip(value: Typed, low: Typed, high: Typed) -> Typed:
    x, least, most = one_type(value, low, high)
    above = apply(
        Primitive.IF_ELSE, apply(Primitive.LESS, most.bound, x.bound), most.bound, x.bound
    )
    found: Bound = apply(
        Primitive.IF_ELSE, apply(Primitive.LESS, x.bound, least.bound), least.bound, above
    )
    for edge in (least, most):
        if not isinstance(edge.bound, Constant):
            found = apply(Primitive.NULL_IF, found, apply(Primitive.IS_NULL, edge.bound))
    return Typed(found, x.type)


def _bucketize(value: Typed, *edges: Typed) -> Typed:
    same = one_type(value, *edges)
    return Typed(apply(Primitive.BUCKET, *(each.bound for each in same)), types.Int64)


def _whole(primitive: Primitive) -> Callable[[Typed, Typed], Typed]:
    return lambda left, right: Typed(apply(primitive, left.bound, right.bound), types.Int64)


def _sign(value: Typed) -> Typed:
    x, zero = as_double(value), double(0.0)
    positive = apply(Primitive.IF_ELSE, apply(Primitive.LESS, zero, x), double(1.0), x)
    negative = apply(Primitive.IF_ELSE, apply(Primitive.LESS, x, zero), double(-1.0), positive)
    return Typed(negative, types.Float64)


def _round(value: Typed, digits: Typed) -> Typed:
    n = cast("int", _constant(digits))
    match value.type:
        case types.Decimal(scale=scale):
            if scale <= n:
                return Typed(as_double(value), types.Float64)
            whole = _half_away(value.bound, 10 ** (scale - n))
            number = apply(Primitive.TO_DOUBLE, whole)
            return Typed(apply(Primitive.DIVIDE, number, power_of_ten(n)), types.Float64)
        case types.Int64:
            return Typed(as_double(value), types.Float64)
        case _:
            return Typed(apply(Primitive.ROUND, value.bound, integer(n)), types.Float64)


def _concat(left: Typed, right: Typed) -> Typed:
    return Typed(apply(Primitive.CONCAT, left.bound, right.bound), types.String)


def _hash_mod(value: Typed, modulus: Typed) -> Typed:
    return Typed(apply(Primitive.HASH_MOD, _text(value).bound, modulus.bound), types.Int64)


def _text(value: Typed) -> Typed:
    if value.type == types.String:
        return value
    return Typed(apply(Primitive.TO_TEXT, value.bound), types.String)


def _cast(value: Typed, target: Typed) -> Typed:
    type_ = types.parsed(str(_constant(target)))
    if value.type == type_:
        return value
    match type_:
        case types.Date:
            return Typed(apply(Primitive.FLOOR_DIVIDE, value.bound, integer(_DAY)), type_)
        case types.Timestamp:
            return Typed(apply(Primitive.INTEGER_MULTIPLY, value.bound, integer(_DAY)), type_)
        case types.String:
            return _text(value)
        case types.Bool:
            zero = double(0.0) if value.type == types.Float64 else integer(0)
            return Typed(apply(Primitive.NOT_EQUAL, value.bound, zero), type_)
    number = _of_bool(value) if value.type == types.Bool else value
    match type_:
        case types.Decimal():
            return Typed(_to_decimal(number, type_), type_)
        case types.Int64:
            return Typed(_to_integer(number), type_)
        case _:
            return Typed(as_double(number), type_)


def _of_bool(value: Typed) -> Typed:
    number = apply(Primitive.IF_ELSE, value.bound, integer(1), integer(0))
    is_null = apply(Primitive.IS_NULL, value.bound)
    return Typed(apply(Primitive.NULL_IF, number, is_null), types.Int64)


def _to_integer(value: Typed) -> Bound:
    match value.type:
        case types.Decimal(scale=scale):
            return _cut_off(value.bound, 10**scale)
        case types.Float64:
            return apply(Primitive.TRUNCATE, value.bound)
        case _:
            return value.bound


def _to_decimal(value: Typed, type_: types.Decimal) -> Bound:
    most = 10**type_.precision - 1
    match value.type:
        case types.Float64:
            scaled = apply(Primitive.MULTIPLY, value.bound, power_of_ten(type_.scale))
            edge = double(float(10**type_.precision))
            size = apply(Primitive.ABSOLUTE, scaled)
            fitting = apply(Primitive.NULL_IF, scaled, apply(Primitive.LESS_EQUAL, edge, size))
            return within(apply(Primitive.ROUND_HALF_AWAY, fitting), -most, most)
        case types.Decimal(scale=scale) if scale > type_.scale:
            return within(_half_away(value.bound, 10 ** (scale - type_.scale)), -most, most)
        case types.Decimal(scale=scale):
            factor = 10 ** (type_.scale - scale)
        case _:
            factor = 10**type_.scale
    limit = most // factor
    return apply(Primitive.INTEGER_MULTIPLY, within(value.bound, -limit, limit), integer(factor))


def _cut_off(value: Bound, unit: int) -> Bound:
    if unit == 1:
        return value
    rest = apply(Primitive.INTEGER_REMAINDER, value, integer(unit))
    whole = apply(Primitive.INTEGER_SUBTRACT, value, rest)
    return apply(Primitive.NARROW, apply(Primitive.INTEGER_QUOTIENT, whole, integer(unit)))


def _half_away(value: Bound, unit: int) -> Bound:
    """Divide an integer by a power of ten, and round halves away from zero."""
    rest = apply(Primitive.INTEGER_REMAINDER, value, integer(unit))
    whole, half = _cut_off(value, unit), unit // 2
    up = apply(Primitive.LESS_EQUAL, integer(half), rest)
    down = apply(Primitive.LESS_EQUAL, rest, integer(-half))
    lower = apply(
        Primitive.IF_ELSE, down, apply(Primitive.INTEGER_SUBTRACT, whole, integer(1)), whole
    )
    higher = apply(Primitive.INTEGER_ADD, whole, integer(1))
    return apply(Primitive.IF_ELSE, up, higher, lower)


def of_instant(operator: Operator, instant: Bound) -> Bound:
    """Return a part of an instant in UTC, like its hour."""
    return _instant(operator, instant, 0)


def _instant(operator: Operator, instant: Bound, constant: int) -> Bound:
    if operator is Operator.TRUNCATE:
        rest = apply(Primitive.MODULO, instant, integer(constant))
        # Below the first instant there is none to round down to.
        return within(apply(Primitive.INTEGER_SUBTRACT, instant, rest), _FIRST, _LAST)
    local = instant
    if constant:
        local = apply(Primitive.INTEGER_ADD, instant, integer(constant))
    if operator in _CLOCK:
        unit, count = _CLOCK[operator]
        units = apply(Primitive.FLOOR_DIVIDE, local, integer(unit))
        return apply(Primitive.MODULO, units, integer(count))
    return _of_days(operator, apply(Primitive.FLOOR_DIVIDE, local, integer(_DAY)))


def _of_days(operator: Operator, days: Bound) -> Bound:
    if operator is Operator.WEEKDAY:
        moved = apply(Primitive.INTEGER_ADD, days, integer(_MONDAY))
        return apply(Primitive.INTEGER_ADD, apply(Primitive.MODULO, moved, integer(7)), integer(1))
    return apply(_CALENDAR[operator], days)


def _constant(typed: Typed) -> bool | float | str | bytes:
    match typed.bound:
        case Constant(value=value):
            return value
        case bound:
            raise TypeError(f"{bound} is no constant")


_FUNCTIONS: Mapping[Operator, Callable[..., Typed]] = {
    Operator.REQUEST_TIME: _request_time,
    Operator.NULL_IF: _null_if,
    Operator.GREATEST: _extreme(Primitive.GREATEST),
    Operator.LEAST: _extreme(Primitive.LEAST),
    Operator.CLIP: _clip,
    Operator.BUCKETIZE: _bucketize,
    Operator.CAST: _cast,
    Operator.FLOOR_DIVIDE: _whole(Primitive.FLOOR_DIVIDE),
    Operator.MODULO: _whole(Primitive.MODULO),
    Operator.SIGN: _sign,
    Operator.ROUND: _round,
    Operator.CONCAT: _concat,
    Operator.HASH_MOD: _hash_mod,
}
