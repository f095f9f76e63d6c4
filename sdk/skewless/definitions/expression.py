"""Expressions over columns, request fields and features: a tree, and the operators to write it.

`Expr` is what a user composes; the `node` inside is frozen data with structural equality, which is
what definitions keep. What an expression means is said in `skewless.compiler.bound`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from numbers import Integral
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeAlias

from skewless.definitions import decimals, types
from skewless.definitions.dates import to_date, to_days
from skewless.definitions.duration import Duration
from skewless.definitions.elementary import ElementaryMethods
from skewless.definitions.lists import ListMethods, MapMethods
from skewless.definitions.names import is_text
from skewless.definitions.namespaces import TextMethods, TimeMethods, unknown_method
from skewless.definitions.operators import METHODS, Operator
from skewless.errors import DefinitionError, NaiveTimestampError
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skewless.definitions.types import ValueType
    from skewless.definitions.version import Version

Literal: TypeAlias = bool | int | float | str | bytes | datetime | date | Decimal
Text: TypeAlias = str  # in the class below, `str` is a method
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
# Deeper trees would exceed the recursion limit of Python and of SQL writers, with a bad message.
MAX_DEPTH = 40
MAX_ROUND = 15
MAX_HASH = 2**31
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    def version(self) -> Version:
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
    """A constant; physical, such as a Timestamp as its microseconds."""

    value: bool | int | float | str | bytes
    type: ValueType


@dataclass(frozen=True, slots=True)
class CallNode:
    """An operator over arguments."""

    operator: Operator
    arguments: tuple[Node, ...]


Node: TypeAlias = ColumnNode | RequestNode | FeatureNode | LiteralNode | CallNode


class Expr(ElementaryMethods):
    """An expression. Arithmetic, comparisons and `& | ~` build larger ones."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node

    def __add__(self, other: Expr | Literal | timedelta | Duration) -> Expr:
        return called(Operator.ADD, self, _of_time(other))

    def __radd__(self, other: Literal) -> Expr:
        return called(Operator.ADD, other, self)

    def __sub__(self, other: Expr | Literal | timedelta | Duration) -> Expr:
        return called(Operator.SUBTRACT, self, _of_time(other))

    def __rsub__(self, other: Literal) -> Expr:
        return called(Operator.SUBTRACT, other, self)

    def __mul__(self, other: Expr | Literal) -> Expr:
        return called(Operator.MULTIPLY, self, other)

    def __rmul__(self, other: Literal) -> Expr:
        return called(Operator.MULTIPLY, other, self)

    def __truediv__(self, other: Expr | Literal) -> Expr:
        return called(Operator.DIVIDE, self, other)

    def __rtruediv__(self, other: Literal) -> Expr:
        return called(Operator.DIVIDE, other, self)

    def __floordiv__(self, other: Expr | Literal) -> Expr:
        return called(Operator.FLOOR_DIVIDE, self, other)

    def __rfloordiv__(self, other: Literal) -> Expr:
        return called(Operator.FLOOR_DIVIDE, other, self)

    def __mod__(self, other: Expr | Literal) -> Expr:
        return called(Operator.MODULO, self, other)

    def __rmod__(self, other: Literal) -> Expr:
        return called(Operator.MODULO, other, self)

    def __pow__(self, other: Expr | Literal) -> Expr:
        return called(Operator.POW, self, other)

    def __rpow__(self, other: Literal) -> Expr:
        return called(Operator.POW, other, self)

    def __neg__(self) -> Expr:
        return called(Operator.NEGATE, self)

    def __abs__(self) -> Expr:
        return called(Operator.ABSOLUTE, self)

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]
        return called(Operator.EQUAL, self, other)

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]
        return called(Operator.NOT_EQUAL, self, other)

    def __lt__(self, other: Expr | Literal) -> Expr:
        return called(Operator.LESS, self, other)

    def __le__(self, other: Expr | Literal) -> Expr:
        return called(Operator.LESS_EQUAL, self, other)

    def __gt__(self, other: Expr | Literal) -> Expr:
        return called(Operator.GREATER, self, other)

    def __ge__(self, other: Expr | Literal) -> Expr:
        return called(Operator.GREATER_EQUAL, self, other)

    def __and__(self, other: Expr | bool) -> Expr:
        return called(Operator.AND, self, other)

    def __rand__(self, other: bool) -> Expr:
        return called(Operator.AND, other, self)

    def __or__(self, other: Expr | bool) -> Expr:
        return called(Operator.OR, self, other)

    def __ror__(self, other: bool) -> Expr:
        return called(Operator.OR, other, self)

    def __invert__(self) -> Expr:
        return called(Operator.NOT, self)

    def __hash__(self) -> int:
        return hash(self.node)

    def __bool__(self) -> bool:
        raise TypeError(
            f"the expression {self} has no truth value; write & | ~ in place of and, or, not, "
            "and .between(low, high) in place of low <= x <= high"
        )

    def __repr__(self) -> Text:
        return render(self.node)

    if not TYPE_CHECKING:

        def __getattr__(self, name: Text) -> NoReturn:
            raise unknown_method(self, name)

    @property
    def str(self) -> TextMethods[Expr]:
        """The methods for texts."""
        return TextMethods(called, self)

    @property
    def dt(self) -> TimeMethods[Expr]:
        """The methods for instants."""
        return TimeMethods(called, self)

    @property
    def list(self) -> ListMethods[Expr]:
        """The methods for lists and vectors."""
        return ListMethods(called, self)

    @property
    def map(self) -> MapMethods[Expr]:
        """The methods for maps."""
        return MapMethods(called, self)

    def abs(self) -> Expr:
        """Return the absolute value."""
        return abs(self)

    def _of(self, operator: Operator) -> Expr:
        return called(operator, self)

    def round(self, n: int = 0) -> Expr:
        """Round to n decimals, 0 to 15, halves away from zero.

        The value that is held decides, not the one that was written: 2.675 is held as a number
        just below it, so `.round(2)` gives 2.67. Of a Decimal it gives 2.68.

        Raises:
            DefinitionError: n is no whole number of 0 to 15.
        """
        if not types.is_whole(n) or not 0 <= n <= MAX_ROUND:
            raise DefinitionError("round", [f"n={n!r} must be a whole number, 0 to {MAX_ROUND}"])
        return called(Operator.ROUND, self, n)

    def clip(self, low: Expr | Literal, high: Expr | Literal) -> Expr:
        """Return the value, `low` where it is less, `high` where it is greater."""
        return called(Operator.CLIP, self, low, high)

    def cast(self, type_: ValueType) -> Expr:
        """Convert to another type; null where the value does not fit.

        Bool, Int64, Float64 and Decimal convert to one another, Bool, Int64 and String to String.
        A Timestamp becomes the Date of its day in UTC, a Date the Timestamp at which it begins.
        A fraction is cut off towards zero for Int64, and rounded half away from zero for Decimal.

        Raises:
            DefinitionError: it is no type.
        """
        problems = types.type_problems(type_)
        if problems:
            raise DefinitionError("cast", problems)
        return called(Operator.CAST, self, repr(type_))

    def hash_mod(self, n: int) -> Expr:
        """Return a pseudo-random number of 0 to n - 1 that depends on the value alone.

        It is the first 64 bits of the MD5 of the value's text, modulo n.

        Raises:
            DefinitionError: n is no whole number of 1 to 2^31.
        """
        if not types.is_whole(n) or not 1 <= n <= MAX_HASH:
            raise DefinitionError("hash_mod", [f"n={n!r} must be a whole number, 1 to 2^31"])
        return called(Operator.HASH_MOD, self, n)

    def is_null(self) -> Expr:
        """Say whether the value is null."""
        return called(Operator.IS_NULL, self)

    def is_not_null(self) -> Expr:
        """Say whether the value is not null."""
        return ~self.is_null()

    def fill_null(self, other: Expr | Literal) -> Expr:
        """Return the value, or `other` where it is null."""
        return called(Operator.FILL_NULL, self, other)

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


def if_else(condition: Expr, then: Expr | Literal | None, otherwise: Expr | Literal | None) -> Expr:
    """Return `then` where the condition is true, `otherwise` where it is false or null.

    One of both may be None, which is a null of the other's type.

    Raises:
        TypeError: both are None.
    """
    if then is not None and otherwise is not None:
        return called(Operator.IF_ELSE, condition, then, otherwise)
    some = otherwise if then is None else then
    if some is None:
        raise TypeError("all values of the choice are None: give one a value, which has a type")
    null = called(Operator.NULL_IF, some, some)
    both = (null, some) if then is None else (some, null)
    return called(Operator.IF_ELSE, condition, *both)


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
        case date():
            return LiteralNode(to_days(value), types.Date)
    if value is None:
        raise TypeError(
            "None cannot stand in an expression: nothing equals null, not even null; ask with "
            ".is_null() or .is_not_null(), replace it with .fill_null(...)"
        )
    raise TypeError(
        f"{value!r} cannot stand in an expression; use bool, int, float, str, bytes, "
        "an aware datetime, a date, decimal.Decimal, or another expression"
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
        case LiteralNode():
            return _literal(node)
        case CallNode(operator, (left, right)) if not operator.shown.isidentifier():
            return f"({render(left)} {operator.shown} {render(right)})"
        case CallNode(operator, (only,)) if operator in (Operator.NOT, Operator.NEGATE):
            return f"{'~' if operator is Operator.NOT else '-'}{render(only)}"
        case CallNode(operator, (first, *rest)) if operator in METHODS:
            shown = ", ".join(map(render, rest))
            return f"{render(first)}.{METHODS[operator]}({shown})"
        case CallNode(operator, arguments):
            return f"{operator.shown}({', '.join(map(render, arguments))})"


def _literal(node: LiteralNode) -> str:
    match node:
        case LiteralNode(int(value), types.Decimal(scale=scale)):
            return repr(decimals.logical(value, scale))
        case LiteralNode(int(value), types.Timestamp):
            return to_datetime(value).isoformat()
        case LiteralNode(int(value), types.Date):
            return to_date(value).isoformat()
        case LiteralNode(value):
            return repr(value)


def called(operator: Operator, *arguments: object) -> Expr:
    """Return an operator over expressions and constants.

    Raises:
        DefinitionError: the expression nests too deep.
    """
    node = CallNode(operator, tuple(to_node(argument) for argument in arguments))
    if _depth(node) > MAX_DEPTH:
        problem = (
            f"it nests deeper than {MAX_DEPTH}; join the halves of a long chain, not one term "
            "after the other, and write .isin([...]) for many equals"
        )
        raise DefinitionError(f"an expression that ends in {operator.shown!r}", [problem])
    return Expr(node)


def _of_time(value: object) -> object:
    """Return the text of a length of time; whatever else it is."""
    return str(Duration.parse(value)) if isinstance(value, timedelta | Duration) else value


def _depth(node: Node) -> int:
    return 1 + max(map(_depth, node.arguments), default=0) if isinstance(node, CallNode) else 0


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
