"""Run bound expressions in Python: compile them once to closures, call these for every request."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any, TypeAlias

from skewless.compiler.bound import Apply, Column, Constant, Feature, Primitive, Request
from skewless.definitions.expression import INT64_MAX, INT64_MIN
from skewless.errors import ValueOverflowError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skewless.compiler.bound import Bound

Environment: TypeAlias = "Mapping[Bound, Any]"
Evaluator: TypeAlias = "Callable[[Environment], Any]"

_TWO_53 = 2**53
_EXACTLY_ROUNDED = 2**106  # up to here d(x) of the semantics is float(x)


def compile_python(bound: Bound) -> Evaluator:
    """Return a function from the values of columns, fields and features to the value."""
    match bound:
        case Constant(value=value):
            return lambda _: value
        case Column() | Request() | Feature():
            return operator.itemgetter(bound)
        case Apply(primitive=primitive, arguments=arguments):
            return _compile_apply(primitive, [compile_python(argument) for argument in arguments])


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


def _compile_apply(primitive: Primitive, arguments: list[Evaluator]) -> Evaluator:
    if primitive is Primitive.NULL_IF_BELOW:
        return _guard(*arguments)
    if primitive in _NOT_STRICT:
        function = _NOT_STRICT[primitive]
        return lambda values: function(*(argument(values) for argument in arguments))
    strict = _STRICT[primitive]
    if len(arguments) == 1:
        (only,) = arguments
        return lambda values: None if (x := only(values)) is None else strict(x)

    def call(values: Environment) -> Any:
        found = [argument(values) for argument in arguments]
        return None if None in found else strict(*found)

    return call


def _guard(value: Evaluator, count: Evaluator, least: Evaluator) -> Evaluator:
    # Do not compute the value below the least count: its division by n would fail.
    return lambda values: value(values) if count(values) >= least(values) else None


def _and(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _or(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001
    if left or right:
        return True
    return None if left is None or right is None else False


def _exponential(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _power(base: float, exponent: float) -> float:
    try:
        return float(base**exponent)
    except OverflowError:
        return math.inf


def _power_base(base: float, exponent: float) -> float | None:
    if (base == 0 and exponent < 0) or (base < 0 and not exponent.is_integer()):
        return None
    return base


def _remainder(dividend: int, divisor: int) -> int:
    result = abs(dividend) % divisor
    return result if dividend >= 0 else -result


def _quotient(dividend: int, divisor: int) -> int:
    return dividend // divisor  # exact by contract


_STRICT: dict[Primitive, Callable[..., Any]] = {
    Primitive.ADD: operator.add,
    Primitive.SUBTRACT: operator.sub,
    Primitive.MULTIPLY: operator.mul,
    Primitive.DIVIDE: operator.truediv,
    Primitive.NEGATE: operator.neg,
    Primitive.ABSOLUTE: abs,
    Primitive.SQUARE_ROOT: math.sqrt,
    Primitive.FLOOR: lambda x: float(math.floor(x)),
    Primitive.CEILING: lambda x: float(math.ceil(x)),
    Primitive.LOGARITHM: math.log,
    Primitive.EXPONENTIAL: _exponential,
    Primitive.POWER: _power,
    Primitive.FINITE: lambda x: x if math.isfinite(x) else None,
    Primitive.POSITIVE_ZERO: lambda x: x + 0.0,
    Primitive.NULL_IF_ZERO: lambda x: x or None,
    Primitive.NULL_IF_NEGATIVE: lambda x: None if x < 0 else x,
    Primitive.NULL_IF_NOT_POSITIVE: lambda x: x if x > 0 else None,
    Primitive.NULL_UNLESS_POWER: _power_base,
    Primitive.ROUND_HALF_AWAY: round_half_away,
    Primitive.TO_DOUBLE: to_double,
    Primitive.INTEGER_SUBTRACT: operator.sub,
    Primitive.INTEGER_MULTIPLY: operator.mul,
    Primitive.INTEGER_REMAINDER: _remainder,
    Primitive.INTEGER_QUOTIENT: _quotient,
    Primitive.NARROW: narrow,
    Primitive.EQUAL: operator.eq,
    Primitive.NOT_EQUAL: operator.ne,
    Primitive.LESS: operator.lt,
    Primitive.LESS_EQUAL: operator.le,
    Primitive.GREATER: operator.gt,
    Primitive.GREATER_EQUAL: operator.ge,
    Primitive.NOT: operator.not_,
}
_NOT_STRICT: dict[Primitive, Callable[..., Any]] = {
    Primitive.AND: _and,
    Primitive.OR: _or,
    Primitive.IS_NULL: lambda x: x is None,
    Primitive.FILL_NULL: lambda x, other: other if x is None else x,
    Primitive.IF_ELSE: lambda condition, then, otherwise: then if condition else otherwise,
}
