"""The constructs that Athena and DuckDB write differently. The rest of a query is one tree."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler.physical import is_converted
from skewless.definitions import types
from skewless.offline.query import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skewless.definitions.types import ValueType
    from skewless.offline.query.sql import Sql

_SHORT_DECIMAL = 18  # digits that DuckDB holds in 64 bits
_EPOCH = "1970-01-01 00:00:00"


class EngineName(Enum):
    """The engine that runs the query; the value is sqlglot's name of its dialect."""

    ATHENA = "athena"
    DUCKDB = "duckdb"


@dataclass(frozen=True, slots=True)
class Dialect:
    """The constructs of one engine."""

    engine: EngineName

    def render(self, query: exp.Expr, *, pretty: bool = False, copy: bool = True) -> str:
        """Return the query's text.

        Args:
            query: what to write.
            pretty: for people, and a third longer.
            copy: leave the tree as it is; a tree that nobody needs any more is not copied.
        """
        return query.sql(dialect=self.engine.value, pretty=pretty, comments=False, copy=copy)

    @property
    def keeps_order(self) -> bool:
        """Whether a window without ORDER BY goes through a sorted subquery in its order.

        DuckDB documents this order, and sums while it reads, several times faster than over
        partitions. Trino does not promise the order, and sums a running frame as it reads anyway.
        """
        return self.engine is EngineName.DUCKDB

    @property
    def computes_steps_anew(self) -> bool:
        """Whether a step of a WITH clause is computed again at every read, as in Trino."""
        return self.engine is EngineName.ATHENA

    @property
    def joins_asof(self) -> bool:
        """Whether the engine finds the latest row before an instant by a join of its own."""
        return self.engine is EngineName.DUCKDB

    @property
    def exact_type(self) -> str:
        """The widest exact integer."""
        return "HUGEINT" if self.engine is EngineName.DUCKDB else "DECIMAL(38, 0)"

    def exact(self, value: Sql) -> Sql:
        """Widen an integer so that sums and squares of 64-bit integers are exact."""
        return sql.cast(value, self.exact_type)

    def quotient(self, dividend: Sql, divisor: Sql) -> Sql:
        """Divide exact integers that divide without remainder."""
        if self.engine is EngineName.DUCKDB:
            return sql.binary(exp.IntDiv, dividend, divisor)
        # DECIMAL(38, 0) / DECIMAL(38, 0) rounds in Trino; there is nothing to round here.
        return sql.cast(sql.binary(exp.Div, dividend, divisor), "DECIMAL(38, 0)")

    def picked(self, value: Sql, number: Sql, *, is_last: bool) -> Sql:
        """Aggregate to a value, maybe null, where another one is greatest, or least; not null."""
        if self.engine is EngineName.DUCKDB:
            # Without `_null`, DuckDB leaves out rows whose value is null.
            return sql.call("arg_max_null" if is_last else "arg_min_null", value, number)
        return sql.call("max_by" if is_last else "min_by", value, number)

    def remainder(self, dividend: Sql, divisor: Sql) -> Sql:
        """Return the remainder with the sign of the dividend."""
        return sql.call("mod", dividend, divisor)

    def is_finite(self, value: Sql) -> Sql:
        """Say whether a double is neither an infinity nor NaN."""
        return sql.call("isfinite" if self.engine is EngineName.DUCKDB else "is_finite", value)

    def round_half_away(self, value: Sql) -> Sql:
        """Round a double to a BIGINT, halves away from zero; null where it does not fit."""
        limit = sql.double(2.0**63)
        fits = sql.both(sql.less_equal(sql.double(-(2.0**63)), value), sql.less(value, limit))
        return sql.when(fits, self._rounded(value))

    def _rounded(self, value: Sql) -> Sql:
        if self.engine is EngineName.DUCKDB:
            return sql.cast(sql.call("round", value), "BIGINT")
        # Trino's round() adds 0.5 in some releases, which turns 0.49999999999999994 into 1.
        whole = sql.call("truncate", value)
        half = sql.less_equal(sql.double(0.5), sql.call("abs", sql.subtract(value, whole)))
        further = sql.add(whole, sql.call("sign", value))
        return sql.cast(sql.when(half, further, whole), "BIGINT")

    def microseconds(self, timestamp: Sql) -> Sql:
        """Return microseconds since the epoch of a timestamp in UTC."""
        if self.engine is EngineName.DUCKDB:
            return sql.call("epoch_us", timestamp)
        # Trino has no microsecond unit: whole seconds exactly, then the fraction, moved to 1970
        # where a double of seconds resolves far below a microsecond.
        epoch = exp.Cast(this=sql.text(_EPOCH), to=exp.DataType.build("TIMESTAMP"))
        second = sql.call("date_trunc", sql.text("second"), timestamp)
        seconds = sql.call("date_diff", sql.text("second"), epoch, second)
        moved = sql.call("date_add", sql.text("second"), exp.Neg(this=seconds.copy()), timestamp)
        fraction = sql.call("round", sql.multiply(sql.call("to_unixtime", moved), sql.double(1e6)))
        return sql.add(sql.multiply(seconds, sql.integer(1_000_000)), sql.cast(fraction, "BIGINT"))

    def days(self, date: Sql) -> Sql:
        """Return the days from 1970-01-01 to a date."""
        return sql.call("date_diff", sql.text("day"), _epoch_day(), date)

    def timestamp(self, iso: str) -> Sql:
        """Write an instant, given as `YYYY-MM-DD HH:MM:SS.ffffff`, as a timestamp constant."""
        kind = "TIMESTAMP" if self.engine is EngineName.DUCKDB else "TIMESTAMP(6)"
        return exp.Cast(this=sql.text(iso), to=exp.DataType.build(kind, dialect="trino"))

    def sequence(self, first: Sql, last: Sql, step: int, alias: str, column: str) -> exp.Unnest:
        """Write the numbers from first to last, a step apart, as a table of one column."""
        name = "generate_series" if self.engine is EngineName.DUCKDB else "sequence"
        numbers = sql.call(name, first, last, sql.integer(step))
        table = exp.TableAlias(this=sql.name(alias), columns=[sql.name(column)])
        return exp.Unnest(expressions=[numbers], alias=table)

    def bytes(self, value: bytes) -> Sql:
        """Write a constant of bytes."""
        return sql.call("from_hex", sql.text(value.hex()))

    def physical(self, value: Sql, type_: ValueType) -> Sql:
        """Turn a logged column into its physical form: integers for times and decimals."""
        match type_:
            case types.Timestamp:
                return self.microseconds(value)
            case types.Date:
                return self.days(value)
            case types.Decimal(precision=precision, scale=scale):
                factor = sql.cast(sql.integer(10**scale), f"DECIMAL({scale + 1}, 0)")
                digits = precision
                if precision + scale >= _SHORT_DECIMAL:
                    digits = _SHORT_DECIMAL + 1  # the product of shorter ones has 18 digits at most
                widened = sql.cast(value, f"DECIMAL({digits}, {scale})")
                return sql.cast(sql.multiply(widened, factor), "BIGINT")
            case types.Array(element=element) if is_converted(element):
                return self.each(value, lambda item: self.physical(item, element))
            case types.Map(key=key, value=kind) if is_converted(key) or is_converted(kind):
                return self.each_entry(
                    value, lambda x: self.physical(x, key), lambda x: self.physical(x, kind)
                )
            case _:
                return value

    def widened(self, value: Sql, type_: ValueType) -> Sql:
        """Widen a number of a user's table to the type of computation: int becomes bigint."""
        match type_:
            case types.Int64:
                return sql.cast(value, "BIGINT")
            case types.Float64:
                return sql.cast(value, "DOUBLE")
            case types.Array(element=types.Int64):
                return sql.cast(value, "ARRAY(BIGINT)")
            case types.Array(element=types.Float64) | types.Vector():
                return sql.cast(value, "ARRAY(DOUBLE)")
            case types.Map(key=key, value=kind):
                return self.each_entry(
                    value, lambda x: self.widened(x, key), lambda x: self.widened(x, kind)
                )
            case _:
                return value

    def normal(self, value: Sql, type_: ValueType) -> Sql:
        """Bring a value of a user's table, which passed no front door, into its normal form.

        Infinities and NaN are null, -0.0 is 0.0. A list or map with one of them or a null in it is
        null, and so is a vector of another length.
        """
        match type_:
            case types.Float64:
                return sql.when(self.is_finite(value), sql.add(value, sql.double(0.0)))
            case types.Array(element=element):
                items = self._normal_items(value, element)
                return sql.when(self._has_no_null(items), items)
            case types.Vector(size=size):
                items = self._normal_items(value, types.Float64)
                fits = sql.equal(sql.call(self._length, value), sql.integer(size))
                return sql.when(sql.both(self._has_no_null(items), fits), items)
            case types.Map(value=kind):
                keys, items = sql.call("map_keys", value), sql.call("map_values", value)
                items = self._normal_items(items, kind)
                return sql.when(self._has_no_null(items), sql.call("map", keys, items))
            case _:
                return value

    def _normal_items(self, items: Sql, element: ValueType) -> Sql:
        if element != types.Float64:
            return items
        return self.each(items, lambda item: self.normal(item, element))

    def _has_no_null(self, items: Sql) -> Sql:
        given = sql.name("item")
        is_null = sql.is_null(exp.Column(this=given.copy()))
        select = "list_filter" if self.engine is EngineName.DUCKDB else "filter"
        nulls = sql.call(select, items, exp.Lambda(this=is_null, expressions=[given]))
        return sql.equal(sql.call(self._length, nulls), sql.integer(0))

    @property
    def _length(self) -> str:
        return "len" if self.engine is EngineName.DUCKDB else "cardinality"

    def each_entry(
        self, value: Sql, convert_key: Callable[[Sql], Sql], convert_value: Callable[[Sql], Sql]
    ) -> Sql:
        """Convert the keys and the values of a map; no two keys become one."""
        keys = self.each(sql.call("map_keys", value), convert_key)
        items = self.each(sql.call("map_values", value), convert_value)
        return sql.when(sql.is_not_null(value), sql.call("map", keys, items))

    def sortable(self, value: Sql, type_: ValueType) -> Sql:
        """Write what orders values as their physical forms are: Athena has no order of maps."""
        if not isinstance(type_, types.Map):
            return value
        sort = "list_sort" if self.engine is EngineName.DUCKDB else "array_sort"
        return sql.call(sort, sql.call("map_entries", value))

    def each(self, values: Sql, convert: Callable[[Sql], Sql]) -> Sql:
        """Convert the elements of a list."""
        each = sql.name("each")
        made = convert(exp.Column(this=each.copy()))
        transform = "list_transform" if self.engine is EngineName.DUCKDB else "transform"
        return sql.call(transform, values, exp.Lambda(this=made, expressions=[each]))

    def let(self, name: str, value: Sql, body: Callable[[Sql], Sql]) -> Sql:
        """Compute a value once, and write `body` over its name; no other column is in it."""
        given = sql.name(name)
        each = exp.Lambda(this=body(exp.Column(this=given.copy())), expressions=[given])
        if self.engine is EngineName.DUCKDB:
            made = sql.call("list_transform", sql.call("list_value", value), each)
            return sql.call("list_extract", made, sql.integer(1))
        made = sql.call("transform", exp.Array(expressions=[value]), each)
        return sql.call("element_at", made, sql.integer(1))

    def md5(self, text: Sql) -> Sql:
        """Return the MD5 of a text in UTF-8, as 32 lower case digits."""
        if self.engine is EngineName.DUCKDB:
            return sql.call("md5", text)
        return sql.call("lower", sql.call("to_hex", sql.call("md5", sql.call("to_utf8", text))))

    def of_hex(self, digits: Sql) -> Sql:
        """Read eight hexadecimal digits as a BIGINT."""
        if self.engine is EngineName.DUCKDB:
            return sql.cast(sql.binary(exp.DPipe, sql.text("0x"), digits), "BIGINT")
        padded = sql.binary(exp.DPipe, sql.text("00000000"), digits)
        return sql.call("from_big_endian_64", sql.call("from_hex", padded))

    def date(self, days: Sql) -> Sql:
        """Return the date so many days after 1970-01-01."""
        epoch = _epoch_day()
        if self.engine is EngineName.DUCKDB:
            return sql.add(epoch, sql.cast(days, "INTEGER"))
        return sql.call("date_add", sql.text("day"), days, epoch)

    def digest(self, values: Sequence[tuple[Sql, ValueType]], seed: str) -> Sql:
        """Write a pseudo-random text that every engine computes alike for a key."""
        parts: list[Sql] = [sql.text(seed)]
        for value, type_ in values:
            parts += [sql.text("|"), self._text(value, type_)]
        text = sql.call("concat", *parts)
        return self.md5(text)

    def hash64(self, text: Sql) -> Sql:
        """Write the first 64 bits of the MD5 of a text in UTF-8, as a signed integer."""
        if self.engine is not EngineName.DUCKDB:
            digest = sql.call("md5", sql.call("to_utf8", text))
            first = sql.call("substr", digest, sql.integer(1), sql.integer(8))
            return sql.call("from_big_endian_64", first)
        first = sql.call("substr", sql.call("md5", text), sql.integer(1), sql.integer(16))
        bits = sql.cast(sql.call("concat", sql.text("0x"), first), "HUGEINT")
        # concat takes a null for no text.
        whole = sql.when(sql.is_not_null(text), bits)
        half, all_ = sql.text(str(2**63)), sql.text(str(2**64))
        over = sql.when(sql.less(whole, self.exact(half)), sql.integer(0), self.exact(all_))
        return sql.cast(sql.subtract(whole, over), "BIGINT")

    def shifted_right(self, value: Sql, bits: Sql) -> Sql:
        """Drop the last bits of a BIGINT that is not negative."""
        if self.engine is EngineName.DUCKDB:
            return sql.binary(exp.BitwiseRightShift, value, bits)
        return sql.call("bitwise_right_shift", value, sql.cast(bits, "INTEGER"))

    def power_of_two(self, bits: Sql) -> Sql:
        """Write 2^bits as a BIGINT."""
        one = sql.cast(sql.integer(1), "BIGINT")
        if self.engine is EngineName.DUCKDB:
            return sql.binary(exp.BitwiseLeftShift, one, bits)
        return sql.call("bitwise_left_shift", one, sql.cast(bits, "INTEGER"))

    def whole_quotient(self, dividend: Sql, divisor: Sql) -> Sql:
        """Divide integers of at most 64 bits that are not negative, and drop the remainder."""
        if self.engine is EngineName.DUCKDB:
            return sql.binary(exp.IntDiv, dividend, divisor)
        # A call: of `/` sqlglot makes what divides doubles.
        remainder = sql.call("mod", dividend, divisor)
        return sql.cast(sql.binary(exp.Div, sql.subtract(dividend, remainder), divisor), "BIGINT")

    def _text(self, value: Sql, type_: ValueType) -> Sql:
        match type_:
            case types.String:
                return value
            case types.Bytes:
                return sql.call("to_hex", value)
            case _:
                return sql.cast(value, "VARCHAR")


def _epoch_day() -> Sql:
    return exp.Cast(this=sql.text(_EPOCH[:10]), to=exp.DataType.build("DATE"))
