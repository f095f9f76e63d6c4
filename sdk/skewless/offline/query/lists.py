"""Methods of lists and maps as SQL."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler.bound import Primitive
from skewless.offline.query import sql
from skewless.offline.query.dialect import EngineName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql

_ITEM = (
    "skewless_item"  # a lambda's parameter hides a column of its name, and no column has this one
)
_CALLS: Mapping[Primitive, tuple[str, str]] = {
    Primitive.LIST_LENGTH: ("len", "cardinality"),
    Primitive.LIST_GET: ("list_extract", "element_at"),
    Primitive.LIST_MIN: ("list_min", "array_min"),
    Primitive.LIST_MAX: ("list_max", "array_max"),
    Primitive.MAP_VALUES: ("map_values", "map_values"),
}


def functions(dialect: Dialect) -> Mapping[Primitive, Callable[..., Sql]]:
    """Return how each primitive is written, over the SQL of its arguments."""
    place = 0 if dialect.engine is EngineName.DUCKDB else 1
    return {
        **{
            primitive: functools.partial(sql.call, names[place])
            for primitive, names in _CALLS.items()
        },
        Primitive.LIST_CONTAINS: functools.partial(_contains, dialect),
        Primitive.LIST_COUNT: functools.partial(_count, dialect),
        Primitive.LIST_SUM: functools.partial(_sum, dialect),
        Primitive.LIST_UNITS: functools.partial(_units, dialect),
        Primitive.MAP_GET: functools.partial(_map_get, dialect),
    }


def extreme(dialect: Dialect, function: str, left: Sql, right: Sql) -> Sql:
    """Return the `greatest` or the `least` of two values; a null is skipped."""
    both = exp.Array(expressions=[left, right])
    known = _filtered(dialect, both, sql.is_not_null)
    primitive = Primitive.LIST_MAX if function == "greatest" else Primitive.LIST_MIN
    return functions(dialect)[primitive](known)


def _contains(dialect: Dialect, values: Sql, value: Sql) -> Sql:
    name = "list_contains" if dialect.engine is EngineName.DUCKDB else "contains"
    return sql.when(sql.is_not_null(value), sql.call(name, values, value))


def _count(dialect: Dialect, values: Sql, value: Sql) -> Sql:
    found = _filtered(dialect, values, lambda item: sql.equal(item, value))
    return sql.when(sql.is_not_null(value), _length(dialect, found))


def _sum(dialect: Dialect, values: Sql) -> Sql:
    if dialect.engine is EngineName.DUCKDB:
        return sql.call("list_sum", values)  # a HUGEINT; null of no elements
    item, total = sql.name(_ITEM), sql.name("skewless_sum")
    both = sql.add(exp.Column(this=total.copy()), dialect.exact(exp.Column(this=item.copy())))
    added = exp.Lambda(this=dialect.exact(both), expressions=[total, item])
    result = exp.Lambda(this=exp.Column(this=total.copy()), expressions=[total.copy()])
    found = sql.call("reduce", values, dialect.exact(sql.integer(0)), added, result)
    return sql.when(sql.less(sql.integer(0), _length(dialect, values)), found)


def _units(dialect: Dialect, values: Sql, factor: Sql) -> Sql:
    units = dialect.each(values, lambda item: dialect.round_half_away(sql.multiply(item, factor)))

    def all_known(found: Sql) -> Sql:
        unknown = _filtered(dialect, found, sql.is_null)
        return sql.when(sql.equal(_length(dialect, unknown), sql.integer(0)), found)

    return dialect.let("units", units, all_known)


def _map_get(dialect: Dialect, pairs: Sql, key: Sql) -> Sql:
    name = "map_extract_value" if dialect.engine is EngineName.DUCKDB else "element_at"
    return sql.when(sql.is_not_null(key), sql.call(name, pairs, key))


def _filtered(dialect: Dialect, values: Sql, is_kept: Callable[[Sql], Sql]) -> Sql:
    item = sql.name(_ITEM)
    test = exp.Lambda(this=is_kept(exp.Column(this=item.copy())), expressions=[item])
    name = "list_filter" if dialect.engine is EngineName.DUCKDB else "filter"
    return sql.call(name, values, test)


def _length(dialect: Dialect, values: Sql) -> Sql:
    return sql.call("len" if dialect.engine is EngineName.DUCKDB else "cardinality", values)
