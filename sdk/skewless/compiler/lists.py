"""The methods of lists and maps in primitives."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from skewless.compiler.bound import (
    Constant,
    Primitive,
    Typed,
    apply,
    integer,
    power_of_ten,
    within,
)
from skewless.definitions import types
from skewless.definitions.expression import INT64_MAX, INT64_MIN
from skewless.definitions.lists import SUM_PRECISION, element_type, type_of
from skewless.definitions.operators import Operator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.compiler.bound import Bound
    from skewless.definitions.types import ValueType

_SIMPLE = {
    Operator.LIST_LENGTH: Primitive.LIST_LENGTH,
    Operator.LIST_MIN: Primitive.LIST_MIN,
    Operator.LIST_MAX: Primitive.LIST_MAX,
}
_SEARCHES = {
    Operator.LIST_CONTAINS: Primitive.LIST_CONTAINS,
    Operator.LIST_COUNT: Primitive.LIST_COUNT,
    Operator.MAP_GET: Primitive.MAP_GET,
}


def method(operator: Operator, arguments: Sequence[Typed]) -> Typed:
    """Bind a method of a list or a map."""
    of, *rest = arguments
    result = type_of(operator, [each.type for each in arguments], is_constant=True)
    if operator in _SIMPLE:
        return Typed(apply(_SIMPLE[operator], of.bound), result)
    if operator is Operator.MAP_LENGTH:
        values = apply(Primitive.MAP_VALUES, of.bound)
        return Typed(apply(Primitive.LIST_LENGTH, values), result)
    if operator in _SEARCHES:
        kind = of.type.key if isinstance(of.type, types.Map) else element_type(of.type)
        sought = _of_type(rest[0], cast("ValueType", kind))
        return Typed(apply(_SEARCHES[operator], of.bound, sought), result)
    number = cast("int", cast("Constant", rest[0].bound).value)
    if operator is Operator.LIST_GET:
        # Engines count from 1, and from the end with -1.
        place = integer(number + 1 if number >= 0 else number)
        return Typed(apply(Primitive.LIST_GET, of.bound, place), result)
    if operator is Operator.MAP_SUM:
        values = apply(Primitive.MAP_VALUES, of.bound)
        return Typed(_sum(values, cast("types.Map", of.type).value, number), result)
    element = cast("ValueType", element_type(of.type))
    if operator is Operator.LIST_SUM:
        return Typed(_sum(of.bound, element, number), result)
    return Typed(_mean(of.bound, element, number), result)


def _of_type(value: Typed, kind: ValueType) -> Bound:
    """Return a value of the type; a constant may be of a shorter one."""
    match value.bound, value.type, kind:
        case bound, given, _ if given == kind:
            return bound
        case Constant(value=int() as whole), types.Int64, types.Float64:
            return Constant(float(whole), kind)
        case Constant(value=int() as unscaled), given, types.Decimal(scale=scale):
            places = given.scale if isinstance(given, types.Decimal) else 0
            return Constant(unscaled * 10 ** (scale - places), kind)
        case bound, _, _:
            raise TypeError(f"{bound} is no {kind}")


def _sum(values: Bound, kind: ValueType, scale: int) -> Bound:
    total = apply(Primitive.LIST_SUM, _units(values, kind, scale))
    match kind:
        case types.Float64:
            return apply(Primitive.DIVIDE, apply(Primitive.TO_DOUBLE, total), power_of_ten(scale))
        case types.Decimal():
            most = 10**SUM_PRECISION - 1
            return apply(Primitive.NARROW, within(total, -most, most))
        case _:
            return apply(Primitive.NARROW, within(total, INT64_MIN, INT64_MAX))


def _mean(values: Bound, kind: ValueType, scale: int) -> Bound:
    match kind:
        case types.Decimal(scale=of_elements):
            scale = of_elements
        case types.Int64:
            scale = 0
    total = apply(Primitive.LIST_SUM, _units(values, kind, scale))
    count = apply(Primitive.TO_DOUBLE, apply(Primitive.LIST_LENGTH, values))
    # The sum of no elements is null, and with it the mean.
    mean = apply(Primitive.DIVIDE, apply(Primitive.TO_DOUBLE, total), count)
    return apply(Primitive.DIVIDE, mean, power_of_ten(scale))


def _units(values: Bound, kind: ValueType, scale: int) -> Bound:
    if kind == types.Float64:
        return apply(Primitive.LIST_UNITS, values, power_of_ten(scale))
    return values
