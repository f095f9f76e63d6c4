"""Bound expressions as SQL: the second interpreter of the tree that `compiler.interpret` runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler.bound import (
    Apply,
    Bound,
    Column,
    Constant,
    Primitive,
)
from skewless.definitions import types
from skewless.offline.query import sql, straight, vocabulary
from skewless.offline.query.sketches import bucketed, bucketed_double

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql

_TWO_53 = 2**53
_BINARY: dict[Primitive, type[exp.Binary]] = {
    Primitive.ADD: exp.Add,
    Primitive.SUBTRACT: exp.Sub,
    Primitive.MULTIPLY: exp.Mul,
    Primitive.DIVIDE: exp.Div,
    Primitive.INTEGER_SUBTRACT: exp.Sub,
    Primitive.INTEGER_MULTIPLY: exp.Mul,
    Primitive.EQUAL: exp.EQ,
    Primitive.NOT_EQUAL: exp.NEQ,
    Primitive.LESS: exp.LT,
    Primitive.LESS_EQUAL: exp.LTE,
    Primitive.GREATER: exp.GT,
    Primitive.GREATER_EQUAL: exp.GTE,
    Primitive.AND: exp.And,
    Primitive.OR: exp.Or,
}
_CALLS = {
    Primitive.ABSOLUTE: "abs",
    Primitive.SQUARE_ROOT: "sqrt",
    Primitive.LOGARITHM: "ln",
    Primitive.EXPONENTIAL: "exp",
    Primitive.POWER: "power",
}
_WHOLE = frozenset({Primitive.FLOOR, Primitive.CEILING})
_EXACT = frozenset(
    {
        Primitive.INTEGER_SUBTRACT,
        Primitive.INTEGER_MULTIPLY,
        Primitive.INTEGER_REMAINDER,
        Primitive.INTEGER_QUOTIENT,
    }
)
# What gives one of its arguments, or what is in one.
_CHOOSES = frozenset(
    {
        Primitive.IF_ELSE,
        Primitive.FILL_NULL,
        Primitive.NULL_IF,
        Primitive.GREATEST,
        Primitive.LEAST,
        Primitive.LIST_GET,
        Primitive.LIST_MIN,
        Primitive.LIST_MAX,
        Primitive.MAP_GET,
    }
)


@dataclass(frozen=True, slots=True)
class Renderer:
    """Turns bound expressions into SQL.

    Attributes:
        dialect: the engine's constructs.
        columns: the SQL of each column, request field and feature.
        wide: those of them that are exact integers beyond 64 bits.
    """

    dialect: Dialect
    columns: Mapping[Bound, Sql]
    wide: frozenset[Bound] = field(default_factory=frozenset)

    def render(self, bound: Bound) -> Sql:
        """Return the SQL of an expression."""
        if bound in self.columns:
            return self.columns[bound].copy()
        match bound:
            case Constant():
                return self._constant(bound)
            case Apply(primitive=primitive, arguments=arguments):
                return self._apply(primitive, arguments)
            case _:
                raise KeyError(bound)

    def is_wide(self, bound: Bound) -> bool:
        """Say whether an integer may need more than 64 bits."""
        if bound in self.wide:
            return True
        if not isinstance(bound, Apply):
            return False
        return bound.primitive is Primitive.LIST_SUM or (
            bound.primitive in _EXACT | _CHOOSES and any(map(self.is_wide, bound.arguments))
        )

    def _exactly(self, value: Sql, bound: Bound) -> Sql:
        """Give an integer the widest type, in which engines compute exactly, unless it has it."""
        is_computed = isinstance(bound, Apply) and bound.primitive in _EXACT | {Primitive.LIST_SUM}
        if self.is_wide(bound) and (is_computed or isinstance(bound, Column)):
            return value
        return self.dialect.exact(value)

    def _constant(self, constant: Constant) -> Sql:
        match constant.type, constant.value:
            case types.Bool, bool() as truth:
                return exp.Boolean(this=truth)
            case types.Float64, (int() | float()) as number:
                return sql.double(float(number))
            case ((types.Int64 | types.Timestamp | types.Date), int() as whole):
                return sql.integer(whole)
            case types.Decimal(), int() as unscaled:
                return sql.integer(unscaled)
            case _, bytes() as raw:
                return self.dialect.bytes(raw)
            case _, value:
                return sql.text(str(value))

    def _apply(self, primitive: Primitive, arguments: tuple[Bound, ...]) -> Sql:
        if primitive is Primitive.TO_DOUBLE:
            return self._to_double(arguments[0])
        values = [self.render(argument) for argument in arguments]
        if primitive in _EXACT and any(self.is_wide(argument) for argument in arguments):
            values = [
                self._exactly(value, argument)
                for value, argument in zip(values, arguments, strict=True)
            ]
        if primitive in _BINARY:
            return sql.binary(_BINARY[primitive], values[0], values[1])
        if primitive in _CALLS:
            return sql.call(_CALLS[primitive], *values)
        if primitive in _WHOLE:
            # floor(-0.5) is -0.0 in SQL and 0 in Python: adding zero makes both 0.0.
            function = "floor" if primitive is Primitive.FLOOR else "ceil"
            return sql.add(sql.call(function, *values), sql.double(0.0))
        known = vocabulary.functions(self.dialect)
        if primitive in known:
            return known[primitive](*values)
        return self._special(primitive)(*values)

    def _special(self, primitive: Primitive) -> Callable[..., Sql]:
        dialect = self.dialect
        zero = sql.double(0.0)
        found: dict[Primitive, Callable[..., Sql]] = {
            Primitive.NEGATE: lambda x: exp.Paren(this=exp.Neg(this=x)),
            Primitive.FINITE: lambda x: self._once(x, lambda y: sql.when(dialect.is_finite(y), y)),
            Primitive.POSITIVE_ZERO: lambda x: sql.add(x, zero),
            Primitive.NULL_IF_ZERO: lambda x: sql.call("nullif", x, zero),
            Primitive.NULL_IF_NEGATIVE: lambda x: self._once(
                x, lambda y: sql.when(sql.less_equal(zero, y), y)
            ),
            Primitive.NULL_IF_NOT_POSITIVE: lambda x: self._once(
                x, lambda y: sql.when(sql.less(zero, y), y)
            ),
            Primitive.NULL_UNLESS_POWER: _real_power_base,
            Primitive.ROUND_HALF_AWAY: lambda x: self._once(x, dialect.round_half_away),
            Primitive.INTEGER_REMAINDER: dialect.remainder,
            Primitive.INTEGER_QUOTIENT: dialect.quotient,
            Primitive.NULL_IF_BELOW: lambda x, n, least: sql.when(sql.less_equal(least, n), x),
            Primitive.NARROW: lambda x: sql.cast(x, "BIGINT"),
            Primitive.MAGNITUDE: lambda x: self._once(x, lambda y: bucketed(dialect, y)),
            Primitive.MAGNITUDE_OF_DOUBLE: lambda x: self._once(
                x, lambda y: bucketed_double(dialect, y)
            ),
            Primitive.HASH_TEXT: dialect.hash64,
            Primitive.HASH_INTEGER: lambda x: dialect.hash64(sql.cast(x, "VARCHAR")),
            Primitive.HASH_BOOL: lambda x: dialect.hash64(sql.cast(x, "VARCHAR")),
            Primitive.NOT: lambda x: exp.Paren(this=exp.Not(this=x)),
            Primitive.IS_NULL: sql.is_null,
            Primitive.FILL_NULL: sql.coalesce,
            Primitive.IF_ELSE: sql.when,
        }
        return found[primitive]

    def _once(self, value: Sql, body: Callable[[Sql], Sql]) -> Sql:
        """Write `body` over a value, which stands there once if it is long."""
        return self.dialect.let("x", value, body) if straight.is_in(value) else body(value)

    def _to_double(self, bound: Bound) -> Sql:
        value = self.render(bound)
        if not self.is_wide(bound):
            return sql.cast(value, "DOUBLE")
        return self._once(self._exactly(value, bound), self._of_wide)

    def _of_wide(self, value: Sql) -> Sql:
        small = exp.Between(
            this=value.copy(),
            low=self.dialect.exact(sql.integer(-_TWO_53)),
            high=self.dialect.exact(sql.integer(_TWO_53)),
        )
        return sql.when(small, _narrow_double(value), self._recipe(value))

    def _recipe(self, value: Sql) -> Sql:
        """Write d(x) of the semantics for |x| > 2^53, in three digits of 53 bits."""
        base = self.dialect.exact(sql.integer(_TWO_53))
        low = self.dialect.remainder(value, base)
        high = self.dialect.quotient(sql.subtract(value, low), base)
        middle = self.dialect.remainder(high, base)
        top = self.dialect.quotient(sql.subtract(high, middle), base)
        two_53 = sql.double(float(_TWO_53))
        upper = sql.add(sql.multiply(_narrow_double(top), two_53), _narrow_double(middle))
        return sql.add(sql.multiply(upper, two_53), _narrow_double(low))


def _narrow_double(value: Sql) -> Sql:
    # Through BIGINT: DuckDB's own conversion of a wide integer may be wrong in the last bit.
    return sql.cast(sql.cast(value, "BIGINT"), "DOUBLE")


def _real_power_base(base: Sql, exponent: Sql) -> Sql:
    zero = sql.double(0.0)
    infinite = sql.both(sql.equal(base, zero), sql.less(exponent, zero))
    fraction = sql.binary(exp.NEQ, sql.call("floor", exponent), exponent)
    complex_ = sql.both(sql.less(base, zero), fraction)
    return sql.when(exp.Paren(this=exp.or_(infinite, complex_)), exp.Null(), base)
