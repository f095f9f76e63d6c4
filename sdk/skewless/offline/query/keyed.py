"""Results for each value of a key, in SQL: an entity and a value are an entity of their own. Pure.

Such pairs are numbered. Points and events are told apart by the numbers, all that computes features
of entities computes those of pairs, and maps are gathered of what it found.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler.finish import COUNT
from skewless.compiler.plan import AggregatePlan
from skewless.definitions import types
from skewless.offline.query import identifiers, sql
from skewless.offline.query.collected import sql_type
from skewless.offline.query.window import POINT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.compiler.plan import By, ViewPlan
    from skewless.offline.query.sql import Sql, Steps


class Keyed:
    """Adds the steps for one key of a view: `pairs` before features are computed, `maps` after.

    Attributes:
        alias: how the steps of the pairs begin, for those that compute their features.
        pairs: the plan of one pair's features, and counts that say whether it has any events.
    """

    def __init__(self, plan: ViewPlan, key: int, steps: Steps, alias: str) -> None:
        self.plan = plan
        self.steps = steps
        self.of_view = alias
        self.key = key
        self.alias = f"{alias}_by{key}"
        self.items = [
            (item, item.by)
            for item in plan.aggregates
            if item.by is not None and item.by.key == key
        ]
        each = [replace(item, by=None) for item, _ in self.items]
        self.pairs = replace(
            plan,
            aggregates=(*each, *(_count(item, str(n)) for n, item in enumerate(each))),
            tile_sets=tuple(
                replace(tiles, columns=tiles.columns if tiles.by and tiles.by.key == key else ())
                for tiles in plan.tile_sets
            ),
        )

    def add(self) -> None:
        """Add the numbers of pairs, their points and their events."""
        entity, key = sql.column("entity"), sql.column("key")
        events = f"{self.of_view}_events"
        value = sql.column(f"b{self.key}")
        distinct = (
            sql.select(entity, sql.aliased(value, "key"))
            .distinct()
            .from_(sql.table(events))
            .where(sql.is_not_null(value), copy=False)
        )
        order = [sql.ascending(entity), sql.ascending(key)]
        number = sql.over(sql.call("row_number"), [], order)
        pairs = sql.select(entity, key, sql.aliased(number, "number")).from_(
            sql.nested(distinct, "pairs")
        )
        self.steps.add(self._numbers, pairs)
        point = sql.table(f"{self.of_view}_points", alias="point")
        rest = [sql.column(name, "point") for name in POINT if name != "entity"]
        self._of_pairs(f"{self.alias}_points", rest, point, self._is_of("point"))
        columns = [
            sql.column(name, "event")
            for name in (column.output_name for column in self.steps[events].selects)
            if name != "entity" and not name.startswith("b")
        ]
        same = sql.equal(sql.column(f"b{self.key}", "event"), sql.column("key", "pair"))
        event = sql.table(events, alias="event")
        on = sql.both(self._is_of("event"), same)
        self._of_pairs(f"{self.alias}_events", columns, event, on)

    def maps(self) -> str:
        """Add the step that has each point's maps, once the features of pairs are there."""
        columns: list[Sql] = []
        for number, (item, by) in enumerate(self.items):
            count = sql.column(identifiers.feature(str(number)), "found")
            columns += self._map(item, by, sql.less(sql.integer(0), count))
        point = [
            sql.column("entity", "pair"),
            *(sql.column(name, "found") for name in POINT if name != "entity"),
        ]
        query = (
            sql.select(*point, *columns)
            .from_(sql.table(f"{self.alias}_features", alias="found"))
            .join(
                sql.table(self._numbers, alias="pair"),
                on=sql.equal(sql.column("number", "pair"), sql.column("entity", "found")),
            )
            .group_by(*point)
        )
        return self.steps.add(f"{self.alias}_maps", query)

    def values(self, step: str) -> Iterator[tuple[str, Sql]]:
        """Yield each feature's column of the view's step, given the step of the maps."""
        for item, _ in self.items:
            overflow = sql.column(identifiers.overflow(item.name), step)
            found = sql.column(identifiers.feature(item.name), step)
            key = sql_type(self.plan.keys[self.key].type)
            arrays = (
                sql.cast(exp.Array(expressions=[]), f"ARRAY({kind})")
                for kind in (key, sql_type(item.type))
            )
            nothing = sql.call("map", *arrays)
            # Too many keys are null; without events the step has no row, or a null.
            is_whole = exp.Not(this=sql.coalesce(overflow, exp.false()))
            value = sql.when(is_whole, sql.coalesce(found, nothing))
            yield identifiers.feature(item.name), value
            yield identifiers.overflow(item.name), sql.coalesce(overflow.copy(), exp.false())
            if self.plan.is_failure(item):
                failed = sql.column(identifiers.failure(item.name), step)
                yield identifiers.failure(item.name), sql.coalesce(failed, exp.false())

    @property
    def _numbers(self) -> str:
        return f"{self.alias}_numbers"

    @staticmethod
    def _is_of(side: str) -> Sql:
        return sql.equal(sql.column("entity", side), sql.column("entity", "pair"))

    def _of_pairs(self, step: str, columns: list[exp.Column], table: exp.Table, on: Sql) -> None:
        number = sql.aliased(sql.column("number", "pair"), "entity")
        query = sql.select(number, *columns).from_(table, copy=False)
        self.steps.add(step, query.join(sql.table(self._numbers, alias="pair"), on=on, copy=False))

    def _map(self, item: AggregatePlan, by: By, is_there: Sql) -> list[Sql]:
        key = sql.column("key", "pair")
        value = sql.column(identifiers.feature(item.name), "found")
        one = sql.when(is_there, sql.integer(1))
        too_many = sql.less(sql.integer(by.limit), sql.aggregate(exp.Count, one))
        is_result = sql.both(is_there, sql.is_not_null(value))
        arrays = (_filtered(sql.gathered(each, key), is_result) for each in (key, value))
        found = sql.call("map", *arrays)
        overflow: Sql = too_many
        extra = []
        if self.plan.may_fail(item):
            flag = sql.column(identifiers.overflow(item.name), "found")
            wrong = sql.less(
                sql.integer(0), sql.aggregate(exp.Count, sql.when(flag, sql.integer(1)))
            )
            overflow = exp.Paren(this=exp.or_(too_many, wrong))
            if self.plan.is_failure(item):
                is_error = sql.both(wrong, exp.Not(this=too_many))
                extra = [sql.aliased(is_error, identifiers.failure(item.name))]
        whole = sql.when(exp.Not(this=exp.Paren(this=overflow)), found)
        return [
            sql.aliased(whole, identifiers.feature(item.name)),
            sql.aliased(overflow, identifiers.overflow(item.name)),
            *extra,
        ]


def keys_of(plan: ViewPlan) -> list[int]:
    """Return the keys by which features of a plan have several values."""
    return sorted({item.by.key for item in plan.aggregates if item.by is not None})


def without_maps(plan: ViewPlan) -> ViewPlan:
    """Return the plan of the features that have one value."""
    if not plan.keys:
        return plan
    return replace(
        plan,
        aggregates=tuple(item for item in plan.aggregates if item.by is None),
        tile_sets=tuple(
            tiles if tiles.by is None else replace(tiles, columns=()) for tiles in plan.tile_sets
        ),
    )


def _count(item: AggregatePlan, name: str) -> AggregatePlan:
    return AggregatePlan(
        name,
        item.measure,
        item.tile_set,
        item.window,
        types.Int64,
        COUNT,
        None,
        None,
        offset=item.offset,
    )


def _filtered(array: exp.ArrayAgg, condition: Sql) -> Sql:
    return exp.Filter(this=array, expression=exp.Where(this=condition.copy()))
