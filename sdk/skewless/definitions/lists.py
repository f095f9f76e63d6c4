"""The methods of expressions under `.list`, for lists and vectors, and `.map`, for maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.definitions import types
from skewless.definitions.namespaces import Made, Namespace
from skewless.definitions.operators import COLLECTIONS, Operator
from skewless.definitions.types import is_whole
from skewless.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.definitions.types import ValueType

DEFAULT_SCALE, MAX_SCALE = 6, 15
SUM_PRECISION = 18


class ListMethods(Namespace[Made]):
    """Methods for lists and vectors. A null list gives null."""

    __slots__ = ()

    def len(self) -> Made:
        """Count the elements."""
        return self.call(Operator.LIST_LENGTH, self.of)

    def get(self, i: int) -> Made:
        """Return the element number i; the first is 0, the last -1. Null if there is none."""
        if not is_whole(i) or not -(2**31) <= i < 2**31:
            raise DefinitionError("list.get", [f"i={i!r} must be a whole number of 32 bits"])
        return self.call(Operator.LIST_GET, self.of, i)

    def first(self) -> Made:
        """Return the first element; null if the list is empty."""
        return self.get(0)

    def last(self) -> Made:
        """Return the last element; null if the list is empty."""
        return self.get(-1)

    def contains(self, value: object) -> Made:
        """Say whether an element equals the value, which is of the elements' type."""
        return self.call(Operator.LIST_CONTAINS, self.of, value)

    def count_matches(self, value: object) -> Made:
        """Count the elements that equal the value, which is of the elements' type."""
        return self.call(Operator.LIST_COUNT, self.of, value)

    def min(self) -> Made:
        """Return the least element; null if the list is empty."""
        return self.call(Operator.LIST_MIN, self.of)

    def max(self) -> Made:
        """Return the greatest element; null if the list is empty."""
        return self.call(Operator.LIST_MAX, self.of)

    def sum(self, scale: int = DEFAULT_SCALE) -> Made:
        """Add up the elements, exactly; null if the list is empty, or the sum does not fit.

        Args:
            scale: of a list of Float64: elements are rounded to so many decimals, 0 to 15.
        """
        return self.call(Operator.LIST_SUM, self.of, _scale("list.sum", scale))

    def mean(self, scale: int = DEFAULT_SCALE) -> Made:
        """Return the mean of the elements as a Float64; null if the list is empty.

        Args:
            scale: of a list of Float64: elements are rounded to so many decimals, 0 to 15.
        """
        return self.call(Operator.LIST_MEAN, self.of, _scale("list.mean", scale))


class MapMethods(Namespace[Made]):
    """Methods for maps. A null map gives null."""

    __slots__ = ()

    def get(self, key: object) -> Made:
        """Return the value of a key, which is of the keys' type; null if it is not there."""
        return self.call(Operator.MAP_GET, self.of, key)

    def len(self) -> Made:
        """Count the keys."""
        return self.call(Operator.MAP_LENGTH, self.of)

    def sum(self, scale: int = DEFAULT_SCALE) -> Made:
        """Add up the values, as `.list.sum` does."""
        return self.call(Operator.MAP_SUM, self.of, _scale("map.sum", scale))


def element_type(kind: ValueType) -> types.Scalar | types.Decimal | None:
    """Return the type of a list's elements; None for what is no list."""
    match kind:
        case types.Array(element=element):
            return element
        case types.Vector():
            return types.Float64
        case _:
            return None


def type_of(operator: Operator, kinds: Sequence[ValueType], *, is_constant: bool) -> ValueType:
    """Return the type of a method's result.

    Args:
        operator: the method.
        kinds: the types of what stands before the dot, and of the argument.
        is_constant: whether the argument is a constant.

    Raises:
        ValueError: they do not fit, with the reason.
    """
    kind = kinds[0]
    namespace, name = COLLECTIONS[operator]
    if namespace == "map":
        if not isinstance(kind, types.Map):
            raise ValueError(f".map needs a Map, not {kind}")
        if operator is Operator.MAP_GET:
            _check_same(kind.key, kinds[1], "keys", is_constant=is_constant)
            return kind.value
        return types.Int64 if operator is Operator.MAP_LENGTH else _sum(kind.value, name)
    element = element_type(kind)
    if element is None:
        raise ValueError(f".list needs an Array or a Vector, not {kind}")
    match operator:
        case Operator.LIST_LENGTH:
            return types.Int64
        case Operator.LIST_CONTAINS | Operator.LIST_COUNT:
            _check_same(element, kinds[1], "elements", is_constant=is_constant)
            return types.Bool if operator is Operator.LIST_CONTAINS else types.Int64
        case Operator.LIST_SUM | Operator.LIST_MEAN:
            total = _sum(element, name)
            return total if operator is Operator.LIST_SUM else types.Float64
        case _:
            return element


def _check_same(kind: ValueType, given: ValueType, what: str, *, is_constant: bool) -> None:
    """Refuse a value that is not of a type; a constant may be a whole number, or shorter."""
    if given == kind:
        return
    if is_constant:
        match kind, given:
            case ((types.Float64 | types.Decimal()), types.Int64):
                return
            case types.Decimal(scale=scale), types.Decimal(scale=shorter) if shorter <= scale:
                return
    raise ValueError(f"the {what} are {kind}, and {given} is compared with them; use .cast({kind})")


def _sum(kind: ValueType, name: str) -> ValueType:
    match kind:
        case types.Int64 | types.Float64:
            return kind
        case types.Decimal(scale=scale):
            return types.Decimal(SUM_PRECISION, scale)
        case _:
            raise ValueError(f"{name} needs numbers, not {kind}")


def _scale(function: str, scale: int) -> int:
    if not is_whole(scale) or not 0 <= scale <= MAX_SCALE:
        text = f"scale={scale!r} must be a whole number, 0 to {MAX_SCALE}"
        raise DefinitionError(function, [text])
    return scale
