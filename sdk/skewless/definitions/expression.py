"""Expressions over columns, request fields and features: a tree, and the operators to write it.

`Expr` is what a user composes; the `node` inside is frozen data with structural equality, which is
what definitions keep. What an expression means is said in `skewless.compiler.bound`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from numbers import Integral
from typing import TYPE_CHECKING, Protocol, TypeAlias

from skewless.definitions import decimals, types
from skewless.definitions.names import is_text
from skewless.errors import DefinitionError, NaiveTimestampError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skewless.definitions.types import ValueType

Literal: TypeAlias = bool | int | float | str | bytes | datetime | Decimal
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
# Deeper trees would exceed the recursion limit of Python and of SQL writers, with a bad message.
MAX_DEPTH = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Operator(Enum):
    """The operators; the value is how one is printed."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="
    AND = "&"
    OR = "|"
    NOT = "~"
    NEGATE = "negate"
    ABSOLUTE = "abs"
    SQUARE_ROOT = "sqrt"
    FLOOR = "floor"
    CEILING = "ceil"
    LOGARITHM = "ln"
    EXPONENTIAL = "exp"
    POWER = "**"
    IS_NULL = "is_null"
    FILL_NULL = "fill_null"
    IF_ELSE = "if_else"


@dataclass(frozen=True, slots=True)
class ColumnNode:
    """The value of a source's column."""

    name: str


@dataclass(frozen=True, slots=True)
class RequestNode:
    """The value of a field that the caller sends."""

    name: str


class View(Protocol):
    """What an expression needs of the view of a feature: see `service.View`, which are such."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def version(self) -> int:
        """Its version."""
        ...

    @property
    def feature_types(self) -> Mapping[str, ValueType]:
        """The features and their types."""
        ...


@dataclass(frozen=True, slots=True)
class FeatureNode:
    """The value of another view's feature."""

    view: View
    feature: str


@dataclass(frozen=True, slots=True)
class LiteralNode:
    """A constant; a Timestamp is held as its microseconds, a Decimal as its unscaled integer."""

    value: bool | int | float | str | bytes
    type: ValueType


@dataclass(frozen=True, slots=True)
class CallNode:
    """An operator over arguments."""

    operator: Operator
    arguments: tuple[Node, ...]


Node: TypeAlias = ColumnNode | RequestNode | FeatureNode | LiteralNode | CallNode


class Expr:
    """An expression. Arithmetic, comparisons and `& | ~` build larger ones."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node

    def __add__(self, other: Expr | Literal) -> Expr:
        return _call(Operator.ADD, self, other)

    def __radd__(self, other: Literal) -> Expr:
        return _call(Operator.ADD, other, self)

    def __sub__(self, other: Expr | Literal) -> Expr:
        return _call(Operator.SUBTRACT, self, other)

    def __rsub__(self, other: Literal) -> Expr:
        return _call(Operator.SUBTRACT, other, self)

    def __mul__(self, other: Expr | Literal) -> Expr:
        return _call(Operator.MULTIPLY, self, other)

    def __rmul__(self, other: Literal) -> Expr:
        return _call(Operator.MULTIPLY, other, self)

    def __truediv__(self, other: Expr | Literal) -> Expr:
        return _call(Operator.DIVIDE, self, other)

    def __rtruediv__(self, other: Literal) -> Expr:
        return _call(Operator.DIVIDE, other, self)

    def __pow__(self, other: Expr | Literal) -> Expr:
        return _call(Operator.POWER, self, other)

    def __rpow__(self, other: Literal) -> Expr:
        return _call(Operator.POWER, other, self)

    def __neg__(self) -> Expr:
        return _call(Operator.NEGATE, self)

    def __abs__(self) -> Expr:
        return _call(Operator.ABSOLUTE, self)

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]
        return _call(Operator.EQUAL, self, other)

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]
        return _call(Operator.NOT_EQUAL, self, other)

    def __lt__(self, other: Expr | Literal) -> Expr:
        return _call(Operator.LESS, self, other)

    def __le__(self, other: Expr | Literal) -> Expr:
        return _call(Operator.LESS_EQUAL, self, other)

    def __gt__(self, other: Expr | Literal) -> Expr:
        return _call(Operator.GREATER, self, other)

    def __ge__(self, other: Expr | Literal) -> Expr:
        return _call(Operator.GREATER_EQUAL, self, other)

    def __and__(self, other: Expr | bool) -> Expr:
        return _call(Operator.AND, self, other)

    def __rand__(self, other: bool) -> Expr:
        return _call(Operator.AND, other, self)

    def __or__(self, other: Expr | bool) -> Expr:
        return _call(Operator.OR, self, other)

    def __ror__(self, other: bool) -> Expr:
        return _call(Operator.OR, other, self)

    def __invert__(self) -> Expr:
        return _call(Operator.NOT, self)

    def __hash__(self) -> int:
        return hash(self.node)

    def __bool__(self) -> bool:
        raise TypeError(
            f"the expression {self} has no truth value; write & | ~ in place of and, or, not, "
            "and .between(low, high) in place of low <= x <= high"
        )

    def __repr__(self) -> str:
        return render(self.node)

    def abs(self) -> Expr:
        """Return the absolute value."""
        return abs(self)

    def sqrt(self) -> Expr:
        """Return the square root; null below zero."""
        return _call(Operator.SQUARE_ROOT, self)

    def floor(self) -> Expr:
        """Return the greatest whole number that is not greater."""
        return _call(Operator.FLOOR, self)

    def ceil(self) -> Expr:
        """Return the least whole number that is not less."""
        return _call(Operator.CEILING, self)

    def ln(self) -> Expr:
        """Return the natural logarithm; null at and below zero. May differ by 1 ulp by engine."""
        return _call(Operator.LOGARITHM, self)

    def exp(self) -> Expr:
        """Return e to the power of the value. May differ by 1 ulp by engine."""
        return _call(Operator.EXPONENTIAL, self)

    def is_null(self) -> Expr:
        """Say whether the value is null."""
        return _call(Operator.IS_NULL, self)

    def is_not_null(self) -> Expr:
        """Say whether the value is not null."""
        return ~self.is_null()

    def fill_null(self, other: Expr | Literal) -> Expr:
        """Return the value, or `other` where it is null."""
        return _call(Operator.FILL_NULL, self, other)

    def between(self, low: Expr | Literal, high: Expr | Literal) -> Expr:
        """Say whether low <= value <= high."""
        return (self >= low) & (self <= high)

    def isin(self, values: Iterable[Literal]) -> Expr:
        """Say whether the value equals one of `values`. It is false if `values` is empty.

        Raises:
            TypeError: `values` is no collection. A text is refused: its letters would be compared.
        """
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise TypeError(f"isin takes a list of constants, not {values!r}")
        nodes = [to_node(value) for value in values]
        if isinstance(values, AbstractSet):
            # A set's order changes from run to run; an expression's fingerprint must not.
            nodes.sort(key=repr)
        tests = [CallNode(Operator.EQUAL, (self.node, node)) for node in nodes]
        return Expr(_either(tests)) if tests else lit(value=False)


def col(name: str) -> Expr:
    """Name a column of the view's source."""
    return Expr(ColumnNode(_name("col", name)))


def request(name: str) -> Expr:
    """Name a field that the caller sends with a request, and that a training frame carries."""
    return Expr(RequestNode(_name("request", name)))


def lit(value: Literal) -> Expr:
    """Write a constant."""
    return Expr(literal_node(value))


def if_else(condition: Expr, then: Expr | Literal, otherwise: Expr | Literal) -> Expr:
    """Return `then` where the condition is true, `otherwise` where it is false or null."""
    return _call(Operator.IF_ELSE, condition, then, otherwise)


def literal_node(value: object) -> LiteralNode:
    """Normalise a Python constant.

    Raises:
        ValueError: a number that is not finite, an int beyond 64 bits, a Decimal of more than 18
            digits, or a text that is not UTF-8.
        TypeError: no type of skewless holds such a value.
    """
    match value:
        case bool():
            return LiteralNode(value, types.Bool)
        case Integral():  # numpy's too
            return _integer_node(int(value))
        case float():
            return _float_node(float(value))
        case Decimal():
            return LiteralNode(*decimals.minimal(value))
        case str():
            return _text_node(str.__str__(value))  # an Enum's text, not its name
        case bytes():
            return LiteralNode(bytes(value), types.Bytes)
        case datetime():
            return LiteralNode(to_microseconds(value, "the constant"), types.Timestamp)
    if value is None:
        raise TypeError(
            "None cannot stand in an expression: nothing equals null, not even null; ask with "
            ".is_null() or .is_not_null(), replace it with .fill_null(...)"
        )
    raise TypeError(
        f"{value!r} cannot stand in an expression; use bool, int, float, str, bytes, "
        "an aware datetime, decimal.Decimal, or another expression"
    )


def _integer_node(value: int) -> LiteralNode:
    if not INT64_MIN <= value <= INT64_MAX:
        raise ValueError(f"the constant {value} does not fit in 64 bits")
    return LiteralNode(value, types.Int64)


def _float_node(value: float) -> LiteralNode:
    if not math.isfinite(value):
        raise ValueError(f"the constant {value} is not a finite number; null is its value")
    return LiteralNode(value + 0.0, types.Float64)  # -0.0 is 0.0


def _text_node(value: str) -> LiteralNode:
    if not is_text(value):
        raise ValueError(f"the constant {value!r} holds characters that UTF-8 cannot write")
    return LiteralNode(value, types.String)


def to_microseconds(value: datetime, where: str) -> int:
    """Return microseconds since the epoch; `where` names the value in the error.

    Raises:
        NaiveTimestampError: the value has no time zone.
    """
    if value.tzinfo is None or value.utcoffset() is None:
        raise NaiveTimestampError.of(f"{where} {value.isoformat()}")
    return (value - _EPOCH) // timedelta(microseconds=1)


def to_datetime(microseconds: int) -> datetime:
    """Return the UTC instant so many microseconds after the epoch."""
    return _EPOCH + timedelta(microseconds=microseconds)


def to_node(value: object) -> Node:
    """Return the node of an expression, or of a constant."""
    return value.node if isinstance(value, Expr) else literal_node(value)


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and all below it, parents first."""
    yield node
    if isinstance(node, CallNode):
        for argument in node.arguments:
            yield from walk(argument)


def render(node: Node) -> str:
    """Print an expression as a user would write it."""
    match node:
        case ColumnNode(name):
            return f"col({name!r})"
        case RequestNode(name):
            return f"request({name!r})"
        case FeatureNode(view, feature):
            return f"{view.name}[{feature!r}]"
        case LiteralNode(int(value), types.Decimal(scale=scale)):
            return repr(decimals.logical(value, scale))
        case LiteralNode(value, type_):
            return to_datetime(int(value)).isoformat() if type_ == types.Timestamp else repr(value)
        case CallNode(operator, (left, right)) if not operator.value.isidentifier():
            return f"({render(left)} {operator.value} {render(right)})"
        case CallNode(operator, (only,)) if operator in (Operator.NOT, Operator.NEGATE):
            return f"{'~' if operator is Operator.NOT else '-'}{render(only)}"
        case CallNode(operator, arguments):
            return f"{operator.value}({', '.join(map(render, arguments))})"


def _call(operator: Operator, *arguments: object) -> Expr:
    node = CallNode(operator, tuple(to_node(argument) for argument in arguments))
    if _depth(node) > MAX_DEPTH:
        problem = (
            f"it nests deeper than {MAX_DEPTH}; join the halves of a long chain, not one term "
            "after the other, and write .isin([...]) for many equals"
        )
        raise DefinitionError(f"an expression that ends in {operator.value!r}", [problem])
    return Expr(node)


def _depth(node: Node) -> int:
    return 1 + max(map(_depth, node.arguments)) if isinstance(node, CallNode) else 0


def _either(tests: Sequence[CallNode]) -> CallNode:
    """Join conditions pairwise, so that a thousand of them nest ten deep."""
    if len(tests) == 1:
        return tests[0]
    half = (len(tests) + 1) // 2
    return CallNode(Operator.OR, (_either(tests[:half]), _either(tests[half:])))


def _name(function: str, name: object) -> str:
    if isinstance(name, str):
        return name
    raise DefinitionError(f"{function}({name!r})", ["give a name as text"])
