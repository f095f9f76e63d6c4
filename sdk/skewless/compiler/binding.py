"""From a checked expression to primitives: its conversions, and where it is null."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.compiler import elementary, vocabulary
from skewless.compiler.bound import (
    Apply,
    Bound,
    Column,
    Constant,
    Feature,
    Primitive,
    Request,
    Typed,
    apply,
    as_double,
)
from skewless.definitions import types
from skewless.definitions.expression import (
    CallNode,
    ColumnNode,
    FeatureNode,
    LiteralNode,
    RequestNode,
)
from skewless.definitions.operators import Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skewless.definitions.expression import Node
    from skewless.definitions.types import ValueType


def bind(
    node: Node, columns: Mapping[str, ValueType], request: Mapping[str, ValueType] | None = None
) -> Typed:
    """Lower a checked expression; its result is in normal form (no -0.0)."""
    typed = _settled(_bind(node, columns, request or {}))
    if typed.type == types.Float64 and isinstance(typed.bound, Apply):
        return Typed(apply(Primitive.POSITIVE_ZERO, typed.bound), typed.type)
    return typed


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
_SHIFTS = (Operator.ADD, Operator.SUBTRACT)
_LOGIC = {Operator.AND: Primitive.AND, Operator.OR: Primitive.OR, Operator.NOT: Primitive.NOT}

_CHOICES = {*_COMPARISONS, *_LOGIC, Operator.IS_NULL, Operator.FILL_NULL, Operator.IF_ELSE}


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
# An infinity is out of the range of each of these.
_ELEMENTARY = {Operator[primitive.name]: primitive for primitive in elementary.FUNCTIONS}
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
    if arguments and arguments[0].type == types.Timestamp and operator in _SHIFTS:
        return vocabulary.shift(operator, arguments[0], arguments[1])
    if operator in _ELEMENTARY:
        parts = (as_double(argument) for argument in arguments)
        return Typed(apply(_ELEMENTARY[operator], *parts), types.Float64)
    if operator in _TRANSPARENT:
        return _arithmetic(operator, arguments)
    if operator is Operator.DIVIDE:
        return _arithmetic(operator, [arguments[0], _settled(arguments[1])])
    settled = [_settled(argument) for argument in arguments]
    if operator in _ARITHMETIC:
        return _arithmetic(operator, settled)
    if operator in _CHOICES:
        return _choice(operator, settled)
    return vocabulary.function(operator, settled)


def _arithmetic(operator: Operator, arguments: list[Typed]) -> Typed:
    doubles = (as_double(argument) for argument in arguments)
    return Typed(_ARITHMETIC[operator](*doubles), types.Float64)


def _choice(operator: Operator, arguments: list[Typed]) -> Typed:
    if operator in _COMPARISONS:
        left, right = vocabulary.one_type(*arguments)
        return Typed(apply(_COMPARISONS[operator], left.bound, right.bound), types.Bool)
    if operator in _LOGIC:
        truths = (argument.bound for argument in arguments)
        return Typed(apply(_LOGIC[operator], *truths), types.Bool)
    if operator is Operator.IS_NULL:
        return Typed(apply(Primitive.IS_NULL, arguments[0].bound), types.Bool)
    if operator is Operator.FILL_NULL:
        left, right = vocabulary.one_type(*arguments)
        return Typed(apply(Primitive.FILL_NULL, left.bound, right.bound), left.type)
    left, right = vocabulary.one_type(*arguments[1:])
    chosen = apply(Primitive.IF_ELSE, arguments[0].bound, left.bound, right.bound)
    return Typed(chosen, left.type)
