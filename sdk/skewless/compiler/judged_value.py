"""What is known of a value of a Python function while it is written as primitives.

A primitive gives null where Python raises. So a step is written only where it is known that Python
does not raise: that a value is not None, not zero, within 64 bits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from skewless.compiler.bound import Constant, Primitive, apply, double, integer
from skewless.definitions import types
from skewless.definitions.expression import INT64_MAX, INT64_MIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.compiler.bound import Bound
    from skewless.definitions.types import ValueType

    Facts: TypeAlias = "Mapping[Bound, Fact]"

EXACT = 2**53  # up to here a whole number is the double that equals it
TRUE, FALSE = Constant(value=True, type=types.Bool), Constant(value=False, type=types.Bool)


class NotWrittenError(Exception):
    """A function stays Python; the message says why. It never leaves the compiler."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What a branch tells of a value; `low` and `high` are inclusive, None where nothing is."""

    is_there: bool = False
    is_nonzero: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a function.

    Attributes:
        bound: the value in primitives; of the constant None anything.
        type: None for the constant None.
        may_be_none: whether it may be None.
        is_finite: of a Float64, that it is neither an infinity nor NaN.
        may_be_nan: of a Float64.
        fact: what else is known.
    """

    bound: Bound
    type: ValueType | None
    may_be_none: bool = False
    is_finite: bool = True
    may_be_nan: bool = False
    fact: Fact = Fact()

    def known(self, facts: Facts) -> Value:
        """Return the value with what a branch tells of it."""
        told = facts.get(self.bound)
        if told is None or self.type is None:
            return self
        return replace(
            self,
            may_be_none=self.may_be_none and not told.is_there,
            fact=both(self.fact, told),
        )

    @property
    def constant(self) -> float | None:
        """The number that it always is."""
        low, high = self.fact.low, self.fact.high
        return low if low is not None and low == high else None

    @property
    def range(self) -> tuple[int, int]:
        """The least and the greatest that an Int64 may be."""
        low, high = self.fact.low, self.fact.high
        return (
            INT64_MIN if low is None else int(low),
            INT64_MAX if high is None else int(high),
        )


@dataclass(frozen=True, slots=True)
class Truth:
    """A condition: never null, and what is known where it is true, and where it is false."""

    bound: Bound
    when_true: Facts
    when_false: Facts

    def opposite(self) -> Truth:
        """Return the negation."""
        if isinstance(self.bound, Constant):
            return always(value=not self.bound.value)
        return Truth(apply(Primitive.NOT, self.bound), self.when_false, self.when_true)


NONE = Value(Constant(0, types.Int64), None, may_be_none=True)


def always(*, value: bool) -> Truth:
    """Return a condition that is always the same."""
    return Truth(TRUE if value else FALSE, {}, {})


def both(left: Fact, right: Fact) -> Fact:
    """Return what two facts tell together."""
    lows = [each for each in (left.low, right.low) if each is not None]
    highs = [each for each in (left.high, right.high) if each is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    excludes_zero = (low is not None and low > 0) or (high is not None and high < 0)
    return Fact(
        left.is_there or right.is_there,
        left.is_nonzero or right.is_nonzero or excludes_zero,
        low,
        high,
    )


def joined(left: Facts, right: Facts) -> Facts:
    """Return all that two branches tell."""
    found = dict(left)
    for bound, fact in right.items():
        found[bound] = both(found[bound], fact) if bound in found else fact
    return found


def number(value: float, type_: ValueType) -> Value:
    """Return a constant number."""
    bound = integer(int(value)) if type_ == types.Int64 else double(float(value))
    return Value(bound, type_, fact=both(Fact(low=value, high=value), Fact()))


def whole(bound: Bound, low: int, high: int) -> Value:
    """Return an Int64 within a range.

    Raises:
        NotWrittenError: it may leave 64 bits.
    """
    if low < INT64_MIN or high > INT64_MAX:
        raise NotWrittenError("a whole number may leave 64 bits")
    return Value(bound, types.Int64, fact=both(Fact(low=low, high=high), Fact()))


def there(value: Value) -> Value:
    """Return a value that is not None.

    Raises:
        NotWrittenError: it may be None, where Python raises.
    """
    if value.may_be_none:
        raise NotWrittenError("a value may be None; ask `if x is not None` before")
    return value


def as_float(value: Value) -> Value:
    """Return a number as a double.

    Raises:
        NotWrittenError: it is no number.
    """
    value = counted(value)
    match value.type:
        case types.Float64:
            return value
        case types.Int64:
            low, high = value.fact.low, value.fact.high
            near = {"low": low, "high": high} if is_exact(value) else {}
            fact = Fact(value.fact.is_there, value.fact.is_nonzero, **near)
            if isinstance(value.bound, Constant):
                return Value(double(float(value.bound.value)), types.Float64, fact=fact)
            bound = apply(Primitive.TO_DOUBLE, value.bound)
            return Value(bound, types.Float64, value.may_be_none, fact=fact)
    raise NotWrittenError(f"{value.type} is no number")


def counted(value: Value) -> Value:
    """Return a Bool as the Int64 that it is in Python; anything else as it is."""
    if value.type != types.Bool or value.may_be_none:
        return value
    return whole(apply(Primitive.IF_ELSE, value.bound, integer(1), integer(0)), 0, 1)


def is_exact(value: Value) -> bool:
    """Say whether an Int64 equals the double that it converts to."""
    low, high = value.range
    return low >= -EXACT and high <= EXACT


def of_one_type(left: Value, right: Value) -> tuple[Value, Value]:
    """Return two values of which each converts to the type of both without a change.

    Raises:
        NotWrittenError: there is no such type.
    """
    if left.type == right.type:
        return left, right
    pair = counted(left), counted(right)
    if any(each.type == types.Int64 and not is_exact(each) for each in pair):
        if pair[0].type == pair[1].type == types.Int64:
            return pair
        raise NotWrittenError("a whole number beyond 2^53 beside a float")
    if pair[0].type == pair[1].type:
        return pair
    return as_float(pair[0]), as_float(pair[1])


def chosen(truth: Truth, left: Value, right: Value) -> Value:
    """Return one value where a condition is true, else the other.

    Raises:
        NotWrittenError: they are of two types.
    """
    if isinstance(truth.bound, Constant):
        return left if truth.bound.value else right
    if left.type is None and right.type is None:
        return NONE
    if left.type is None or right.type is None:
        there_, other = (right, left) if left.type is None else (left, right)
        null = null_of(there_.type)
        first, second = (null, there_.bound) if other is left else (there_.bound, null)
        bound = apply(Primitive.IF_ELSE, truth.bound, first, second)
        return replace(there_, bound=bound, may_be_none=True)
    if left.type != right.type and types.Bool in (left.type, right.type):
        # True is 1 in arithmetic, but neither an Int64 nor a Float64 when it is returned.
        raise NotWrittenError("what is a truth value in one branch only")
    left, right = of_one_type(left, right)
    lows = [left.fact.low, right.fact.low]
    highs = [left.fact.high, right.fact.high]
    return Value(
        apply(Primitive.IF_ELSE, truth.bound, left.bound, right.bound),
        left.type,
        left.may_be_none or right.may_be_none,
        left.is_finite and right.is_finite,
        left.may_be_nan or right.may_be_nan,
        Fact(
            is_nonzero=left.fact.is_nonzero and right.fact.is_nonzero,
            low=None if None in lows else min(each for each in lows if each is not None),
            high=None if None in highs else max(each for each in highs if each is not None),
        ),
    )


def null_of(type_: ValueType | None) -> Bound:
    """Return a null of a type."""
    return apply(Primitive.NULL_IF, _any(type_), TRUE)


def _any(type_: ValueType | None) -> Bound:
    match type_:
        case types.Bool:
            return FALSE
        case types.Float64:
            return double(0.0)
        case types.String:
            return Constant("", types.String)
        case types.Int64 | types.Timestamp:
            return Constant(0, type_)
    raise NotWrittenError(f"{type_} has no expressions")
