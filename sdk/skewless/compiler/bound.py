"""Expressions made explicit: every conversion and every null rule is a node of its own.

`bind` lowers a user's expression to primitives that leave an interpreter no choice: each is strict
(a null argument gives null) unless it says otherwise, and arithmetic is IEEE double or exact
integer. SQL and Python are two interpreters of the same tree, so no rule is written twice.

Values are physical: a Decimal is its unscaled integer, a Timestamp its microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

from skewless.definitions import types
from skewless.definitions.expression import (
    CallNode,
    ColumnNode,
    FeatureNode,
    LiteralNode,
    Operator,
    RequestNode,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from skewless.definitions.expression import Node
    from skewless.definitions.types import ValueType


class Primitive(Enum):
    """The primitives that an interpreter must implement, by the kind of their result."""

    # doubles
    ADD = auto()
    SUBTRACT = auto()
    MULTIPLY = auto()
    DIVIDE = auto()
    NEGATE = auto()
    ABSOLUTE = auto()
    SQUARE_ROOT = auto()
    FLOOR = auto()
    CEILING = auto()
    LOGARITHM = auto()
    EXPONENTIAL = auto()
    POWER = auto()
    FINITE = auto()  # null for an infinity or NaN
    POSITIVE_ZERO = auto()  # -0.0 becomes 0.0
    NULL_IF_ZERO = auto()
    NULL_IF_NEGATIVE = auto()
    NULL_IF_NOT_POSITIVE = auto()
    NULL_UNLESS_POWER = auto()  # (base, exponent): base, or null where base ** exponent is not real
    ROUND_HALF_AWAY = auto()  # double to the nearest whole number as a 64-bit integer
    # exact integers
    TO_DOUBLE = auto()  # d(x) of the semantics
    INTEGER_SUBTRACT = auto()
    INTEGER_MULTIPLY = auto()
    INTEGER_REMAINDER = auto()  # sign of the dividend
    INTEGER_QUOTIENT = auto()  # of an exact division
    NULL_IF_BELOW = auto()  # (x, n, least): x where n >= least
    NARROW = auto()  # to 64 bits, or an overflow error
    # truth values, three-valued
    EQUAL = auto()
    NOT_EQUAL = auto()
    LESS = auto()
    LESS_EQUAL = auto()
    GREATER = auto()
    GREATER_EQUAL = auto()
    AND = auto()  # not strict
    OR = auto()  # not strict
    NOT = auto()
    # nulls; none of these is strict
    IS_NULL = auto()
    FILL_NULL = auto()
    IF_ELSE = auto()  # a null condition takes the else branch


@dataclass(frozen=True, slots=True)
class Column:
    """A source column, or a partial of a state."""

    name: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request field."""

    name: str


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of a view, by the view's name and version."""

    view: str
    version: int
    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A physical value and its type."""

    value: bool | int | float | str | bytes
    type: ValueType


@dataclass(frozen=True, slots=True)
class Apply:
    """A primitive over arguments."""

    primitive: Primitive
    arguments: tuple[Bound, ...]


Bound: TypeAlias = Column | Request | Feature | Constant | Apply


@dataclass(frozen=True, slots=True)
class Typed:
    """A bound expression and its type."""

    bound: Bound
    type: ValueType


def apply(primitive: Primitive, *arguments: Bound) -> Apply:
    """Write a primitive over arguments."""
    return Apply(primitive, arguments)


def double(value: float) -> Constant:
    """Write a double constant."""
    return Constant(value, types.Float64)


def integer(value: int) -> Constant:
    """Write an integer constant."""
    return Constant(value, types.Int64)


def power_of_ten(exponent: int) -> Constant:
    """Write 10^exponent as the nearest double, exact up to 10^22."""
    return double(float(f"1e{exponent}"))


def parts_of(bound: Bound | None) -> Iterator[Bound]:
    """Walk a tree: each node, its arguments after it; nothing for None."""
    if bound is None:
        return
    yield bound
    if isinstance(bound, Apply):
        for argument in bound.arguments:
            yield from parts_of(argument)


def features_of(bound: Bound) -> frozenset[Feature]:
    """Return the features that an expression reads."""
    if isinstance(bound, Apply):
        return frozenset().union(*map(features_of, bound.arguments))
    return frozenset((bound,)) if isinstance(bound, Feature) else frozenset()


def bind(
    node: Node, columns: Mapping[str, ValueType], request: Mapping[str, ValueType] | None = None
) -> Typed:
    """Lower a checked expression; its result is in normal form (no -0.0)."""
    typed = _settled(_bind(node, columns, request or {}))
    if typed.type == types.Float64 and isinstance(typed.bound, Apply):
        return Typed(apply(Primitive.POSITIVE_ZERO, typed.bound), typed.type)
    return typed


def as_double(typed: Typed) -> Bound:
    """Convert a number to Float64; an exact integer of 64 bits converts with one rounding."""
    match typed.type:
        case types.Decimal(scale=scale):
            unscaled = apply(Primitive.TO_DOUBLE, typed.bound)
            return apply(Primitive.DIVIDE, unscaled, power_of_ten(scale))
        case types.Int64:
            return apply(Primitive.TO_DOUBLE, typed.bound)
        case _:
            return typed.bound


def _bind(node: Node, columns: Mapping[str, ValueType], request: Mapping[str, ValueType]) -> Typed:
    match node:
        case ColumnNode(name):
            return Typed(Column(name), columns[name])
        case RequestNode(name):
            return Typed(Request(name), request[name])
        case FeatureNode(view, feature):
            bound = Feature(view.name, view.version, feature)
            return Typed(bound, view.feature_types[feature])
        case LiteralNode(value, type_):
            return Typed(Constant(value, type_), type_)
        case CallNode(operator, arguments):
            return _call(operator, [_bind(argument, columns, request) for argument in arguments])


_COMPARISONS = {
    Operator.EQUAL: Primitive.EQUAL,
    Operator.NOT_EQUAL: Primitive.NOT_EQUAL,
    Operator.LESS: Primitive.LESS,
    Operator.LESS_EQUAL: Primitive.LESS_EQUAL,
    Operator.GREATER: Primitive.GREATER,
    Operator.GREATER_EQUAL: Primitive.GREATER_EQUAL,
}
_LOGIC = {Operator.AND: Primitive.AND, Operator.OR: Primitive.OR, Operator.NOT: Primitive.NOT}


def _divide(left: Bound, right: Bound) -> Bound:
    return apply(Primitive.DIVIDE, left, apply(Primitive.NULL_IF_ZERO, right))


def _square_root(value: Bound) -> Bound:
    return apply(Primitive.SQUARE_ROOT, apply(Primitive.NULL_IF_NEGATIVE, value))


def _logarithm(value: Bound) -> Bound:
    return apply(Primitive.LOGARITHM, apply(Primitive.NULL_IF_NOT_POSITIVE, value))


def _power(base: Bound, exponent: Bound) -> Bound:
    real = apply(Primitive.NULL_UNLESS_POWER, base, exponent)
    return apply(Primitive.POWER, real, exponent)


def _plain(primitive: Primitive) -> Callable[..., Bound]:
    return lambda *arguments: apply(primitive, *arguments)


_ARITHMETIC: dict[Operator, Callable[..., Bound]] = {
    Operator.ADD: _plain(Primitive.ADD),
    Operator.SUBTRACT: _plain(Primitive.SUBTRACT),
    Operator.MULTIPLY: _plain(Primitive.MULTIPLY),
    Operator.DIVIDE: _divide,
    Operator.NEGATE: _plain(Primitive.NEGATE),
    Operator.ABSOLUTE: _plain(Primitive.ABSOLUTE),
    Operator.SQUARE_ROOT: _square_root,
    Operator.FLOOR: _plain(Primitive.FLOOR),
    Operator.CEILING: _plain(Primitive.CEILING),
    Operator.LOGARITHM: _logarithm,
    Operator.EXPONENTIAL: _plain(Primitive.EXPONENTIAL),
    Operator.POWER: _power,
}
# These operators propagate infinity and NaN, so one check at the end of a chain is enough. A check
# at each step would double the SQL each time, since an engine copies what it checks.
_TRANSPARENT = frozenset(
    {
        Operator.ADD,
        Operator.SUBTRACT,
        Operator.MULTIPLY,
        Operator.NEGATE,
        Operator.ABSOLUTE,
    }
)
_MAY_OVERFLOW = frozenset(
    {
        Primitive.ADD,
        Primitive.SUBTRACT,
        Primitive.MULTIPLY,
        Primitive.DIVIDE,
        Primitive.EXPONENTIAL,
        Primitive.POWER,
    }
)


def _settled(typed: Typed) -> Typed:
    """Put null in place of an infinity or NaN."""
    if not _may_overflow(typed.bound):
        return typed
    return Typed(apply(Primitive.FINITE, typed.bound), typed.type)


def _may_overflow(bound: Bound) -> bool:
    match bound:
        case Apply(primitive=Primitive.NEGATE | Primitive.ABSOLUTE, arguments=(only,)):
            return _may_overflow(only)
        case Apply(primitive=Primitive.DIVIDE, arguments=(_, Constant())):
            return False  # a Decimal made a double
        case Apply(primitive=primitive):
            return primitive in _MAY_OVERFLOW
        case _:
            return False


def _call(operator: Operator, arguments: list[Typed]) -> Typed:
    if operator in _TRANSPARENT:
        return _arithmetic(operator, arguments)
    if operator is Operator.DIVIDE:
        return _arithmetic(operator, [arguments[0], _settled(arguments[1])])
    settled = [_settled(argument) for argument in arguments]
    if operator in _ARITHMETIC:
        return _arithmetic(operator, settled)
    return _choice(operator, settled)


def _arithmetic(operator: Operator, arguments: list[Typed]) -> Typed:
    doubles = (as_double(argument) for argument in arguments)
    return Typed(_ARITHMETIC[operator](*doubles), types.Float64)


def _choice(operator: Operator, arguments: list[Typed]) -> Typed:
    if operator in _COMPARISONS:
        left, right = _comparable(arguments[0], arguments[1])
        return Typed(apply(_COMPARISONS[operator], left, right), types.Bool)
    if operator in _LOGIC:
        truths = (argument.bound for argument in arguments)
        return Typed(apply(_LOGIC[operator], *truths), types.Bool)
    if operator is Operator.IS_NULL:
        return Typed(apply(Primitive.IS_NULL, arguments[0].bound), types.Bool)
    if operator is Operator.FILL_NULL:
        type_, left, right = _one_type(arguments[0], arguments[1])
        return Typed(apply(Primitive.FILL_NULL, left, right), type_)
    type_, left, right = _one_type(arguments[1], arguments[2])
    return Typed(apply(Primitive.IF_ELSE, arguments[0].bound, left, right), type_)


def _comparable(left: Typed, right: Typed) -> tuple[Bound, Bound]:
    if left.type == right.type:
        return left.bound, right.bound
    return as_double(left), as_double(right)


def _one_type(left: Typed, right: Typed) -> tuple[ValueType, Bound, Bound]:
    if left.type == right.type:
        return left.type, left.bound, right.bound
    return types.Float64, as_double(left), as_double(right)
