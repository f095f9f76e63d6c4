"""From partials to a value: the finalization table of the semantics, written once.

The partials of a measure are `n` (count), `S` (sum of the units u), `Q` (sum of u squared), exact
integers, and `min` and `max`, which are null where `n` is 0; see `skewless.compiler.bound` for the
primitives.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from skewless.compiler.bound import (
    Apply,
    Column,
    Primitive,
    apply,
    double,
    integer,
    power_of_ten,
)
from skewless.compiler.decay import UNIT_BITS
from skewless.compiler.partials import Partial
from skewless.definitions import types
from skewless.definitions.aggregation import DECAYED, TIMES, VARIANCES, Function

if TYPE_CHECKING:
    from skewless.compiler.bound import Bound
    from skewless.definitions.types import ValueType

COUNT, SUM, SQUARES, LEAST, GREATEST = (
    Column(partial.value)
    for partial in (Partial.COUNT, Partial.SUM, Partial.SQUARES, Partial.MIN, Partial.MAX)
)
DECAYED_SUM, DECAYED_COUNT = Column("D"), Column("N")  # S and n times the weights of their tiles
INSTANT = Column("T")  # of V(T), in microseconds


@lru_cache(maxsize=1024)  # the same few for all features of a store
def finish(function: Function, input_type: ValueType | None, scale: int) -> Bound | None:
    """Return the value over partials and T; None for a value that is picked, not computed.

    Args:
        function: the aggregate.
        input_type: the type of its input.
        scale: a unit is 10^-scale.
    """
    match function:
        case Function.COUNT:
            return COUNT
        case Function.SUM:
            return _at_least(1, _sum(input_type, scale))
        case Function.MEAN | Function.SHARE:
            mean = _divide(_double(SUM), _double(COUNT))
            return _at_least(1, _divide(mean, power_of_ten(scale)))
        case _ if function in VARIANCES:
            return _of_squares(function, scale)
        case _ if function in TIMES:
            return _of_times(function)
        case _ if function in DECAYED:
            return _of_decay(function, scale)
        case Function.ANY | Function.ALL:
            is_any = function is Function.ANY
            some, every = (Primitive.LESS, integer(0), SUM), (Primitive.EQUAL, SUM, COUNT)
            return _at_least(1, apply(*(some if is_any else every)))
        case _:
            return None  # one of `partials.PICKED`


def units(value: Bound, type_: ValueType, scale: int) -> Bound:
    """Return the integer units of a number or Bool; a Float64 x is rounded at x * 10^scale."""
    if type_ == types.Bool:
        return apply(Primitive.IF_ELSE, value, integer(1), integer(0))
    if type_ == types.Float64:
        scaled = apply(Primitive.MULTIPLY, value, power_of_ten(scale))
        return apply(Primitive.ROUND_HALF_AWAY, scaled)
    return value


def effective_scale(type_: ValueType | None, declared: int) -> int:
    """Return the scale of the units: the Decimal's own, 0 for Int64, the declared for Float64."""
    match type_:
        case types.Decimal(scale=scale):
            return scale
        case types.Float64:
            return declared
        case _:
            return 0


def _sum(input_type: ValueType | None, scale: int) -> Bound:
    if input_type == types.Float64:
        return _divide(_double(SUM), power_of_ten(scale))
    if input_type == types.Int64:
        return apply(Primitive.NARROW, SUM)
    return SUM


def _of_squares(function: Function, scale: int) -> Bound:
    is_sample = function in (Function.VAR_SAMP, Function.STDDEV_SAMP)
    divisor = apply(Primitive.INTEGER_SUBTRACT, COUNT, integer(1)) if is_sample else COUNT
    value = _variance(divisor, scale)
    if function in (Function.STDDEV_SAMP, Function.STDDEV_POP):
        value = apply(Primitive.SQUARE_ROOT, value)
    return _at_least(2 if is_sample else 1, value)


def _of_decay(function: Function, scale: int) -> Bound:
    if function is Function.DECAYED_MEAN:
        # All weights may be 0: half-lives are short beside the window.
        weights = apply(Primitive.NULL_IF_ZERO, _double(DECAYED_COUNT))
        mean = _divide(_double(DECAYED_SUM), weights)
        return _at_least(1, _divide(mean, power_of_ten(scale)))
    unit = double(float(2**UNIT_BITS))
    if function is Function.DECAYED_COUNT:
        return _divide(_double(DECAYED_COUNT), unit)
    return _at_least(1, _divide(_divide(_double(DECAYED_SUM), unit), power_of_ten(scale)))


def _of_times(function: Function) -> Bound:
    if function is Function.MEAN_GAP:
        gaps = _double(apply(Primitive.INTEGER_SUBTRACT, COUNT, integer(1)))
        mean = _divide(_double(apply(Primitive.INTEGER_SUBTRACT, GREATEST, LEAST)), gaps)
        return _at_least(2, _divide(mean, power_of_ten(6)))
    since = GREATEST if function is Function.SECONDS_SINCE_LAST else LEAST
    span = apply(Primitive.INTEGER_SUBTRACT, INSTANT, since)
    return _at_least(1, _divide(_double(span), power_of_ten(6)))


def _variance(divisor: Bound, scale: int) -> Bound:
    # C = Q - m*S - m*r is exactly the sum of (u - m)^2, so nothing cancels in floating point.
    remainder = apply(Primitive.INTEGER_REMAINDER, SUM, COUNT)
    mean = apply(
        Primitive.INTEGER_QUOTIENT, apply(Primitive.INTEGER_SUBTRACT, SUM, remainder), COUNT
    )
    centred = apply(
        Primitive.INTEGER_SUBTRACT,
        apply(Primitive.INTEGER_SUBTRACT, SQUARES, apply(Primitive.INTEGER_MULTIPLY, mean, SUM)),
        apply(Primitive.INTEGER_MULTIPLY, mean, remainder),
    )
    squared = apply(Primitive.INTEGER_MULTIPLY, remainder, remainder)
    moment = apply(Primitive.SUBTRACT, _double(centred), _divide(_double(squared), _double(COUNT)))
    return _divide(_divide(moment, _double(divisor)), power_of_ten(2 * scale))


def _at_least(least: int, value: Bound) -> Apply:
    return apply(Primitive.NULL_IF_BELOW, value, COUNT, integer(least))


def _double(value: Bound) -> Bound:
    return apply(Primitive.TO_DOUBLE, value)


def _divide(left: Bound, right: Bound) -> Bound:
    return apply(Primitive.DIVIDE, left, right)
