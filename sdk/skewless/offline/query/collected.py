"""What windows and tiles collect: lists of a few values, counts of values, distinct hashes. Pure.

For a list, rows are put in its order, numbered within their group, cut and gathered. What orders
them is `compiler.collected`'s: (event time, tiebreak, value), or the value alone. Counts and hashes
are grouped twice: by value, then by what they are counted for.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler.buckets import NO_BUCKET
from skewless.compiler.collected import kept_of
from skewless.compiler.partials import Partial, Shape
from skewless.definitions import types
from skewless.definitions.aggregation import Function
from skewless.offline.query import sql
from skewless.offline.query.last_events import last_inside
from skewless.offline.query.sketches import estimates, rarity, register, representatives
from skewless.offline.query.window import POINT, AllHistory, events_inside, window_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.compiler.collected import Collected
    from skewless.compiler.partials import Kept
    from skewless.compiler.plan import AggregatePlan, TileColumn, ViewPlan
    from skewless.definitions.types import ValueType
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql, Steps
    from skewless.offline.query.window import Window

# Steps that are joined in one step: at two to four tables read for each, what a statement may read
# (`stages`). A view of 76 such features would else be one statement that joins 76 tables, and
# Trino refuses a statement of more than 150 stages.
_AT_ONCE = 8
_SOURCES = {"_at": "at", "_tie": "tie", "_value": "value"}
_ASCENDING = frozenset({Partial.FIRST_N, Partial.BOTTOM_N})
_SQL_TYPES: dict[ValueType, str] = {
    types.Bool: "BOOLEAN",
    types.Float64: "DOUBLE",
    types.String: "VARCHAR",
    types.Bytes: "VARBINARY",
}


class Collects:
    """Adds the steps that collect values of one aggregated view, and tells how to join them."""

    def __init__(self, plan: ViewPlan, dialect: Dialect, steps: Steps, alias: str) -> None:
        self.plan = plan
        self.dialect = dialect
        self.steps = steps
        self.alias = alias
        self.joins: dict[str, str] = {}
        self._places: dict[tuple[str, str], exp.Column] = {}

    def add(self) -> dict[str, Sql]:
        """Add the steps, and return each value by the feature's name.

        It refers to the steps of `joins`, a map of aliases to steps that have one row for each
        point at most.
        """
        collecting = [
            (item, item.collected) for item in self.plan.aggregates if item.collected is not None
        ]
        collecting_steps = {self._step(*each): each for each in collecting}
        for step, each in collecting_steps.items():
            self.steps.add(step, self._query(*each))
        self._gather(collecting_steps)
        return {item.name: self._value(item, collected) for item, collected in collecting}

    def overflows(self) -> dict[str, Sql]:
        """Return, for each feature that has more values than its limit or one that has no bucket.

        After `add`; each says so for a point.
        """
        return {
            item.name: sql.coalesce(
                self._found(self._step(item, item.collected), "is_over"), exp.Boolean(this=False)
            )
            for item in self.plan.aggregates
            if item.collected is not None and item.collected.may_overflow
        }

    def _gather(self, steps: Mapping[str, tuple[AggregatePlan, Collected]]) -> None:
        """Join steps to one row for each point, a few at a time: see `_AT_ONCE`."""
        if len(steps) <= _AT_ONCE:
            self.joins.update((step, step) for step in steps)
            return
        for first in range(0, len(steps), _AT_ONCE):
            name = f"{self.alias}_collected{first}"
            query = sql.select(*(sql.column(each, "point") for each in POINT)).from_(
                sql.table(f"{self.alias}_points", alias="point")
            )
            for step, (_, collected) in itertools.islice(steps.items(), first, first + _AT_ONCE):
                on = sql.both(
                    *(
                        sql.equal(sql.column(each, step), sql.column(each, "point"))
                        for each in POINT
                    )
                )
                query = query.join(sql.table(step), on=on, join_type="left", copy=False)
                for column in ("value", "is_over") if collected.may_overflow else ("value",):
                    place = sql.column(f"{step}_{column}", name)
                    self._places[step, column] = place
                    query = query.select(
                        sql.aliased(sql.column(column, step), place.name), copy=False
                    )
            self.joins[name] = self.steps.add(name, query)

    def _found(self, step: str, column: str) -> Sql:
        place = self._places.get((step, column))
        return sql.column(column, step) if place is None else place.copy()

    def _value(self, item: AggregatePlan, collected: Collected) -> Sql:
        step = self._step(item, collected)
        found = self._found(step, "value")
        nothing = self._nothing(item, collected)
        if nothing is None:
            return found
        if collected.may_overflow:
            # Too many are null, and the step has a row then.
            return sql.when(sql.is_null(self._found(step, "is_over")), nothing, found)
        return sql.coalesce(found, nothing)

    def _step(self, item: AggregatePlan, collected: Collected) -> str:
        name = [collected.function.value + str(item.measure), str(collected.most)]
        if collected.quantile[0]:
            name += [str(number) for number in collected.quantile]
        return "_".join([self.alias, *name, self._window(item).label])

    def _window(self, item: AggregatePlan) -> Window | AllHistory:
        return window_of(self.plan, item) or AllHistory()

    def _nothing(self, item: AggregatePlan, collected: Collected) -> Sql | None:
        """Return the value without events; None for a null."""
        kind = sql_type(self.plan.measures[item.measure].type)
        match collected.function:
            case Function.COUNT_DISTINCT:
                return sql.integer(0)
            case Function.HISTOGRAM:
                return _array([sql.integer(0)] * collected.most, "BIGINT")
            case Function.VALUE_COUNTS:
                return sql.call("map", _array([], kind), _array([], "BIGINT"))
            case Function.MODE | Function.PERCENTILE:
                return None
            case _:
                return _array([], kind)

    def _query(self, item: AggregatePlan, collected: Collected) -> exp.Select:
        inside = self._inside(item, collected)
        if collected.partial is Partial.HASHES:
            return _distinct(inside, collected.most, self.dialect)
        if collected.partial is not Partial.COUNTS:
            kept = kept_of(collected.partial, collected.most)
            lists = collected_lists(inside, POINT, collected.partial, collected.most, kept)
            columns = [*map(sql.column, POINT), sql.aliased(sql.column("_value"), "value")]
            return sql.select(*columns).from_(sql.nested(lists, "lists"))
        counted = counts(inside, POINT)
        match collected.function:
            case Function.VALUE_COUNTS:
                return _value_counts(counted, collected.most)
            case Function.MODE:
                return _mode(counted, collected.most)
            case Function.HISTOGRAM:
                return _histogram(counted, collected.most)
            case _:
                return _percentile(counted, collected, self.dialect)

    def _inside(self, item: AggregatePlan, collected: Collected) -> exp.Select:
        """Select the events of each point's window, or as many as its list can have."""
        window, measure = self._window(item), item.measure
        is_end = collected.partial is Partial.LAST_N and not window.offset
        if is_end and self.dialect.joins_asof:
            inside = last_inside(self.steps, self.alias, measure, window, collected.most)
        else:
            inside = events_inside(self.alias, measure, window)
        return inside.select(
            sql.aliased(sql.column("happened", "event"), "at"),
            sql.column("tie", "event"),
            sql.aliased(sql.column(f"v{measure}", "event"), "value"),
        )


def collected_of_tiles(
    events: exp.Select,
    group: Sequence[str],
    column: TileColumn,
    plan: ViewPlan,
    dialect: Dialect,
) -> exp.Select:
    """Select what each tile collects of its events; columns are called as `kept` says they end.

    Args:
        events: as for `collected_lists`.
        group: what names a tile.
        column: what is collected.
        plan: the view's.
        dialect: the engine's constructs.
    """
    if column.kept.is_list:
        return collected_lists(events, group, column.partial, column.most, column.kept)
    by = [sql.column(name) for name in group]
    counted = counts(events, group)
    total = sql.over(sql.call("count", sql.star()), by, [])
    columns = [*by, sql.column("value"), sql.column("n")]
    counted = sql.select(*columns, sql.aliased(total, "total")).from_(
        sql.nested(counted, "counted")
    )
    is_few = sql.less_equal(sql.column("total"), sql.integer(column.most))
    value = sql.column("value")
    if column.kept.shape is Shape.HASHES:
        named = sql.when(is_few, value, register(value))
        rarest = sql.when(is_few, sql.integer(0), rarity(dialect, value))
        rows = (
            sql.select(
                *by,
                sql.aliased(named, "named"),
                sql.aliased(sql.aggregate(exp.Min, rarest), "rarest"),
            )
            .from_(sql.nested(counted, "totalled"))
            .group_by(*by, named.copy())
        )
        pairs = [("named", "_value"), ("rarest", "_n")]
        return (
            sql.select(
                *by,
                *(
                    sql.aliased(sql.gathered(sql.column(of), sql.column("named")), name)
                    for of, name in pairs
                ),
            )
            .from_(sql.nested(rows, "named_rows"))
            .group_by(*by)
        )
    kind = sql_type(plan.measures[column.measure].type)
    lists = [
        (sql.gathered(sql.column(of), value), sql_kind, name)
        for of, sql_kind, name in (("value", kind, "_value"), ("n", "BIGINT", "_n"))
    ]
    few = sql.less_equal(sql.aggregate(exp.Count, sql.column("n")), sql.integer(column.most))
    return (
        sql.select(
            *by,
            *(
                sql.aliased(sql.when(few, array, _array([], sql_kind)), name)
                for array, sql_kind, name in lists
            ),
        )
        .from_(sql.nested(counted, "totalled"))
        .group_by(*by)
    )


def counts(events: exp.Select, group: Sequence[str]) -> exp.Select:
    """Count how often each value occurs in each group, as `n`."""
    by = [*map(sql.column, group), sql.column("value")]
    number = sql.cast(sql.aggregate(exp.Count, sql.column("value")), "BIGINT")
    return (
        sql.select(*by, sql.aliased(number, "n")).from_(sql.nested(events, "events")).group_by(*by)
    )


def _value_counts(counted: exp.Select, most: int) -> exp.Select:
    by = [sql.column(name) for name in POINT]
    value = sql.column("value")
    pairs = sql.call("map", sql.gathered(value, value), sql.gathered(sql.column("n"), value))
    is_over = sql.less(sql.integer(most), sql.aggregate(exp.Count, sql.column("n")))
    return (
        sql.select(
            *by,
            sql.aliased(sql.when(exp.Not(this=is_over), pairs), "value"),
            sql.aliased(is_over, "is_over"),
        )
        .from_(sql.nested(counted, "counted"))
        .group_by(*by)
    )


def _mode(counted: exp.Select, most: int) -> exp.Select:
    by = [sql.column(name) for name in POINT]
    order = [sql.descending(sql.column("n")), sql.ascending(sql.column("value"))]
    total = sql.over(sql.call("count", sql.star()), by, [])
    ranked = sql.select(
        *by,
        sql.column("value"),
        sql.aliased(sql.over(sql.call("row_number"), by, order), "place"),
        sql.aliased(total, "total"),
    ).from_(sql.nested(counted, "counted"))
    is_over = sql.less(sql.integer(most), sql.column("total"))
    first = sql.select(
        *by,
        sql.aliased(sql.when(exp.Not(this=is_over), sql.column("value")), "value"),
        sql.aliased(is_over, "is_over"),
    ).from_(sql.nested(ranked, "ranked"))
    return first.where(sql.equal(sql.column("place"), sql.integer(1)))


def _histogram(counted: exp.Select, most: int) -> exp.Select:
    by = [sql.column(name) for name in POINT]
    bars = []
    for place in range(most):
        mine = sql.equal(sql.column("value"), sql.integer(place))
        number = sql.when(mine, sql.column("n"), sql.integer(0))
        bars.append(sql.cast(sql.aggregate(exp.Sum, number), "BIGINT"))
    return (
        sql.select(*by, sql.aliased(_array(bars, "BIGINT"), "value"))
        .from_(sql.nested(counted, "counted"))
        .group_by(*by)
    )


def _percentile(counted: exp.Select, collected: Collected, dialect: Dialect) -> exp.Select:
    by = [sql.column(name) for name in POINT]
    part, whole = (dialect.exact(sql.text(str(number))) for number in collected.quantile)
    total = sql.aggregate(exp.Sum, sql.column("n"))
    running = sql.over(total, by, [sql.ascending(sql.column("value"))], running=True)
    ranked = sql.select(
        *by,
        sql.column("value"),
        sql.aliased(running, "running"),
        sql.aliased(sql.over(total, by, []), "total"),
    ).from_(sql.nested(counted, "counted"))
    reached = sql.less_equal(
        sql.multiply(part, dialect.exact(sql.column("total"))),
        sql.multiply(whole, dialect.exact(sql.column("running"))),
    )
    first = sql.aggregate(exp.Min, sql.when(reached, sql.column("value")))
    greatest = sql.aggregate(exp.Max, sql.column("value"))
    is_over = sql.equal(greatest, sql.integer(NO_BUCKET))
    chosen = (
        sql.select(*by, sql.aliased(first, "bucket"), sql.aliased(is_over, "is_over"))
        .from_(sql.nested(ranked, "ranked"))
        .group_by(*by)
    )
    rows = representatives(chosen, (*POINT, "is_over"), dialect)
    factor = sql.double(float(10**collected.scale))
    value = sql.binary(exp.Div, sql.column("middle"), factor)
    is_fit = exp.Not(this=sql.column("is_over"))
    return sql.select(
        *by, sql.aliased(sql.when(is_fit, value), "value"), sql.column("is_over")
    ).from_(sql.nested(rows, "middles"))


def _distinct(events: exp.Select, most: int, dialect: Dialect) -> exp.Select:
    by = [sql.column(name) for name in POINT]
    value = sql.column("value")
    once = counts(events, POINT)
    registers = (
        sql.select(
            *by,
            sql.aliased(sql.aggregate(exp.Min, rarity(dialect, value)), "rarest"),
            sql.aliased(sql.aggregate(exp.Count, value), "n"),
        )
        .from_(sql.nested(once, "once"))
        .group_by(*by, register(value))
    )
    sums = (("rarest", exp.Sum, "total"), ("rarest", exp.Count, "filled"), ("n", exp.Sum, "exact"))
    rows = (
        sql.select(
            *by,
            *(
                sql.aliased(sql.cast(sql.aggregate(function, sql.column(of)), "BIGINT"), name)
                for of, function, name in sums
            ),
        )
        .from_(sql.nested(registers, "registers"))
        .group_by(*by)
    )
    found = estimates(rows, (*POINT, "exact"), dialect)
    is_few = sql.less_equal(sql.column("exact"), sql.integer(most))
    count = sql.when(is_few, sql.column("exact"), sql.column("estimate"))
    return sql.select(*by, sql.aliased(count, "value")).from_(sql.nested(found, "estimated"))


def _array(items: Sequence[Sql], kind: str) -> Sql:
    return sql.cast(exp.Array(expressions=[item.copy() for item in items]), f"ARRAY({kind})")


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
    """Return the SQL type of a physical value; of a Decimal in 64 bits."""
    match type_:
        case types.Array(element=element):
            return f"ARRAY({sql_type(element)})"
        case types.Map(key=key, value=value):
            return f"MAP({sql_type(key)}, {sql_type(value)})"
        case _:
            pass
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
