"""Run bound expressions in Python: write them as functions once, call these for every request."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from skewless.compiler import elementary, scalars
from skewless.compiler.bound import (
    Apply,
    Column,
    Constant,
    Feature,
    Primitive,
    Request,
    RequestTime,
)
from skewless.compiler.buckets import NO_BUCKET, bucket
from skewless.compiler.distinct import hash64
from skewless.compiler.integers import narrow, round_half_away, to_double
from skewless.errors import ValueOverflowError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from skewless.compiler.bound import Bound

Environment: TypeAlias = "Mapping[Bound, Any]"
Evaluator: TypeAlias = "Callable[[Environment], Any]"


def compile_python(bound: Bound) -> Evaluator:
    """Return a function from the values of columns, fields and features to the value."""
    return _Writer().function(bound, "values")


@lru_cache(maxsize=1024)  # features of several windows have the same recipes
def compile_recipe(bound: Bound, partials: tuple[Column, ...]) -> Callable[..., Any]:
    """Return a function of a window's partials, none of them null, in this order."""
    return _Writer(partials).function(bound, ", ".join(map(_of_partial, partials)))


def bucket_of_double(value: float) -> int:
    """Return the bucket of a double, rounded half away; `NO_BUCKET` if that leaves 64 bits."""
    try:
        return bucket(round_half_away(value))
    except ValueOverflowError:
        return NO_BUCKET


class _Writer:
    """Writes an expression as Python: a line for each part, and none twice."""

    def __init__(self, partials: Sequence[Column] = ()) -> None:
        self._lines: list[str] = []
        self._names: dict[str, Any] = dict(_NAMES)  # what lines refer to
        self._written: dict[object, str] = {partial: _of_partial(partial) for partial in partials}
        self._never_null = set(self._written.values())
        self._indent = " "

    def function(self, bound: Bound, parameters: str) -> Callable[..., Any]:
        result = self._name(bound)
        code = "\n".join([f"def evaluate({parameters}):", *self._lines, f" return {result}"])
        exec(code, self._names)  # noqa: S102 - no text of users is in it, only names made here
        evaluate: Callable[..., Any] = self._names["evaluate"]
        return evaluate

    def _name(self, bound: Bound) -> str:
        """Return the name of a part's value, after the lines that compute it."""
        match bound:
            case Constant(value=value):
                # Equal constants may be of different types, so each has its own name.
                return self._named(value, is_null=value is None)
            case Column() | Request() | RequestTime() | Feature():
                if bound not in self._written:
                    self._written[bound] = self._line(f"values[{self._named(bound)}]")
                return self._written[bound]
            case Apply(primitive=Primitive.NULL_IF_BELOW, arguments=(value, count, least)):
                return self._guarded(value, self._name(count), self._name(least))
            case Apply(primitive=primitive, arguments=parts):
                arguments = [self._name(part) for part in parts]
                key = (primitive, *arguments)
                if key not in self._written:
                    self._written[key] = self._applied(primitive, arguments)
                return self._written[key]

    def _applied(self, primitive: Primitive, arguments: list[str]) -> str:
        if primitive in _NOT_STRICT:
            return self._line(_NOT_STRICT[primitive].format(*arguments))
        nullable = [name for name in arguments if name not in self._never_null]
        text = (
            _STRICT[primitive].format(*arguments)
            if primitive in _STRICT
            else f"{primitive.name}({', '.join(arguments)})"
        )
        if nullable:
            return self._line(
                f"None if {' or '.join(f'{a} is None' for a in nullable)} else {text}"
            )
        return self._line(text, is_null=primitive in _MAKES_NULLS)

    def _guarded(self, value: Bound, count: str, least: str) -> str:
        # Do not compute the value below the least count: its division by n would fail.
        result = self._line("None")
        self._lines.append(f"{self._indent}if {count} >= {least}:")
        before, self._written = self._written, dict(self._written)
        self._indent += " "
        self._lines.append(f"{self._indent}{result} = {self._name(value)}")
        self._indent, self._written = self._indent[1:], before
        return result

    def _line(self, text: str, *, is_null: bool = True) -> str:
        name = f"v{len(self._lines)}"
        self._lines.append(f"{self._indent}{name} = {text}")
        if not is_null:
            self._never_null.add(name)
        return name

    def _named(self, value: object, *, is_null: bool = False) -> str:
        name = f"c{len(self._names)}"
        self._names[name] = value
        if not is_null:
            self._never_null.add(name)
        return name


def _of_partial(partial: Column) -> str:
    return f"partial_{partial.name}"


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


# What a primitive is in Python, over the names of its arguments. Where it is strict, none is null.
_STRICT: Mapping[Primitive, str] = {
    Primitive.ADD: "{0} + {1}",
    Primitive.SUBTRACT: "{0} - {1}",
    Primitive.MULTIPLY: "{0} * {1}",
    Primitive.DIVIDE: "{0} / {1}",
    Primitive.NEGATE: "-{0}",
    Primitive.ABSOLUTE: "abs({0})",
    Primitive.SQUARE_ROOT: "math.sqrt({0})",
    Primitive.FLOOR: "float(math.floor({0}))",
    Primitive.CEILING: "float(math.ceil({0}))",
    Primitive.LOGARITHM: "math.log({0})",
    Primitive.EXPONENTIAL: "exponential({0})",
    Primitive.POWER: "power({0}, {1})",
    Primitive.FINITE: "{0} if math.isfinite({0}) else None",
    Primitive.POSITIVE_ZERO: "{0} + 0.0",
    Primitive.NULL_IF_ZERO: "{0} or None",
    Primitive.NULL_IF_NEGATIVE: "None if {0} < 0 else {0}",
    Primitive.NULL_IF_NOT_POSITIVE: "{0} if {0} > 0 else None",
    Primitive.NULL_UNLESS_POWER: "power_base({0}, {1})",
    Primitive.ROUND_HALF_AWAY: "round_half_away({0})",
    Primitive.TO_DOUBLE: "to_double({0})",
    Primitive.INTEGER_ADD: "{0} + {1}",
    Primitive.INTEGER_SUBTRACT: "{0} - {1}",
    Primitive.INTEGER_MULTIPLY: "{0} * {1}",
    Primitive.INTEGER_REMAINDER: "remainder({0}, {1})",
    Primitive.INTEGER_QUOTIENT: "{0} // {1}",  # exact by contract
    Primitive.NARROW: "narrow({0})",
    Primitive.MAGNITUDE: "bucket({0})",
    Primitive.MAGNITUDE_OF_DOUBLE: "bucket_of_double({0})",
    Primitive.HASH_TEXT: "hash64({0})",
    Primitive.HASH_INTEGER: "hash64(str({0}))",
    Primitive.HASH_BOOL: "hash64('true' if {0} else 'false')",
    Primitive.EQUAL: "{0} == {1}",
    Primitive.NOT_EQUAL: "{0} != {1}",
    Primitive.LESS: "{0} < {1}",
    Primitive.LESS_EQUAL: "{0} <= {1}",
    Primitive.GREATER: "{0} > {1}",
    Primitive.GREATER_EQUAL: "{0} >= {1}",
    Primitive.NOT: "not {0}",
}
_NOT_STRICT: Mapping[Primitive, str] = {
    Primitive.AND: "both({0}, {1})",
    Primitive.OR: "either({0}, {1})",
    Primitive.NULL_IF: "None if {1} else {0}",
    Primitive.GREATEST: "greatest({0}, {1})",
    Primitive.LEAST: "least({0}, {1})",
    Primitive.IS_NULL: "{0} is None",
    Primitive.FILL_NULL: "{1} if {0} is None else {0}",
    Primitive.IF_ELSE: "{1} if {0} else {2}",
}
_MAKES_NULLS = frozenset(
    {
        *elementary.FUNCTIONS,
        Primitive.FINITE,
        Primitive.NULL_IF_ZERO,
        Primitive.NULL_IF_NEGATIVE,
        Primitive.NULL_IF_NOT_POSITIVE,
        Primitive.NULL_UNLESS_POWER,
        Primitive.TRUNCATE,
        Primitive.FLOOR_DIVIDE,
        Primitive.MODULO,
        Primitive.SPLIT_PART,
        Primitive.LIST_GET,
        Primitive.LIST_MIN,
        Primitive.LIST_MAX,
        Primitive.LIST_SUM,
        Primitive.LIST_UNITS,
        Primitive.MAP_GET,
    }
)
_NAMES: Mapping[str, Any] = {
    "math": math,
    "exponential": _exponential,
    "power": _power,
    "power_base": _power_base,
    "remainder": _remainder,
    "round_half_away": round_half_away,
    "to_double": to_double,
    "narrow": narrow,
    "bucket": bucket,
    "bucket_of_double": bucket_of_double,
    "hash64": hash64,
    "both": _and,
    "either": _or,
    "greatest": scalars.greatest,
    "least": scalars.least,
    **{primitive.name: function for primitive, function in scalars.FUNCTIONS.items()},
}
