"""Lists over windows and over tiles: the first, last or greatest few values of a group of events.

Rows are put in the order of the list, numbered within their group, cut and gathered. What orders
them is `compiler.collected`'s: (event time, tiebreak, value), or the value alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler.partials import Partial, Shape
from skewless.definitions import types
from skewless.offline.query import sql
from skewless.offline.query.window import POINT, AllHistory, events_inside, window_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.compiler.partials import Kept
    from skewless.compiler.plan import AggregatePlan, ViewPlan
    from skewless.definitions.types import ValueType
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql, Steps

_SOURCES = {"_at": "at", "_tie": "tie", "_value": "value"}
_ASCENDING = frozenset({Partial.FIRST_N, Partial.BOTTOM_N})
_SQL_TYPES: dict[ValueType, str] = {
    types.Bool: "BOOLEAN",
    types.Float64: "DOUBLE",
    types.String: "VARCHAR",
    types.Bytes: "VARBINARY",
}


class Collects:
    """Adds the steps that collect the lists of one aggregated view, and tells how to join them."""

    def __init__(self, plan: ViewPlan, dialect: Dialect, steps: Steps, alias: str) -> None:
        self.plan = plan
        self.dialect = dialect
        self.steps = steps
        self.alias = alias
        self.joins: dict[str, str] = {}

    def add(self) -> dict[str, Sql]:
        """Add the steps, and return each list by the feature's name.

        It refers to the steps of `joins`, a map of aliases to steps that have one row for each
        point at most.
        """
        return {
            item.name: self._list(item)
            for item in self.plan.aggregates
            if item.collected is not None
        }

    def _list(self, item: AggregatePlan) -> Sql:
        window = window_of(self.plan, item) or AllHistory()
        column = next(
            column
            for column in self.plan.tile_sets[item.tile_set].columns
            if (column.measure, column.partial) == (item.measure, item.collected)
        )
        step = f"{self.alias}_{column.partial.value}{item.measure}_{item.most}_{window.label}"
        if step not in self.steps:
            inside = events_inside(self.alias, item.measure, window).select(
                sql.aliased(sql.column("happened", "event"), "at"),
                sql.column("tie", "event"),
                sql.aliased(sql.column(f"v{item.measure}", "event"), "value"),
            )
            self.steps.add(
                step, collected_lists(inside, POINT, column.partial, item.most, column.kept)
            )
        self.joins[step] = step
        kind = sql_type(self.plan.measures[item.measure].type)
        nothing = sql.cast(exp.Array(expressions=[]), f"ARRAY({kind})")
        return sql.coalesce(sql.column("_value", step), nothing)


def collected_lists(
    events: exp.Select, group: Sequence[str], partial: Partial, most: int, kept: Kept
) -> exp.Select:
    """Select a list for each group of events.

    Args:
        events: has the columns of the group, and `at`, `tie` and `value`.
        group: what names a group.
        partial: which list.
        most: how many elements it has at most.
        kept: says which columns are wanted; they are called as their names there end.
    """
    by = [sql.column(name) for name in group]
    order = ["at", "tie", "value"] if kept.shape is Shape.PICKS else ["value"]
    direction = sql.ascending if partial in _ASCENDING else sql.descending
    ordered = [direction(sql.column(name)) for name in order]
    if partial is Partial.LAST_DISTINCT_N:
        events = _first_rows(events, [*by, sql.column("value")], ordered, 1)
    rows = _first_rows(events, by, ordered, most)
    lists = (
        sql.aliased(sql.gathered(sql.column(_SOURCES[suffix]), sql.column("place")), suffix)
        for suffix, _ in kept.columns
    )
    return sql.select(*by, *lists).from_(sql.nested(rows, "cut")).group_by(*by)


def sql_type(type_: ValueType | None) -> str:
    """Return the SQL type of a physical scalar."""
    return _SQL_TYPES.get(type_, "BIGINT") if type_ is not None else "BIGINT"


def _first_rows(
    rows: exp.Select, group: Sequence[Sql], order: Sequence[Sql], most: int
) -> exp.Select:
    """Number each group's rows as `place`, and keep the first few."""
    number = sql.over(sql.call("row_number"), group, order)
    columns = [
        sql.column(each.alias_or_name) for each in rows.selects if each.output_name != "place"
    ]
    numbered = sql.select(*columns, sql.aliased(number, "place")).from_(sql.nested(rows, "rows"))
    kept = sql.less_equal(sql.column("place"), sql.integer(most))
    return (
        sql.select(*columns, sql.column("place"))
        .from_(sql.nested(numbered, "numbered"))
        .where(kept)
    )
