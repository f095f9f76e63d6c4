"""Functions of expressions as SQL: texts, dates, whole numbers and rounding."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler import elementary
from skewless.compiler.bound import Primitive
from skewless.offline.query import lists, sql, straight
from skewless.offline.query.dialect import EngineName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql

_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
_LEAST = -(2**63)
_SPLITTER = 2.0**27 + 1  # halves the digits of a double: the product of two halves is exact


@functools.cache
def functions(dialect: Dialect) -> Mapping[Primitive, Callable[..., Sql]]:
    """Return how each primitive is written, over the SQL of its arguments."""
    return {
        **lists.functions(dialect),
        **{
            primitive: functools.partial(straight.call, dialect, function)
            for primitive, function in elementary.FUNCTIONS.items()
        },
        Primitive.INTEGER_ADD: sql.add,
        Primitive.ROUND: functools.partial(_round, dialect),
        Primitive.TRUNCATE: functools.partial(_truncate, dialect),
        Primitive.FLOOR_DIVIDE: functools.partial(_floor_divide, dialect),
        Primitive.MODULO: _modulo,
        Primitive.BUCKET: _bucket,
        Primitive.CONCAT: lambda left, right: sql.binary(exp.DPipe, left, right),
        Primitive.TO_TEXT: lambda value: sql.cast(value, "VARCHAR"),
        Primitive.HASH_MOD: functools.partial(_hash_mod, dialect),
        Primitive.LOWER: lambda x: sql.call("translate", x, sql.text(_UPPER), sql.text(_LOWER)),
        Primitive.UPPER: lambda x: sql.call("translate", x, sql.text(_LOWER), sql.text(_UPPER)),
        Primitive.STRIP: functools.partial(_strip, dialect),
        Primitive.LENGTH: lambda x: sql.call("length", x),
        Primitive.SLICE: lambda x, start, length: sql.call(
            "substr", x, sql.add(start, sql.integer(1)), length
        ),
        Primitive.REPLACE: lambda x, old, new: sql.call("replace", x, old, new),
        Primitive.SPLIT_PART: functools.partial(_split_part, dialect),
        Primitive.STARTS_WITH: lambda x, start: sql.call("starts_with", x, start),
        Primitive.ENDS_WITH: _ends_with,
        Primitive.CONTAINS: lambda x, part: sql.less(sql.integer(0), sql.call("strpos", x, part)),
        Primitive.YEAR: lambda days: _of_date("year", dialect, days),
        Primitive.MONTH: lambda days: _of_date("month", dialect, days),
        Primitive.DAY: lambda days: _of_date("day", dialect, days),
        Primitive.ORDINAL_DAY: lambda days: _of_date(
            "dayofyear" if dialect.engine is EngineName.DUCKDB else "day_of_year", dialect, days
        ),
        Primitive.NULL_IF: lambda x, condition: sql.when(condition, exp.Null(), x),
        Primitive.GREATEST: lambda left, right: _extreme(dialect, "greatest", left, right),
        Primitive.LEAST: lambda left, right: _extreme(dialect, "least", left, right),
    }


def _modulo(dividend: Sql, divisor: Sql) -> Sql:
    _, rest, is_below = _divided(dividend, divisor)
    found = sql.when(is_below, sql.add(rest, divisor), rest)
    return _unless_minus_one(divisor, sql.subtract(dividend, dividend), found)


def _floor_divide(dialect: Dialect, dividend: Sql, divisor: Sql) -> Sql:
    safe, rest, is_below = _divided(dividend, divisor)
    multiple = dialect.exact(sql.subtract(dividend, rest))
    whole = sql.cast(dialect.quotient(multiple, dialect.exact(safe)), "BIGINT")
    found = sql.when(is_below, sql.subtract(whole, sql.integer(1)), whole)
    opposite = sql.subtract(sql.integer(0), sql.call("nullif", dividend, sql.integer(_LEAST)))
    return _unless_minus_one(divisor, opposite, found)


def _divided(dividend: Sql, divisor: Sql) -> tuple[Sql, Sql, Sql]:
    """Write a divisor other than 0 and -1, the remainder, and whether it has the other sign."""
    # The least integer has no opposite: engines refuse its remainder by -1, which is 0.
    safe = sql.call("nullif", sql.call("nullif", divisor, sql.integer(0)), sql.integer(-1))
    rest = sql.call("mod", dividend, safe)
    is_below = sql.both(
        sql.binary(exp.NEQ, rest, sql.integer(0)),
        sql.binary(
            exp.NEQ,
            exp.Paren(this=sql.less(rest, sql.integer(0))),
            exp.Paren(this=sql.less(divisor, sql.integer(0))),
        ),
    )
    return safe, rest, is_below


def _unless_minus_one(divisor: Sql, by_minus_one: Sql, found: Sql) -> Sql:
    if isinstance(divisor, exp.Literal):
        return found
    return sql.when(sql.equal(divisor, sql.integer(-1)), by_minus_one, found)


def _bucket(value: Sql, *edges: Sql) -> Sql:
    cases = [
        exp.If(this=sql.less(value.copy(), edge), true=sql.integer(index))
        for index, edge in enumerate(edges)
    ]
    is_null = exp.If(this=sql.is_null(value.copy()), true=exp.Null())
    return exp.Case(ifs=[is_null, *cases], default=sql.integer(len(edges)))


def _truncate(dialect: Dialect, value: Sql) -> Sql:
    limit = sql.double(2.0**63)
    fits = sql.both(sql.less_equal(sql.double(-(2.0**63)), value), sql.less(value, limit))
    function = "trunc" if dialect.engine is EngineName.DUCKDB else "truncate"
    return sql.when(fits, sql.cast(sql.call(function, value), "BIGINT"))


def _round(dialect: Dialect, value: Sql, digits: Sql) -> Sql:
    """Round |x| to n decimals: floor(|x| * 10^n) or one more, by the product's exact fraction."""
    factor = 10.0 ** int(digits.name)
    return dialect.let("x", value, lambda x: _rounded(dialect, x, factor))


def _rounded(dialect: Dialect, x: Sql, factor: float) -> Sql:
    scale, half = sql.double(factor), sql.double(0.5)

    def of_size(size: Sql) -> Sql:
        product = sql.multiply(size, scale)
        return dialect.let("p", product, lambda p: of_product(size, p))

    def of_product(size: Sql, p: Sql) -> Sql:
        whole = sql.call("floor", p)
        above = sql.subtract(sql.subtract(p, whole), half)
        error = _product_error(size, factor, p)
        further = sql.less_equal(sql.double(0.0), sql.add(above, error))
        one = sql.when(further, sql.double(1.0), sql.double(0.0))
        found = sql.binary(exp.Div, sql.add(whole, one), scale)
        # From 2^53 on the nearest double of the result is x itself.
        return sql.when(sql.less_equal(sql.double(2.0**53), p), size, found)

    size = dialect.let("size", sql.call("abs", x), of_size)
    return sql.when(sql.less(x, sql.double(0.0)), exp.Paren(this=exp.Neg(this=size)), size.copy())


def _product_error(size: Sql, factor: float, product: Sql) -> Sql:
    """Write size * factor - product, which is a double: Dekker's product of halves."""
    split = sql.multiply(sql.double(_SPLITTER), size)
    high = sql.subtract(split, sql.subtract(split, size))
    low = sql.subtract(size, high)
    factor_high = _SPLITTER * factor - (_SPLITTER * factor - factor)
    factor_low = sql.double(factor - factor_high)
    head = sql.subtract(sql.multiply(high, sql.double(factor_high)), product)
    head = sql.add(head, sql.multiply(high, factor_low))
    head = sql.add(head, sql.multiply(low, sql.double(factor_high)))
    return sql.add(head, sql.multiply(low, factor_low))


def _hash_mod(dialect: Dialect, text: Sql, modulus: Sql) -> Sql:
    """Take 64 bits modulo n in two halves, since no engine has unsigned integers like another."""
    digest = dialect.md5(text)
    high = dialect.of_hex(sql.call("substr", digest, sql.integer(1), sql.integer(8)))
    low = dialect.of_hex(sql.call("substr", digest, sql.integer(9), sql.integer(8)))
    rest = sql.call("mod", high, modulus)
    return sql.call("mod", sql.add(sql.multiply(rest, sql.integer(2**32)), low), modulus)


def _strip(dialect: Dialect, text: Sql) -> Sql:
    pattern = sql.text(r"^[ \t\r\n]+|[ \t\r\n]+\z")
    flags = [sql.text("g")] if dialect.engine is EngineName.DUCKDB else []
    return sql.call("regexp_replace", text, pattern, sql.text(""), *flags)


def _split_part(dialect: Dialect, text: Sql, separator: Sql, number: Sql) -> Sql:
    if dialect.engine is EngineName.DUCKDB:
        return sql.call("list_extract", sql.call("string_split", text, separator), number)
    return sql.call("element_at", sql.call("split", text, separator), number)


def _ends_with(text: Sql, end: Sql) -> Sql:
    length = len(end.name)
    start = sql.subtract(sql.call("length", text), sql.integer(length - 1))
    long_enough = sql.less_equal(sql.integer(length), sql.call("length", text))
    return sql.when(
        sql.is_not_null(text),
        sql.both(
            long_enough,
            sql.equal(sql.call("substr", text, sql.call("greatest", start, sql.integer(1))), end),
        ),
    )


def _of_date(part: str, dialect: Dialect, days: Sql) -> Sql:
    return sql.cast(sql.call(part, dialect.date(days)), "BIGINT")


def _extreme(dialect: Dialect, function: str, left: Sql, right: Sql) -> Sql:
    if straight.is_in(left) or straight.is_in(right):
        return lists.extreme(dialect, function, left, right)  # each of them once
    # Trino's is null beside a null.
    return sql.call(function, sql.coalesce(left, right), sql.coalesce(right, left))
