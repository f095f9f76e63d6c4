"""Buckets of percentiles and registers of distinct counts, as SQL. Pure.

The same as `compiler.buckets` and `compiler.distinct` say in Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler.buckets import EXACT, NO_BUCKET
from skewless.compiler.distinct import BELOW, FACTOR, GREATEST_RANK, REGISTERS, ROUNDS, UNUSED
from skewless.definitions.expression import INT64_MIN
from skewless.offline.query import sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql

_FOR_LEAST = -(EXACT * 56 + EXACT)  # the bucket of -2^63, whose magnitude has no BIGINT
_ROUNDS_AT_ONCE = 3


def bucketed(dialect: Dialect, units: Sql) -> Sql:
    """Write the bucket of a BIGINT."""
    # The least has no magnitude, and engines compute this before they choose.
    size = sql.call("abs", sql.call("greatest", units, sql.integer(INT64_MIN + 1)))
    spare = sql.subtract(_bits(size), sql.integer(EXACT.bit_length()))
    dropped = sql.when(sql.less(sql.integer(0), spare), spare, sql.integer(0))
    found = sql.add(
        sql.multiply(sql.integer(EXACT), dropped), dialect.shifted_right(size, dropped.copy())
    )
    signed = sql.cast(sql.multiply(found, sql.call("sign", units)), "BIGINT")
    is_least = sql.equal(units, sql.integer(INT64_MIN))
    return sql.when(is_least, sql.integer(_FOR_LEAST), signed)


def bucketed_double(dialect: Dialect, value: Sql) -> Sql:
    """Write the bucket of a double, rounded half away; `NO_BUCKET` if that leaves 64 bits."""
    units = dialect.round_half_away(value)
    none = sql.when(sql.is_not_null(value), sql.integer(NO_BUCKET))
    return sql.when(sql.is_not_null(units), bucketed(dialect, units), none)


def representatives(rows: exp.Select, kept: Sequence[str], dialect: Dialect) -> exp.Select:
    """Add `middle`, the double that stands for the numbers of each row's `bucket`.

    Args:
        rows: the rows.
        kept: their other columns, which stay.
        dialect: the engine's constructs.
    """
    columns = [sql.column(name) for name in (*kept, "bucket")]
    size = sql.call("abs", sql.column("bucket"))
    dropped = sql.subtract(dialect.whole_quotient(size, sql.integer(EXACT)), sql.integer(1))
    is_exact = sql.less(size, sql.integer(2 * EXACT))
    rows = sql.select(
        *columns, sql.aliased(sql.when(is_exact, sql.integer(0), dropped), "dropped")
    ).from_(sql.nested(rows, "rows"))
    power: Sql = sql.double(1.0)
    for bit in range(6):  # products of powers of two are exact
        digit = sql.call(
            "mod",
            dialect.whole_quotient(sql.column("dropped"), sql.integer(2**bit)),
            sql.integer(2),
        )
        is_set = sql.equal(digit, sql.integer(1))
        power = sql.multiply(power, sql.when(is_set, sql.double(2.0**2**bit), sql.double(1.0)))
    rows = sql.select(*columns, sql.column("dropped"), sql.aliased(power, "power")).from_(
        sql.nested(rows, "rows")
    )
    kept_bits = sql.subtract(size, sql.multiply(sql.integer(EXACT), sql.column("dropped")))
    low = sql.multiply(sql.cast(kept_bits, "DOUBLE"), sql.column("power"))
    half = sql.when(
        sql.equal(sql.column("dropped"), sql.integer(0)),
        sql.double(0.0),
        sql.multiply(sql.column("power"), sql.double(0.5)),
    )
    is_negative = sql.less(sql.column("bucket"), sql.integer(0))
    sign = sql.when(is_negative, sql.double(-1.0), sql.double(1.0))
    middle = sql.add(sql.multiply(sql.add(low, half), sign), sql.double(0.0))
    return sql.select(*columns, sql.aliased(middle, "middle")).from_(sql.nested(rows, "rows"))


def register(h: Sql) -> Sql:
    """Write what names the register of a hash: its first bits, the others 0."""
    return sql.floor_to(h, BELOW)


def rarity(dialect: Dialect, h: Sql) -> Sql:
    """Write 2^(41 - rank) of a hash: a register's greatest rank has the least."""
    below = sql.integer(BELOW)
    rest = sql.call("mod", sql.add(sql.call("mod", h, below), below), below)
    told = dialect.whole_quotient(rest, sql.integer(UNUSED))
    is_nothing = sql.less(rest, sql.integer(UNUSED))
    return sql.when(is_nothing, sql.integer(1), dialect.power_of_two(_bits(told)))


def _bits(whole: Sql) -> Sql:
    """Write how many bits a BIGINT above zero needs; 1 for zero."""
    return sql.call("length", sql.call("to_base", whole, sql.integer(2)))


def estimates(rows: exp.Select, kept: Sequence[str], dialect: Dialect) -> exp.Select:
    """Add `estimate` to rows that have `filled`, registers in use, and `total`, their rarities.

    Args:
        rows: the rows.
        kept: their other columns, which stay.
        dialect: the engine's constructs.
    """
    columns = [sql.column(name) for name in kept]
    total = sql.column("total")
    empty = sql.subtract(sql.integer(REGISTERS), sql.column("filled"))
    share = sql.binary(exp.Div, sql.cast(empty, "DOUBLE"), sql.double(float(REGISTERS)))
    rows = sql.select(*columns, total, sql.aliased(share, "x"), sql.aliased(share, "z")).from_(
        sql.nested(rows, "rows")
    )
    for number in range(0, ROUNDS, _ROUNDS_AT_ONCE):
        x: Sql = sql.column("x")
        z: Sql = sql.column("z")
        for one in range(number, number + _ROUNDS_AT_ONCE):
            x = sql.multiply(x, x)
            z = sql.add(z, sql.multiply(x, sql.double(2.0**one)))
        rows = sql.select(*columns, total, sql.aliased(x, "x"), sql.aliased(z, "z")).from_(
            sql.nested(rows, "rows")
        )
    first = sql.binary(exp.Div, sql.cast(total, "DOUBLE"), sql.double(2.0**GREATEST_RANK))
    second = sql.multiply(sql.double(float(REGISTERS)), sql.column("z"))
    found = sql.binary(exp.Div, sql.double(FACTOR), sql.add(first, second))
    return sql.select(*columns, sql.aliased(dialect.round_half_away(found), "estimate")).from_(
        sql.nested(rows, "rows")
    )
