"""Python's arithmetic, comparisons and truth in primitives, where these mean the same."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from skewless.compiler.bound import Constant, Primitive, apply, double, integer
from skewless.compiler.judged_value import (
    FALSE,
    TRUE,
    Fact,
    NotWrittenError,
    Truth,
    Value,
    always,
    as_float,
    both,
    chosen,
    counted,
    is_exact,
    number,
    of_one_type,
    there,
    whole,
)
from skewless.definitions import types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skewless.compiler.bound import Bound

_MAX_EXP = 700
_EMPTY = Constant("", types.String)
_FLOATS = {ast.Add: Primitive.ADD, ast.Sub: Primitive.SUBTRACT, ast.Mult: Primitive.MULTIPLY}
_TRUTHS = {ast.BitAnd: Primitive.AND, ast.BitOr: Primitive.OR}
_WHOLES = {
    ast.Add: Primitive.INTEGER_ADD,
    ast.Sub: Primitive.INTEGER_SUBTRACT,
    ast.Mult: Primitive.INTEGER_MULTIPLY,
}


def arithmetic(operator: ast.operator, left: Value, right: Value) -> Value:
    """Return left (operator) right.

    Raises:
        NotWrittenError: it is not known to mean what Python does.
    """
    kind = type(operator)
    if there(left).type == there(right).type == types.Bool and kind in _TRUTHS:
        return Value(apply(_TRUTHS[kind], left.bound, right.bound), types.Bool)
    left, right = counted(left), counted(right)
    if left.type == right.type == types.String and kind is ast.Add:
        return Value(apply(Primitive.CONCAT, left.bound, right.bound), types.String)
    if kind is ast.Div:
        return _quotient(left, right)
    if kind in (ast.FloorDiv, ast.Mod):
        return _floored(kind, left, right)
    if kind not in _FLOATS:
        raise NotWrittenError(f"the operator {kind.__name__}")
    if left.type == right.type == types.Int64:
        bound = apply(_WHOLES[kind], left.bound, right.bound)
        return whole(bound, *_range(kind, left.range, right.range))
    first, second = as_float(left), as_float(right)
    return _of_floats(apply(_FLOATS[kind], first.bound, second.bound), first, second)


def negative(value: Value) -> Value:
    """Return -value."""
    value = counted(there(value))
    if value.type == types.Int64:
        return arithmetic(ast.Sub(), number(0, types.Int64), value)
    return _signed(Primitive.NEGATE, as_float(value), lambda low, high: (-high, -low))


def absolute(value: Value) -> Value:
    """Return abs(value)."""
    value = counted(there(value))
    if value.type == types.Int64:
        is_less = compared(ast.Lt(), value, number(0, types.Int64))
        return chosen(is_less, negative(value), value)
    return _signed(Primitive.ABSOLUTE, as_float(value), lambda *_: (0.0, None))


def square_root(value: Value) -> Value:
    """Return math.sqrt(value)."""
    found = as_float(there(value))
    if found.fact.low is None or found.fact.low < 0 or found.may_be_nan:
        raise NotWrittenError("math.sqrt of what may be negative; ask `if x >= 0` before")
    safe = apply(Primitive.NULL_IF_NEGATIVE, found.bound)
    return Value(
        apply(Primitive.SQUARE_ROOT, safe),
        types.Float64,
        is_finite=found.is_finite,
        fact=Fact(is_nonzero=found.fact.is_nonzero, low=0.0),
    )


def logarithm(primitive: Primitive, value: Value) -> Value:
    """Return math.log(value), log2, log10 or log1p."""
    found = as_float(there(value))
    low = found.fact.low
    is_above = low is not None and low >= 0 and found.fact.is_nonzero
    if primitive is Primitive.LOG1P:
        is_above = low is not None and low > -1
    if not is_above:
        raise NotWrittenError("a logarithm of what may not be above 0; ask `if x > 0` before")
    return _of_finite(primitive, found)


def exponential(value: Value) -> Value:
    """Return math.exp(value)."""
    found = as_float(there(value))
    if found.fact.high is None or found.fact.high > _MAX_EXP:
        raise NotWrittenError("math.exp of what may be too large; ask `if x < 700` before")
    return _of_finite(Primitive.EXP, found)


def total(primitive: Primitive, value: Value) -> Value:
    """Return an elementary function that has a value for every number."""
    return _of_finite(primitive, as_float(there(value)))


def _of_finite(primitive: Primitive, value: Value) -> Value:
    if not value.is_finite:
        raise NotWrittenError("an elementary function of what may be an infinity")
    return Value(apply(primitive, value.bound), types.Float64)


def extreme(operator: ast.cmpop, values: list[Value]) -> Value:
    """Return max(values), by >, or min(values), by <."""
    found = there(values[0])
    if any((value.type == types.Bool) != (found.type == types.Bool) for value in values):
        raise NotWrittenError("the greatest or least of truth values and others")
    for value in values[1:]:
        first, second = of_one_type(there(value), found)
        found = chosen(compared(operator, first, second), first, second)
    if any(value.may_be_nan for value in values):
        return found
    is_max = isinstance(operator, ast.Gt)
    edges = [value.fact.low if is_max else value.fact.high for value in values]
    known = [edge for edge in edges if edge is not None]
    if not known:
        return found
    fact = Fact(low=max(known)) if is_max else Fact(high=min(known))
    return replace(found, fact=both(found.fact, fact))


def _quotient(left: Value, right: Value) -> Value:
    if not right.fact.is_nonzero:
        raise NotWrittenError("a division by what may be 0; ask `if x` before")
    if left.type == right.type == types.Int64 and not (is_exact(left) and is_exact(right)):
        raise NotWrittenError("a division of whole numbers beyond 2^53")
    first, second = as_float(left), as_float(right)
    safe = second.bound
    if not isinstance(safe, Constant):
        safe = apply(Primitive.NULL_IF_ZERO, safe)
    return _of_floats(apply(Primitive.DIVIDE, first.bound, safe), first, second)


def _of_floats(bound: Bound, left: Value, right: Value) -> Value:
    """Return what two floats make: of finite ones it may be an infinity, but no NaN."""
    is_sure = left.is_finite and right.is_finite
    return Value(bound, types.Float64, is_finite=False, may_be_nan=not is_sure)


def _floored(kind: type[ast.operator], left: Value, right: Value) -> Value:
    if not left.type == right.type == types.Int64:
        raise NotWrittenError("// and % of floats")
    by = right.constant
    if by is None or by <= 0:
        raise NotWrittenError("// and % by anything but a constant above 0")
    least, most = left.range
    divisor = int(by)
    if kind is ast.Mod:
        return whole(apply(Primitive.MODULO, left.bound, right.bound), 0, divisor - 1)
    bound = apply(Primitive.FLOOR_DIVIDE, left.bound, right.bound)
    return whole(bound, least // divisor, most // divisor)


def _range(
    kind: type[ast.operator], left: tuple[int, int], right: tuple[int, int]
) -> tuple[int, int]:
    if kind is ast.Add:
        return left[0] + right[0], left[1] + right[1]
    if kind is ast.Sub:
        return left[0] - right[1], left[1] - right[0]
    corners = [x * y for x in left for y in right]
    return min(corners), max(corners)


def _signed(
    primitive: Primitive,
    value: Value,
    moved: Callable[[float, float], tuple[float | None, float | None]],
) -> Value:
    low, high = value.fact.low, value.fact.high
    if low is not None and high is not None:
        low, high = moved(low, high)
    else:
        low, high = (0.0, None) if primitive is Primitive.ABSOLUTE else (None, None)
    return Value(
        apply(primitive, value.bound),
        types.Float64,
        is_finite=value.is_finite,
        may_be_nan=value.may_be_nan,
        fact=Fact(is_nonzero=value.fact.is_nonzero, low=low, high=high),
    )


# Comparisons


def compared(operator: ast.cmpop, left: Value, right: Value) -> Truth:
    """Return left (operator) right, for == != < <= > >=.

    Raises:
        NotWrittenError: it is not known to mean what Python does.
    """
    match operator:
        case ast.Eq():
            return _equal(left, right)
        case ast.NotEq():
            return _equal(left, right).opposite()
        case ast.Gt():
            return _less(right, left, is_strict=True)
        case ast.GtE():
            return _less(right, left, is_strict=False)
        case ast.Lt():
            return _less(left, right, is_strict=True)
        case ast.LtE():
            return _less(left, right, is_strict=False)
    raise NotWrittenError(f"the comparison {type(operator).__name__}")


def is_none(value: Value) -> Truth:
    """Say whether a value is None."""
    if value.type is None:
        return always(value=True)
    if not value.may_be_none:
        return always(value=False)
    return Truth(apply(Primitive.IS_NULL, value.bound), {}, {value.bound: Fact(is_there=True)})


def is_true(value: Value) -> Truth:
    """Say whether Python takes a value for true."""
    if value.type is None:
        return always(value=False)
    match value.type:
        case types.Bool:
            bound, nonzero = value.bound, False
        case types.Float64:
            bound, nonzero = apply(Primitive.NOT_EQUAL, value.bound, double(0.0)), True
        case types.Int64:
            bound, nonzero = apply(Primitive.NOT_EQUAL, value.bound, integer(0)), True
        case types.String:
            bound, nonzero = apply(Primitive.NOT_EQUAL, value.bound, _EMPTY), False
        case _:
            return is_none(value).opposite()
    if isinstance(value.bound, Constant):
        return always(value=bool(value.bound.value))
    fact: dict[Bound, Fact] = {value.bound: Fact(is_there=True, is_nonzero=nonzero)}
    return Truth(_never_null(bound, value.may_be_none), fact, {})


def _equal(left: Value, right: Value) -> Truth:
    if left.type is None or right.type is None:
        return is_none(right if left.type is None else left)
    if left.may_be_none and right.may_be_none:
        raise NotWrittenError("a comparison of two values that may both be None")
    first, second = of_one_type(left, right)
    _check_nan(first, second)
    bound = apply(Primitive.EQUAL, first.bound, second.bound)
    when_true: dict[Bound, Fact] = {}
    when_false: dict[Bound, Fact] = {}
    for value, other in ((left, right), (right, left)):
        if not isinstance(value.bound, Constant):
            constant = other.constant
            when_true[value.bound] = both(Fact(is_there=True), Fact(low=constant, high=constant))
            if constant == 0:
                when_false[value.bound] = Fact(is_nonzero=True)
    is_nullable = left.may_be_none or right.may_be_none
    return Truth(_never_null(bound, is_nullable), when_true, when_false)


def _less(left: Value, right: Value, *, is_strict: bool) -> Truth:
    first, second = of_one_type(there(left), there(right))
    if first.type not in (types.Int64, types.Float64, types.String, types.Timestamp):
        raise NotWrittenError(f"a comparison of {first.type}")
    _check_nan(first, second)
    primitive = Primitive.LESS if is_strict else Primitive.LESS_EQUAL
    if second.may_be_nan:
        # DuckDB takes NaN for the greatest number, so it stands on the left only: nothing is less.
        turned = (apply(Primitive.NEGATE, second.bound), apply(Primitive.NEGATE, first.bound))
        bound = apply(primitive, *turned)
    else:
        bound = apply(primitive, first.bound, second.bound)
    return Truth(bound, *_facts_of_less(left, right, is_strict=is_strict))


def _facts_of_less(
    left: Value, right: Value, *, is_strict: bool
) -> tuple[Mapping[Bound, Fact], Mapping[Bound, Fact]]:
    """Return what left < right, or <=, tells of the one that is no constant."""
    if left.type not in (types.Int64, types.Float64):
        return {}, {}
    if (high := right.constant) is not None and not isinstance(left.bound, Constant):
        true = Fact(is_nonzero=is_strict and high == 0, high=high)
        false = Fact(is_nonzero=not is_strict and high == 0, low=high)
        return {left.bound: both(true, Fact())}, _unless_nan(left, both(false, Fact()))
    if (low := left.constant) is not None and not isinstance(right.bound, Constant):
        true = Fact(is_nonzero=is_strict and low == 0, low=low)
        false = Fact(is_nonzero=not is_strict and low == 0, high=low)
        return {right.bound: both(true, Fact())}, _unless_nan(right, both(false, Fact()))
    return {}, {}


def _unless_nan(value: Value, fact: Fact) -> Mapping[Bound, Fact]:
    return {} if value.may_be_nan else {value.bound: fact}


def _check_nan(left: Value, right: Value) -> None:
    if left.may_be_nan and right.may_be_nan:
        raise NotWrittenError("a comparison of two values that may both be NaN")


def _never_null(bound: Bound, may_be_none: bool) -> Bound:  # noqa: FBT001 - one fact of a value
    return apply(Primitive.FILL_NULL, bound, FALSE) if may_be_none else bound


def all_of(left: Truth, right: Truth) -> Bound:
    """Return left and right."""
    if TRUE in (left.bound, right.bound):
        return right.bound if left.bound == TRUE else left.bound
    return apply(Primitive.AND, left.bound, right.bound)


def any_of(left: Truth, right: Truth) -> Bound:
    """Return left or right."""
    if FALSE in (left.bound, right.bound):
        return right.bound if left.bound == FALSE else left.bound
    return apply(Primitive.OR, left.bound, right.bound)
