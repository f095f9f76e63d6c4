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
    key_name,
    partial_name,
    partial_names,
    state_fields,
)
from skewless.offline.query import identifiers, sql
from skewless.offline.query.collected import collected_of_tiles
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
from skewless.offline.query.row_order import sort_keys
from skewless.offline.query.script import Script
from skewless.offline.query.totals import square_digits, uncountable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skewless.compiler.plan import By, TileColumn, ViewPlan
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql

_ALL_OF_TIME = -(2**62)
_CHANGED = "skewless_changed"
# In `passes`: a row of an entity that is tried again, beside 1 of an event that passes the view's
# condition, and 0 of one that fails it.
_PASSED_ONCE = 2


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
        """Return the query in steps; none is read twice where that computes it twice.

        Columns: the key; then those that `state_fields` tells; `is_seen`, which says whether any
        row of the entity passed the view's condition. An entity of an aggregated view has a row
        beside those of its tiles, whose tile set is null; other columns of that row mean nothing.
        """
        steps = sql.Steps()
        keys = [f"k{index}" for index in range(len(self.plan.key_types))]
        self._add_rows(steps, keys)
        if self.plan.view.is_aggregated:
            found = self._add_tiles(steps, keys)
        else:
            found = self._add_winners(steps, keys)
        columns = [*keys, *(field.name for field in state_fields(self.plan))]
        is_seen = sql.aliased(sql.less_equal(sql.integer(1), sql.column("seen")), SEEN)
        query = sql.select(*map(sql.column, columns), is_seen)
        return Script(steps, query.from_(sql.table(found)))

    def _add_rows(self, steps: sql.Steps, keys: list[str]) -> None:
        """Add the events of entities that changed, those that fail the view's condition too."""
        view = self.plan.view
        span = span_of_states(self.plan, self.cut, self.since, self.rewritten, self.again)
        log = Log(view.source, self.relation, self.dialect, used_columns(view), span)
        every = steps.add("logged", log.rows(with_origin=self.relation.is_log))
        columns = [sql.column(identifiers.column(key)) for key in view.entity.keys]
        has_key = [sql.is_not_null(column) for column in columns]
        known = sql.less(sql.column(KNOWN), sql.integer(self.cut))
        rows = sql.select(sql.star()).from_(sql.table(every)).where(sql.both(known, *has_key))
        if self.again.keys:
            steps.add("again", self._again(keys))
        changed = self._add_changed(steps, steps.add("source_rows", rows), columns, keys)
        once = deduplicated(steps, changed, log, columns)
        identity = [sql.aliased(column, key) for column, key in zip(columns, keys, strict=True)]
        events = view_events(self.plan, self.dialect, once, identity, None, keeps_all=True)
        steps.add("events", self._with_again(steps, events, keys))

    def _add_changed(
        self, steps: sql.Steps, rows: str, columns: list[exp.Column], keys: list[str]
    ) -> str:
        """Keep the rows of entities that changed or are tried again."""
        if self.since is None or self.again.is_everyone:
            return rows
        conditions = [sql.less_equal(sql.integer(self.since), sql.column(KNOWN))]
        conditions += [sql.equal(sql.column(SHARD), sql.text(one)) for one in self.rewritten]
        if self.again.keys:
            conditions.append(self._is_tried_again(columns, keys))
        changed = sql.when(exp.or_(*conditions, copy=False), sql.integer(1), sql.integer(0))
        of_entity = sql.over(sql.aggregate(exp.Max, changed), columns, [])
        marked = sql.select(sql.star(), sql.aliased(of_entity, _CHANGED)).from_(sql.table(rows))
        kept = sql.equal(sql.column(_CHANGED), sql.integer(1))
        steps.add("marked_rows", marked)
        query = sql.select(sql.star()).from_(sql.table("marked_rows")).where(kept)
        return steps.add("changed_rows", query)

    def _again(self, keys: list[str]) -> exp.Select:
        renderer = Renderer(self.dialect, {})
        if not keys:
            return sql.select(sql.aliased(sql.integer(1), "is_again"))
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

    def _is_tried_again(self, columns: Sequence[exp.Column], keys: list[str]) -> Sql:
        again = sql.select(*map(sql.column, keys)).from_(sql.table("again"))
        if not columns:
            return exp.true()
        key: Sql = columns[0].copy()
        if len(columns) > 1:
            key = exp.Tuple(expressions=[column.copy() for column in columns])
        return exp.In(this=key, query=exp.Subquery(this=again))

    def _with_again(self, steps: sql.Steps, events: exp.Select, keys: list[str]) -> exp.Query:
        """Add a row for each entity that is tried again, which had events, maybe long ago."""
        if not self.again.keys:
            return events
        names = [column.output_name for column in events.selects]
        rows = steps.add("own_events", events)
        values = {
            **dict.fromkeys(names, sql.null()),
            **{key: sql.column(key) for key in keys},
            "passes": sql.integer(_PASSED_ONCE),
        }
        again = sql.select(*(sql.aliased(value, name) for name, value in values.items()))
        every = sql.select(*map(sql.column, names)).from_(sql.table(rows))
        return sql.union_all([every, again.from_(sql.table("again"))])

    def _add_tiles(self, steps: sql.Steps, keys: list[str]) -> str:
        events = self._add_ranks(steps, keys)
        in_tile = sql.is_not_null(sql.column(TILE_SET))
        started = sql.when(
            sql.is_null(sql.column("hop")),
            sql.integer(0),
            _floor_to_column(sql.column("happened"), sql.column("hop")),
        )
        start = sql.when(in_tile, started)
        group = [sql.column(name) for name in self._of_tile(keys)]
        expanded = (
            sql.select(sql.star(), sql.aliased(start, START), *self._keys())
            .from_(sql.table(events))
            .join(self._tile_sets(), join_type="cross")
        )
        inside = sql.both(
            in_tile,
            sql.less_equal(sql.column("first"), sql.column("happened")),
            sql.equal(sql.column("passes"), sql.integer(1)),
            *self._has_keys(),
        )
        if self.dialect.computes_steps_anew:
            inside = exp.or_(inside, sql.is_null(sql.column(TILE_SET)), copy=False)
        steps.add("placed", expanded.where(inside))
        columns: dict[str, Sql] = {"seen": sql.aggregate(exp.Max, sql.column("passes"))}
        for column in self._tile_columns():
            if not column.kept.is_collected:
                columns.update(_partial_columns(self.plan, column, self.dialect))
        steps.add(
            "tiles",
            sql.select(*group, *(sql.aliased(value, name) for name, value in columns.items()))
            .from_(sql.table("placed"))
            .group_by(*group),
        )
        found = self._add_limited(steps, self._add_collected(steps, keys), keys)
        if self.dialect.computes_steps_anew:
            return found
        return self._add_entities(steps, keys, found)

    def _of_tile(self, keys: list[str]) -> list[str]:
        """Return the columns that name a tile."""
        return [*keys, TILE_SET, START, *map(key_name, range(len(self.plan.keys)))]

    def _sets_by(self) -> Iterator[tuple[int, By, int]]:
        """Yield the sets of tiles by key: their numbers, keys and measures."""
        for index, tiles in enumerate(self.plan.tile_sets):
            if tiles.by is not None:
                yield index, tiles.by, tiles.measure

    def _keys(self) -> Iterator[Sql]:
        """Write the keys' values, in the sets of tiles that they belong to."""
        for number in range(len(self.plan.keys)):
            sets = [index for index, by, _ in self._sets_by() if by.key == number]
            is_mine = exp.In(this=sql.column(TILE_SET), expressions=[*map(sql.integer, sets)])
            value = sql.when(is_mine, sql.column(f"b{number}"))
            yield sql.aliased(value, key_name(number))

    def _has_keys(self) -> Iterator[Sql]:
        """Write that an event of a set by key has a key, and that the set's measure counts it."""
        for index, by, measure in self._sets_by():
            counts = sql.equal(sql.column(f"n{measure}"), sql.integer(1))
            is_other = exp.NEQ(this=sql.column(TILE_SET), expression=sql.integer(index))
            has_key = sql.both(sql.is_not_null(sql.column(f"b{by.key}")), counts)
            yield exp.Paren(this=exp.or_(is_other, has_key))

    def _add_limited(self, steps: sql.Steps, tiles: str, keys: list[str]) -> str:
        """Keep one row, without a key, of a tile that has more keys than its set's limit."""
        if not self.plan.keys:
            return tiles
        tile = [sql.column(name) for name in (*keys, TILE_SET, START)]
        names = list(map(key_name, range(len(self.plan.keys))))
        order = [sql.ascending(sql.column(name)) for name in names]
        numbered = sql.select(
            sql.star(),
            sql.aliased(sql.over(sql.call("count", sql.star()), tile, []), "total"),
            sql.aliased(sql.over(sql.call("row_number"), tile, order), "place"),
        )
        steps.add("keyed", numbered.from_(sql.table(tiles)))
        over = (
            sql.both(
                sql.equal(sql.column(TILE_SET), sql.integer(index)),
                sql.less(sql.integer(by.limit), sql.column("total")),
            )
            for index, by, _ in self._sets_by()
        )
        is_whole = exp.Not(this=sql.coalesce(exp.Paren(this=exp.or_(*over)), exp.false()))
        fields = [
            sql.aliased(sql.when(is_whole, sql.column(name)), name)
            if name in names
            else sql.column(name)
            for name in (field.name for field in state_fields(self.plan))
        ]
        first = sql.equal(sql.column("place"), sql.integer(1))
        query = sql.select(*map(sql.column, keys), *fields, sql.column("seen"))
        query = query.from_(sql.table("keyed")).where(exp.or_(is_whole, first))
        return steps.add("limited", query)

    def _add_entities(self, steps: sql.Steps, keys: list[str], tiles: str) -> str:
        """Add each entity's row from the events, which cost less to read again than more tiles."""
        names = [*keys, *(field.name for field in state_fields(self.plan))]
        values = {
            **dict.fromkeys(names, sql.null()),
            **{key: sql.column(key) for key in keys},
            "seen": sql.aggregate(exp.Max, sql.column("passes")),
        }
        entities = sql.select(*(sql.aliased(value, name) for name, value in values.items()))
        entities = entities.from_(sql.table("events")).group_by(*map(sql.column, keys))
        # Without keys there is one group, also of no events.
        entities = entities.having(sql.less(sql.integer(0), sql.aggregate(exp.Count, sql.star())))
        every = sql.select(*map(sql.column, values)).from_(sql.table(tiles))
        return steps.add("tiles_and_entities", sql.union_all([every, entities]))

    def _tile_columns(self) -> list[TileColumn]:
        found = {column: None for tiles in self.plan.tile_sets for column in tiles.columns}
        return list(found)

    def _tile_sets(self) -> exp.Values:
        """Return the sets of tiles, and one of nothing if each entity has its row from there."""
        nothing = sql.cast(sql.null(), "BIGINT")
        rows: list[tuple[Sql, ...]] = []
        if self.dialect.computes_steps_anew:
            rows.append((nothing, nothing.copy(), nothing.copy()))
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
            number = sql.over(sql.call("row_number"), [*map(sql.column, keys), counts], order)
            rank = sql.when(sql.equal(counts, sql.integer(1)), number)
            columns.append(sql.aliased(rank, f"rank{index}"))
        query = sql.select(sql.star(), *columns).from_(sql.table("events"))
        return steps.add("ranked", query)

    def _add_collected(self, steps: sql.Steps, keys: list[str]) -> str:
        """Join what tiles collect of their events to them: each list reads the log once more."""
        collected = [column for column in self._tile_columns() if column.kept.is_collected]
        if not collected:
            return "tiles"
        query = sql.select(exp.Column(this=exp.Star(), table=sql.name("tiles"))).from_(
            sql.table("tiles")
        )
        of_tile = self._of_tile(keys)
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
            query_of_tiles = collected_of_tiles(placed, of_tile, column, self.plan, self.dialect)
            lists = steps.add(name, query_of_tiles)
            on = sql.both(*(self._same(each, name) for each in of_tile))
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

    def _same(self, column: str, step: str) -> Sql:
        """Say that a step's row is of a tile, as far as one column goes; keys may be null."""
        same = sql.column(column, step), sql.column(column, "tiles")
        if column in map(key_name, range(len(self.plan.keys))):
            return exp.NullSafeEQ(this=same[0], expression=same[1])
        return sql.equal(*same)

    def _add_winners(self, steps: sql.Steps, keys: list[str]) -> str:
        """Pick each entity's latest event, or any other row of it if none passes."""
        names = ["happened", "tie", *(f"c{n}" for n in range(len(self.plan.columns))), "deleted"]
        passes = sql.equal(sql.column("passes"), sql.integer(1))
        counted = sql.when(passes, sql.integer(1), sql.integer(0))
        values = sort_keys(self.plan, self.dialect, names)
        order = [sql.descending(each) for each in (counted, *values)]
        rank = sql.over(sql.call("row_number"), [sql.column(key) for key in keys], order)
        ranked = sql.select(sql.star(), sql.aliased(rank, "rank")).from_(sql.table("events"))
        steps.add("ranked", ranked)
        query = sql.select(
            *map(sql.column, keys),
            *(sql.aliased(sql.when(passes, sql.column(name)), name) for name in names),
            sql.aliased(sql.column("passes"), "seen"),
        ).from_(sql.table("ranked"))
        first = sql.equal(sql.column("rank"), sql.integer(1))
        return steps.add("winners", query.where(first))


def span_of_states(
    plan: ViewPlan,
    cut: int,
    since: int | None,
    rewritten: tuple[str, ...],
    again: Again = NOBODY,
) -> Span:
    """Return the ingest times whose rows can count; the arguments are those of `States`."""
    if since is None or rewritten or again.is_everyone:
        return Span(None, cut)
    return Span(plan.counted_from(cut, since), cut)


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
        case Partial.FIRST | Partial.LAST:
            is_last, rank = column.partial is Partial.LAST, sql.column(f"rank{index}")
            return {
                carried: dialect.picked(sql.column(of_event), rank, is_last=is_last)
                for of_event, carried in zip(
                    ("happened", "tie", f"v{index}"), partial_names(column), strict=True
                )
            }
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
