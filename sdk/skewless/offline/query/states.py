"""The query for now: the state of each entity that changed, as of a cut. Pure.

One row for each tile of each changed entity (or one row with its latest values), in physical
values, with exact integers as text since no file format holds 38 digits the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler import instants
from skewless.compiler.again import NOBODY, Again
from skewless.compiler.bound import Constant
from skewless.compiler.fingerprint import used_columns
from skewless.compiler.partials import UNCOUNTABLE, UNCOUNTABLE_HIGH, Partial, Shape
from skewless.compiler.state_rows import (
    SEEN,
    START,
    TILE_SET,
    partial_name,
    partial_names,
    state_fields,
)
from skewless.offline.query import identifiers, sql
from skewless.offline.query.collected import collected_lists
from skewless.offline.query.events import (
    KNOWN,
    SHARD,
    Log,
    Relation,
    Span,
    deduplicated,
    view_events,
)
from skewless.offline.query.render import Renderer
from skewless.offline.query.script import Script
from skewless.offline.query.totals import square_digits, uncountable

if TYPE_CHECKING:
    from skewless.compiler.plan import TileColumn, ViewPlan
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql

_ALL_OF_TIME = -(2**62)


@dataclass(frozen=True, slots=True)
class States:
    """A request for states.

    Attributes:
        relation: where the source's rows are.
        cut: events ingested before it count.
        since: entities with an event ingested from here on count as changed; None means all.
        rewritten: shards of rewritten history, whose entities count as changed too.
        again: entities that failed before and are tried again.
    """

    plan: ViewPlan
    dialect: Dialect
    relation: Relation
    cut: int
    since: int | None
    rewritten: tuple[str, ...] = ()
    again: Again = NOBODY

    def script(self) -> Script:
        """Return the query in steps.

        Columns: the key; then those that `state_fields` tells, null where the entity has no tile
        left, or no row passed the view's condition; `is_seen` says whether any row did.
        """
        steps = sql.Steps()
        keys = [f"k{index}" for index in range(len(self.plan.key_types))]
        self._add_rows(steps)
        if self.again.keys:
            steps.add("again", self._again(keys))
        self._add_changed(steps, keys)
        if self.plan.view.is_aggregated:
            found = self._add_tiles(steps, keys)
        else:
            found = self._add_winners(steps, keys)
        on = sql.both(
            *(sql.equal(sql.column(key, "found"), sql.column(key, "changed")) for key in keys)
        )
        columns = [field.name for field in state_fields(self.plan)]
        query = (
            sql.select(
                *(sql.column(key, "changed") for key in keys),
                *(sql.column(name, "found") for name in columns),
                sql.aliased(sql.is_not_null(sql.column("k0", "seen")), SEEN),
            )
            .from_(sql.table("changed"))
            .join(sql.table(found, alias="found"), on=on, join_type="left")
        )
        distinct = sql.select(*(sql.column(key) for key in keys)).distinct()
        # A failed entity had events, even if all of them have left its windows.
        steps.add("seen", self._with_again(distinct.from_(sql.table("events")), keys))
        same = sql.both(
            *(sql.equal(sql.column(key, "seen"), sql.column(key, "changed")) for key in keys)
        )
        query = query.join(sql.table("seen"), on=same, join_type="left", copy=False)
        return Script(steps, query)

    def _add_rows(self, steps: sql.Steps) -> None:
        view = self.plan.view
        span = span_of_states(self.plan, self.cut, self.since, self.rewritten, self.again)
        log = Log(view.source, self.relation, self.dialect, used_columns(view), span)
        every = steps.add("logged", log.rows(with_origin=self.relation.is_log))
        columns = [sql.column(identifiers.column(key)) for key in view.entity.keys]
        has_key = [sql.is_not_null(column) for column in columns]
        known = sql.less(sql.column(KNOWN), sql.integer(self.cut))
        rows = sql.select(sql.star()).from_(sql.table(every)).where(sql.both(known, *has_key))
        steps.add("source_rows", rows)
        once = deduplicated(steps, "source_rows", log, columns)
        identity = [sql.aliased(column, f"k{index}") for index, column in enumerate(columns)]
        steps.add("events", view_events(self.plan, self.dialect, once, identity, None))

    def _add_changed(self, steps: sql.Steps, keys: list[str]) -> None:
        columns = [
            sql.aliased(sql.column(identifiers.column(name)), key)
            for name, key in zip(self.plan.view.entity.keys, keys, strict=True)
        ]
        query = sql.select(*columns).distinct().from_(sql.table("source_rows"))
        if self.since is not None and not self.again.is_everyone:
            changed = sql.less_equal(sql.integer(self.since), sql.column(KNOWN))
            for shard in self.rewritten:
                rewritten = sql.equal(sql.column(SHARD), sql.text(shard))
                changed = exp.Paren(this=exp.or_(changed, rewritten))
            query = query.where(changed, copy=False)
        steps.add("changed", self._with_again(query, keys))

    def _again(self, keys: list[str]) -> exp.Select:
        renderer = Renderer(self.dialect, {})
        rows = [
            exp.Tuple(
                expressions=[
                    renderer.render(Constant(value, type_))
                    for value, type_ in zip(key, self.plan.key_types, strict=True)
                ]
            )
            for key in self.again.keys
        ]
        names = [sql.name(key) for key in keys]
        alias = exp.TableAlias(this=sql.name("failed"), columns=names)
        return sql.select(*(sql.column(key) for key in keys)).from_(
            exp.Values(expressions=rows, alias=alias)
        )

    def _with_again(self, query: exp.Select, keys: list[str]) -> exp.Query:
        if not self.again.keys:
            return query
        again = sql.select(*(sql.column(key) for key in keys)).from_(sql.table("again"))
        return exp.union(query, again, distinct=True)

    def _add_tiles(self, steps: sql.Steps, keys: list[str]) -> str:
        events = self._add_ranks(steps, keys)
        start = sql.when(
            sql.is_null(sql.column("hop")),
            sql.integer(0),
            _floor_to_column(sql.column("happened"), sql.column("hop")),
        )
        group = [*(sql.column(key) for key in keys), sql.column(TILE_SET), sql.column(START)]
        expanded = (
            sql.select(sql.star(), sql.aliased(start, START))
            .from_(sql.table(events))
            .join(self._tile_sets(), join_type="cross")
        )
        inside = sql.less_equal(sql.column("first"), sql.column("happened"))
        steps.add("placed", expanded.where(inside))
        columns: dict[str, Sql] = {}
        for column in self._tile_columns():
            if not column.kept.is_list:
                columns.update(_partial_columns(self.plan, column, self.dialect))
        steps.add(
            "tiles",
            sql.select(*group, *(sql.aliased(value, name) for name, value in columns.items()))
            .from_(sql.table("placed"))
            .group_by(*group),
        )
        return self._add_collected(steps, keys, self._add_picked(steps, keys, events))

    def _tile_columns(self) -> list[TileColumn]:
        found = {column: None for tiles in self.plan.tile_sets for column in tiles.columns}
        return list(found)

    def _tile_sets(self) -> exp.Values:
        rows: list[tuple[Sql, ...]] = []
        for index, tiles in enumerate(self.plan.tile_sets):
            first, hop = _ALL_OF_TIME, sql.null()
            if tiles.hop is not None and tiles.retention is not None:
                first = instants.window_start(self.cut, tiles.retention, tiles.hop)
                hop = sql.integer(tiles.hop)
            rows.append(
                (
                    sql.integer(index),
                    sql.cast(hop, "BIGINT"),
                    sql.cast(sql.integer(first), "BIGINT"),
                )
            )
        return exp.Values(
            expressions=[exp.Tuple(expressions=list(row)) for row in rows],
            alias=exp.TableAlias(
                this=sql.name("sets"),
                columns=[sql.name(TILE_SET), sql.name("hop"), sql.name("first")],
            ),
        )

    def _add_ranks(self, steps: sql.Steps, keys: list[str]) -> str:
        """Number each entity's values in the order of first and last, where a view needs it."""
        ranked = sorted(
            {column.measure for column in self._tile_columns() if column.kept.shape is Shape.PICK}
        )
        if not ranked:
            return "events"
        columns = []
        for index in ranked:
            counts = sql.column(f"n{index}")
            order = [sql.ascending(sql.column(name)) for name in ("happened", "tie", f"v{index}")]
            partition = [*(sql.column(key) for key in keys), counts]
            number = sql.over(sql.call("row_number"), partition, order)
            rank = sql.when(sql.equal(counts, sql.integer(1)), number)
            columns.append(sql.aliased(rank, f"rank{index}"))
        query = sql.select(sql.star(), *columns).from_(sql.table("events"))
        return steps.add("ranked", query)

    def _add_picked(self, steps: sql.Steps, keys: list[str], events: str) -> str:
        """Fetch time, tiebreak and value of the events that first and last picked by number."""
        picks = [column for column in self._tile_columns() if column.kept.shape is Shape.PICK]
        if not picks:
            return "tiles"
        query = sql.select(exp.Column(this=exp.Star(), table=sql.name("tiles"))).from_(
            sql.table("tiles")
        )
        for column in picks:
            name, index = partial_name(column), column.measure
            on = sql.both(
                *(sql.equal(sql.column(key, name), sql.column(key, "tiles")) for key in keys),
                sql.equal(sql.column(f"rank{index}", name), sql.column(f"{name}_rank", "tiles")),
            )
            query = query.join(
                sql.table(events, alias=name), on=on, join_type="left", copy=False
            ).select(
                *(
                    sql.aliased(sql.column(of_event, name), carried)
                    for of_event, carried in zip(
                        ("happened", "tie", f"v{index}"), partial_names(column), strict=True
                    )
                ),
                copy=False,
            )
        return steps.add("picked", query)

    def _add_collected(self, steps: sql.Steps, keys: list[str], tiles: str) -> str:
        """Join what tiles collect of their events to them."""
        collected = [column for column in self._tile_columns() if column.kept.is_list]
        if not collected:
            return tiles
        query = sql.select(exp.Column(this=exp.Star(), table=sql.name("tiles"))).from_(
            sql.table(tiles, alias="tiles")
        )
        of_tile = [*keys, TILE_SET, START]
        for column in collected:
            name = partial_name(column)
            index = column.measure
            placed = sql.select(
                *(sql.column(each) for each in of_tile),
                *(
                    sql.aliased(sql.column(each), alias)
                    for each, alias in (("happened", "at"), ("tie", "tie"), (f"v{index}", "value"))
                ),
            ).from_(sql.table("placed"))
            placed = placed.where(sql.equal(sql.column(f"n{index}"), sql.integer(1)), copy=False)
            lists = steps.add(
                name, collected_lists(placed, of_tile, column.partial, column.most, column.kept)
            )
            on = sql.both(
                *(sql.equal(sql.column(each, name), sql.column(each, "tiles")) for each in of_tile)
            )
            query = query.join(sql.table(lists), on=on, join_type="left", copy=False).select(
                *(
                    sql.aliased(sql.column(suffix, name), carried)
                    for (suffix, _), carried in zip(
                        column.kept.columns, partial_names(column), strict=True
                    )
                ),
                copy=False,
            )
        return steps.add("collected", query)

    def _add_winners(self, steps: sql.Steps, keys: list[str]) -> str:
        names = [f"c{index}" for index in range(len(self.plan.columns))]
        order = [
            sql.descending(sql.column(name)) for name in ("happened", "tie", *names, "deleted")
        ]
        rank = sql.over(sql.call("row_number"), [sql.column(key) for key in keys], order)
        ranked = sql.select(sql.star(), sql.aliased(rank, "rank")).from_(sql.table("events"))
        steps.add("ranked", ranked)
        first = sql.equal(sql.column("rank"), sql.integer(1))
        query = sql.select(sql.star()).from_(sql.table("ranked")).where(first)
        return steps.add("winners", query)


def span_of_states(
    plan: ViewPlan,
    cut: int,
    since: int | None,
    rewritten: tuple[str, ...],
    again: Again = NOBODY,
) -> Span:
    """Return the ingest times whose rows can count; the arguments are those of `States`."""
    reach = plan.longest_window
    if reach is None or since is None or rewritten or again.is_everyone:
        return Span(None, cut)
    # Changed entities are looked for since the last cut, even if their windows are shorter.
    return Span(min(cut - reach - instants.DEDUPLICATION_SPAN, since), cut)


def _partial_columns(plan: ViewPlan, column: TileColumn, dialect: Dialect) -> dict[str, Sql]:
    index, name = column.measure, partial_name(column)
    units = dialect.exact(sql.column(f"u{index}"))
    match column.partial:
        case Partial.COUNT:
            total = sql.aggregate(exp.Sum, sql.column(f"n{index}"))
            return {name: sql.cast(total, "BIGINT")}
        case Partial.SUM:
            return {name: _sum(plan, index, units, UNCOUNTABLE)}
        case Partial.SQUARES:
            high, low = square_digits(dialect, units)
            names = partial_names(column)
            return {
                names[0]: _sum(plan, index, high, UNCOUNTABLE_HIGH),
                names[1]: _text(sql.aggregate(exp.Sum, low)),
            }
        case Partial.MIN:
            return {name: sql.aggregate(exp.Min, sql.column(f"v{index}"))}
        case Partial.MAX:
            return {name: sql.aggregate(exp.Max, sql.column(f"v{index}"))}
        case Partial.FIRST:
            return {f"{name}_rank": sql.aggregate(exp.Min, sql.column(f"rank{index}"))}
        case Partial.LAST:
            return {f"{name}_rank": sql.aggregate(exp.Max, sql.column(f"rank{index}"))}
        case _:
            raise ValueError(column)


def _sum(plan: ViewPlan, measure: int, value: Sql, otherwise: int) -> Sql:
    """Write a tile's sum as text; a huge number if an event of the tile has no units."""
    total = _text(sql.aggregate(exp.Sum, value))
    if not plan.measures[measure].may_be_uncountable:
        return total
    one = sql.when(uncountable(measure), sql.integer(1))
    count = sql.aggregate(exp.Count, one)
    return sql.when(sql.less(sql.integer(0), count), sql.text(str(otherwise)), total)


def _text(total: Sql) -> Sql:
    return sql.cast(sql.coalesce(total, sql.integer(0)), "VARCHAR")


def _floor_to_column(value: Sql, step: Sql) -> Sql:
    remainder = sql.call("mod", value, step)
    return sql.subtract(value, sql.call("mod", sql.add(remainder, step), step))
