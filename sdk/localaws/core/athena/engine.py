"""DuckDB made to compute as Trino does: settings, and macros for what the two do differently.

A macro that depends on its argument's type takes the argument twice. DuckDB chooses the overload by
typed parameters, but casts the value to the parameter's type, which would round a DECIMAL(38, 6);
so a typed exemplar only chooses, and the untyped argument carries the value.
"""

from __future__ import annotations

import atexit
import functools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from localaws.core.athena.storage import scratch

if TYPE_CHECKING:
    import pyarrow as pa

# Set once for all connections, then locked: a statement reaches only this process's copies of
# objects, and neither other files, the network nor variables of this program.
_SETTINGS = """
set global TimeZone = 'UTC';
set global integer_division = false;
set global ieee_floating_point_ops = true;
set global autoinstall_known_extensions = false;
set global autoload_known_extensions = false;
set global python_enable_replacements = false;
set global temp_directory = {spilled};
set global allowed_directories = [{copies}];
set global enable_external_access = false;
set global lock_configuration = true;
"""

# Trino: integers divide to integers and refuse zero, doubles follow IEEE 754, decimals stay exact
# at the greater scale and round half away from zero. DuckDB's `/` gives a double for all of them.
# A lambda's parameter stands for a side that is named more than once: a macro would copy it, and
# what is in it, each time.
_DIVISION = """
create macro decimal_scale(x) as
    case when typeof(x) like 'DECIMAL%'
    then cast(split_part(rtrim(typeof(x), ')'), ',', 2) as integer) else 0 end;
create macro decimal_units(x) as cast(replace(cast(x as varchar), '.', '') as hugeint);
create macro power_of_ten(n) as cast('1' || repeat('0', n) as hugeint);
create macro rounded_quotient(a, b) as
    (a // b) + case when abs(a % b) >= abs(b) - abs(a % b)
               then cast(sign(a) * sign(b) as hugeint) else 0 end;
create macro padded(digits, n) as repeat('0', greatest(n - length(digits), 0)) || digits;
create macro with_point(digits, s) as left(digits, length(digits) - s) || '.' || right(digits, s);
create macro decimal_text(units, s) as case when units < 0 then '-' else '' end
    || with_point(padded(cast(abs(units) as varchar), s + 1), s);
create macro scaled_quotient(a, b, s) as
    decimal_text(rounded_quotient(
        decimal_units(a) * power_of_ten(s + decimal_scale(b) - decimal_scale(a)),
        decimal_units(b)), s);
create macro quotient_type(a, b) as case when false then (a + b) * cast(1 as decimal(38, 0)) end;
create macro decimal_quotient_of(a, b) as
    case when decimal_scale(a) = 0 and decimal_scale(b) = 0
    then cast_to_type(rounded_quotient(cast(a as hugeint), cast(b as hugeint)),
                      quotient_type(a, b))
    else cast_to_type(scaled_quotient(a, b, greatest(decimal_scale(a), decimal_scale(b))),
                      quotient_type(a, b))
    end;
create macro decimal_quotient(x, y) as
    list_transform([{'a': x, 'b': y}], lambda v: decimal_quotient_of(v.a, v.b))[1];
create macro whole_decimal_quotient(x, y) as
    cast(list_transform([{'a': cast(x as hugeint), 'b': cast(y as hugeint)}],
                        lambda v: rounded_quotient(v.a, v.b))[1] as decimal(38, 0));
create macro trino_divide
    (s tinyint, t tinyint, a, b) as a // b,
    (s smallint, t smallint, a, b) as a // b,
    (s integer, t integer, a, b) as a // b,
    (s bigint, t bigint, a, b) as a // b,
    (s hugeint, t hugeint, a, b) as a // b,
    (s float, t float, a, b) as a / b,
    (s double, t double, a, b) as cast(a as double) / cast(b as double),
    (s decimal(38, 0), t decimal(38, 0), a, b) as decimal_quotient(a, b);
"""

# Trino: sum(bigint) is a bigint and overflows with an error; DuckDB's is 128 bits wide.
_SUM = """
create macro trino_sum
    (t hugeint, x) as cast(x as bigint),
    (t bigint, x) as cast(x as bigint),
    (t float, x) as cast(x as float),
    (t double, x) as x, (t decimal(38, 0), x) as x, (t interval, x) as x;
create macro sum_exemplar
    (t bigint) as cast(0 as bigint), (t float) as cast(0 as float), (t double) as 0e0,
    (t decimal(38, 0)) as cast(0 as decimal(38, 0)), (t interval) as t;
"""

# Trino rounds half away from zero where DuckDB rounds half to even.
_CASTS = """
create macro trino_integer
    (t double, x) as round(x),
    (t float, x) as round(x),
    (t boolean, x) as x, (t tinyint, x) as x, (t smallint, x) as x, (t integer, x) as x,
    (t bigint, x) as x, (t hugeint, x) as x, (t decimal(38, 0), x) as x, (t varchar, x) as x;
create macro java_mantissa(digits) as
    substr(digits, 1, 1) || '.' || coalesce(nullif(rtrim(substr(digits, 2), '0'), ''), '0');
create macro java_scientific(s) as case
    when contains(s, 'e') then split_part(s, 'e', 1)
        || case when contains(s, '.') then '' else '.0' end
        || 'E' || cast(split_part(s, 'e', 2) as integer)
    when starts_with(s, '0.') then java_mantissa(ltrim(substr(s, 3), '0'))
        || 'E-' || (length(s) - 1 - length(ltrim(substr(s, 3), '0')))
    else java_mantissa(replace(s, '.', '')) || 'E' || (strpos(s, '.') - 2) end;
create macro java_double(x) as case
    when isnan(x) then 'NaN'
    when isinf(x) then case when x > 0 then 'Infinity' else '-Infinity' end
    when x = 0 or (abs(x) >= 1e-3 and abs(x) < 1e7) then cast(x as varchar)
    else case when x < 0 then '-' else '' end || java_scientific(cast(abs(x) as varchar)) end;
create macro trino_varchar
    (t double, x) as java_double(x),
    (t float, x) as java_double(x),
    (t boolean, x) as cast(x as varchar), (t bigint, x) as cast(x as varchar),
    (t hugeint, x) as cast(x as varchar), (t decimal(38, 0), x) as cast(x as varchar),
    (t date, x) as cast(x as varchar), (t time, x) as cast(x as varchar),
    (t timestamp, x) as cast(x as varchar), (t blob, x) as cast(x as varchar),
    (t timestamptz, x) as strftime(x, '%Y-%m-%d %H:%M:%S.%g') || ' UTC',
    (t varchar, x) as cast(x as varchar);
"""

# Trino: date_add and date_trunc of a date are dates; from_unixtime keeps milliseconds only.
_TIME = """
create macro trino_same
    (t date, x) as cast(x as date), (t timestamp, x) as x, (t timestamptz, x) as x;
create macro trino_from_unixtime(x) as make_timestamptz(cast(round(x * 1000) as bigint) * 1000);
create macro from_unixtime_nanos(n) as make_timestamptz(cast(n // 1000 as bigint));
create macro at_timezone(t, zone) as t;
create macro with_timezone(t, zone) as timezone(zone, t);
create macro to_milliseconds(i) as cast(epoch(i) * 1000 as bigint);
create macro to_iso8601(t) as strftime(t, '%Y-%m-%dT%H:%M:%S.%g')
    || case when typeof(t) like '%TIME ZONE' then 'Z' else '' end;
create macro format_datetime(t, f) as strftime(t, replace(replace(replace(replace(replace(replace(
    replace(f, 'yyyy', '%Y'), 'MM', '%m'), 'dd', '%d'), 'HH', '%H'), 'mm', '%M'), 'ss', '%S'),
    '''', ''));
"""

_FUNCTIONS = """
create macro nan() as cast('nan' as double);
create macro infinity() as cast('inf' as double);
create macro is_finite(x) as isfinite(x);
create macro is_infinite(x) as isinf(x);
create macro "every"(x) as bool_and(x);
create macro codepoint(x) as unicode(x);
create macro bitwise_left_shift(x, n) as x << n;
create macro bitwise_right_shift(x, n) as x >> n;
create macro bitwise_not(x) as ~x;
create macro to_big_endian_64(x) as unhex(lpad(to_hex(x), 16, '0'));
create macro from_big_endian_64(b) as cast(
    cast(cast('0x' || hex(b) as ubigint) as hugeint)
    - case when cast('0x' || hex(b) as ubigint) >= 9223372036854775808
      then 18446744073709551616 else 0 end as bigint);
create macro to_ieee754_64(x) as to_big_endian_64(cast(cast(x as bit) as bigint));
create macro json_format(x) as cast(x as varchar);
create macro trino_substr
    (t blob, x, start, length) as
        array_slice(x, start, case when length is null then octet_length(x)
                              else start + length - 1 end),
    (t varchar, x, start, length) as
        case when length is null then substring(x, start) else substring(x, start, length) end;
create macro map_agg(k, v) as
    map_from_entries(list({'k': k, 'v': v}) filter (where k is not null));
create macro multimap_agg(k, v) as map_from_entries(list_transform(
    list_distinct(list(k)),
    lambda x: {'k': x, 'v': list_transform(
        list_filter(list({'k': k, 'v': v}), lambda y: y.k = x), lambda y: y.v)}));
create macro zip(a, b) as list_zip(a, b);
create macro width_bucket(x, low, high, n) as case when x < low then 0 when x >= high then n + 1
    else cast(floor((x - low) / (high - low) * n) as bigint) + 1 end;
"""

_renewing = threading.Lock()
_MACROS = (_DIVISION, _SUM, _CASTS, _TIME, _FUNCTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A result's column: its name, and its type as DuckDB writes it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """The result of a query."""

    columns: tuple[Column, ...]
    table: pa.Table


def connect() -> duckdb.DuckDBPyConnection:
    """A connection for one query, which may make temporary things only: the database is shared."""
    return _database().cursor()


@functools.cache
def _database() -> duckdb.DuckDBPyConnection:
    """The database with the macros, which would take 0.1 s to create for each query."""
    database = duckdb.connect(":memory:")
    for macros in _MACROS:
        database.execute(macros)
    spilled, copies = (_text(f"{scratch() / name}/") for name in ("spilled", ""))
    database.execute(_SETTINGS.format(spilled=spilled, copies=copies))
    return database


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@atexit.register
def _forget() -> None:
    # A connection that is open at exit makes DuckDB print leaks.
    if _database.cache_info().currsize:
        _database().close()
        _database.cache_clear()


def renew() -> None:
    """Use a new database for the next queries, after a bug in DuckDB broke this one."""
    with _renewing:
        try:
            _database().cursor().execute("select 1").fetchall()
        except duckdb.FatalException:
            _database.cache_clear()


def evaluate(connection: duckdb.DuckDBPyConnection, sql: str) -> Relation:
    """Run a SELECT, whole; column names in lower case, as Athena gives them."""
    relation = connection.sql(sql)
    if "HUGEINT" in map(str, relation.types):
        # Trino has no wider integer than BIGINT; an overflow is an error there as well.
        relation = relation.project(
            ", ".join(map(_as_trino_has_it, relation.columns, relation.types))
        )
    types = [str(kind) for kind in relation.types]
    table = relation.to_arrow_table()
    names = [name.lower() for name in relation.columns]
    columns = tuple(Column(name=name, type=kind) for name, kind in zip(names, types, strict=True))
    return Relation(columns=columns, table=table.rename_columns(names))


def _as_trino_has_it(name: str, kind: object) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    return f"cast({quoted} as bigint) as {quoted}" if str(kind) == "HUGEINT" else quoted
