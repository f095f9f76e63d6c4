"""Expressions made explicit: every conversion and every null rule is a node of its own.

`binding.bind` lowers a user's expression to primitives that leave an interpreter no choice: each is
strict (a null argument gives null) unless it says otherwise, and arithmetic is IEEE double or exact
integer. SQL and Python are two interpreters of the same tree, so no rule is written twice.

Values are physical: a Decimal is its unscaled integer, a Timestamp its microseconds, a
Date its days.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

from skewless.definitions import types
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.definitions.types import ValueType
    from skewless.definitions.version import Version


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
    LOGARITHM = auto()  # these three are the engine's own
    EXPONENTIAL = auto()
    POWER = auto()
    FINITE = auto()  # null for an infinity or NaN
    POSITIVE_ZERO = auto()  # -0.0 becomes 0.0
    NULL_IF_ZERO = auto()
    NULL_IF_NEGATIVE = auto()
    NULL_IF_NOT_POSITIVE = auto()
    NULL_UNLESS_POWER = auto()  # (base, exponent): base, or null where base ** exponent is not real
    ROUND = auto()  # (x, n): to n decimals, exactly, halves away from zero
    TRUNCATE = auto()  # double to a 64-bit integer towards zero, null where it does not fit
    ROUND_HALF_AWAY = auto()  # double to the nearest whole number as a 64-bit integer
    # by `elementary`; null for an infinity, NaN and what is beyond its range
    EXP = auto()
    LN = auto()
    LOG2 = auto()
    LOG10 = auto()
    LOG1P = auto()
    EXPM1 = auto()
    POW = auto()
    SIN = auto()
    COS = auto()
    TAN = auto()
    ASIN = auto()
    ACOS = auto()
    ATAN = auto()
    ATAN2 = auto()
    TANH = auto()
    SIGMOID = auto()
    HAVERSINE = auto()
    # exact integers
    TO_DOUBLE = auto()  # d(x) of the semantics
    INTEGER_ADD = auto()
    INTEGER_SUBTRACT = auto()
    INTEGER_MULTIPLY = auto()
    INTEGER_REMAINDER = auto()  # sign of the dividend
    INTEGER_QUOTIENT = auto()  # of an exact division
    FLOOR_DIVIDE = auto()  # rounds down; null by zero, and where it does not fit
    MODULO = auto()  # sign of the divisor; null by zero
    BUCKET = auto()  # (x, edges...): how many edges are at most x
    NULL_IF_BELOW = auto()  # (x, n, least): x where n >= least
    NARROW = auto()  # to 64 bits, or an overflow error
    MAGNITUDE = auto()  # of a 64-bit integer: see `buckets`
    MAGNITUDE_OF_DOUBLE = auto()  # of a double, rounded half away
    # hashes: see `distinct`
    HASH_TEXT = auto()
    HASH_INTEGER = auto()  # of its decimal digits
    HASH_BOOL = auto()  # of true or false
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
    # texts; those that take more than one take constants after it, but for CONCAT
    CONCAT = auto()
    TO_TEXT = auto()  # of an integer or a truth value
    HASH_MOD = auto()
    LOWER = auto()
    UPPER = auto()
    STRIP = auto()
    LENGTH = auto()
    SLICE = auto()
    REPLACE = auto()
    SPLIT_PART = auto()
    STARTS_WITH = auto()
    ENDS_WITH = auto()
    CONTAINS = auto()
    # the date so many days after 1970-01-01
    YEAR = auto()
    MONTH = auto()
    DAY = auto()
    ORDINAL_DAY = auto()
    # lists and maps
    LIST_LENGTH = auto()
    LIST_GET = auto()  # (list, place): the first is 1, the last -1
    LIST_CONTAINS = auto()
    LIST_COUNT = auto()  # (list, value): how many equal the value
    LIST_MIN = auto()  # null if empty, as the next two
    LIST_MAX = auto()
    LIST_SUM = auto()  # of integers, exactly
    LIST_UNITS = auto()  # (doubles, factor): rounded products as integers; null if one is too large
    MAP_GET = auto()
    MAP_VALUES = auto()
    # nulls; none of these is strict
    NULL_IF = auto()  # (x, condition): null where the condition is true
    GREATEST = auto()  # nulls are skipped
    LEAST = auto()
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
class RequestTime:
    """The instant that is asked for."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of a view, by the view's name and version."""

    view: str
    version: Version
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
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # What is known of a tree is kept by the tree. Its parts have their hashes already.
        object.__setattr__(self, "_hash", hash((self.primitive, self.arguments)))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[Apply], tuple[Primitive, tuple[Bound, ...]]]:
        """Pickle without the hash: a text has another one in another process."""
        return Apply, (self.primitive, self.arguments)


Bound: TypeAlias = Column | Request | RequestTime | Feature | Constant | Apply


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


def within(value: Bound, low: int, high: int) -> Apply:
    """Write an integer that is null beyond limits."""
    outside = apply(
        Primitive.OR,
        apply(Primitive.LESS, value, integer(low)),
        apply(Primitive.LESS, integer(high), value),
    )
    return apply(Primitive.NULL_IF, value, outside)


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
