"""The first steps of a history query: labels to points, logged rows to a view's events.

The steps of a view are its points (the distinct entity and instant pairs that labels ask for) and
its events; a source is scanned once for each entity, however many views read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler import instants
from skewless.compiler.bound import Bound, Column
from skewless.compiler.fingerprint import used_columns
from skewless.definitions.duration import ZERO
from skewless.definitions.expression import to_datetime
from skewless.definitions.names import (
    INGEST_SEQUENCE,
    INGEST_SHARD,
    INGEST_TIME,
    TOMBSTONE,
)
from skewless.definitions.refresh import Every, Stream
from skewless.offline.query import identifiers, sql
from skewless.offline.query.render import Renderer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.source import Source
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql, Steps

ENTITY, HAPPENED, KNOWN = "skewless_entity", "skewless_happened", "skewless_known"
SHARD, SEQUENCE = "skewless_shard", "skewless_sequence"
_SCANNED = "scanned"


@dataclass(frozen=True, slots=True)
class Relation:
    """The table from which a source's rows are read.

    Attributes:
        table: the table, as the engine names it.
        is_physical: whether instants and decimals are integers there already, and the columns
            are called as in the steps that read them: users' as `identifiers` says, the store's
            `skewless_happened`, `skewless_known`, `skewless_shard` and `skewless_sequence`.
        is_log: whether the store wrote it; else it is a user's own table.
        may_repeat: whether an event id may be there twice.
        is_empty: whether no rows count, because the table had no snapshot yet.
    """

    table: exp.Table
    is_physical: bool
    is_log: bool
    may_repeat: bool = True
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """The ingest times that matter: [start, end) in microseconds; None is unbounded."""

    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class Log:
    """The way to read one source: by the labels' entities for history, else by key."""

    source: Source
    relation: Relation
    dialect: Dialect
    columns: tuple[str, ...]
    span: Span

    @property
    def table(self) -> exp.Table:
        """The table as this reads it: every column of it is named with the table's name before."""
        found = self.relation.table.copy()
        found.set("alias", exp.TableAlias(this=sql.name(_SCANNED)))
        return found

    def rows(self, *, with_origin: bool = False) -> exp.Select:
        """Select the rows with physical columns and their two times.

        Args:
            with_origin: add shard and sequence, of a log's rows.
        """
        happened, known = self.times()
        query = sql.select(
            sql.aliased(happened, HAPPENED),
            sql.aliased(known, KNOWN),
            *(self._origin() if with_origin or self._needs_origin else ()),
            *(sql.aliased(self.physical(name), identifiers.column(name)) for name in self.columns),
        ).from_(self.table, copy=False)
        for condition in [*self.pruning(), *self._has_times()]:
            query = query.where(condition, copy=False)
        return query

    def times(self) -> tuple[Sql, Sql]:
        """Return event time and ingest time in microseconds; no event is later than its ingest."""
        if self.relation.is_physical:
            return _scanned(HAPPENED), _scanned(KNOWN)
        happened = self.dialect.microseconds(_scanned(self.source.event_time))
        stamp = INGEST_TIME if self.relation.is_log else self.source.ingest_time
        if stamp is None:
            return happened, sql.add(happened, sql.integer(self.source.delay.microseconds))
        known = self.dialect.microseconds(_scanned(stamp))
        if self.relation.is_log:
            return happened, known  # the front door clamped it
        return sql.call("least", happened, known), known

    def physical(self, name: str) -> Sql:
        """Return a column in physical, normal form; event time is clamped, as in `times`."""
        if self.relation.is_physical:
            return _scanned(identifiers.column(name))
        type_ = self.source.columns[name]
        if name == self.source.event_time:
            return self.times()[0]
        value = self.dialect.physical(_scanned(name), type_)
        if self.relation.is_log:
            return value
        return self.dialect.normal(self.dialect.widened(value, type_), type_)

    def pruning(self) -> list[Sql]:
        """Return conditions by which the engine skips partitions; every row that counts passes."""
        if self.relation.is_empty:
            return [exp.false()]
        if self.relation.is_physical:
            return []
        stamp = INGEST_TIME if self.relation.is_log else self.source.ingest_time
        slack = 0 if stamp is not None else self.source.delay.microseconds
        bounded = _scanned(stamp if stamp is not None else self.source.event_time)
        found = []
        if self.span.start is not None:
            found.append(sql.less_equal(self._constant(self.span.start - slack), bounded))
        if self.span.end is not None:
            found.append(sql.less(bounded, self._constant(self.span.end)))
        return found

    def _has_times(self) -> list[Sql]:
        """Return conditions that leave out a user's rows without a time: they count nowhere."""
        if self.relation.is_log or self.relation.is_physical:
            return []
        named = dict.fromkeys([self.source.event_time, self.source.ingest_time])
        return [sql.is_not_null(_scanned(name)) for name in named if name is not None]

    def _constant(self, instant: int) -> Sql:
        # Instants beyond a timestamp's range allow no pruning.
        clipped = min(max(instant, -62_000_000_000_000_000), 250_000_000_000_000_000)
        text = to_datetime(clipped).strftime("%Y-%m-%d %H:%M:%S.%f")
        return self.dialect.timestamp(text.rjust(26, "0"))

    @property
    def _needs_origin(self) -> bool:
        return self.source.event_id is not None and self.relation.is_log

    def _origin(self) -> list[Sql]:
        if self.relation.is_physical:
            return [_scanned(SHARD), _scanned(SEQUENCE)]
        return [
            sql.aliased(_scanned(INGEST_SHARD), SHARD),
            sql.aliased(_scanned(INGEST_SEQUENCE), SEQUENCE),
        ]


def _scanned(name: str) -> Sql:
    """Name a column of the scanned table by its owner's name, qualified so that it cannot clash."""
    return sql.column(name, _SCANNED)


def deduplicated(steps: Steps, name: str, log: Log, partition: Sequence[Sql]) -> str:
    """Drop events whose id was ingested for the same entity at most 15 minutes before.

    Args:
        steps: where the step is added.
        name: the step with the log's rows.
        log: how they were read.
        partition: the columns that identify an entity.
    """
    if log.source.event_id is None or not log.relation.may_repeat:
        return name
    event_id = _logged(log.source.event_id)
    order: list[Sql] = [sql.column(KNOWN)]
    if log.relation.is_log:
        order += [sql.column(SHARD), sql.column(SEQUENCE)]
    else:
        kinds = log.source.columns
        order.append(sql.column(HAPPENED))
        order += [log.dialect.sortable(_logged(n), kinds[n]) for n in log.columns]
    previous = sql.over(
        sql.call("lag", sql.column(KNOWN)),
        [*partition, event_id],
        [sql.ascending(x) for x in order],
    )
    marked = steps.add(
        f"{name}_ids",
        sql.select(sql.star(), sql.aliased(previous, "skewless_previous")).from_(sql.table(name)),
    )
    before, known = sql.column("skewless_previous"), sql.column(KNOWN)
    near = sql.less_equal(sql.subtract(known, before), sql.integer(instants.DEDUPLICATION_SPAN))
    same_day = sql.equal(sql.floor_to(known, instants.DAY), sql.floor_to(before, instants.DAY))
    repeated = sql.both(sql.is_not_null(event_id), sql.is_not_null(before), near, same_day)
    kept = exp.Not(this=exp.Paren(this=repeated))
    return steps.add(f"{name}_once", sql.select(sql.star()).from_(sql.table(marked)).where(kept))


def view_events(
    plan: ViewPlan,
    dialect: Dialect,
    source_step: str,
    identity: list[Sql],
    start: int | None,
    *,
    ignores_ingest: bool = False,
    keeps_all: bool = False,
) -> exp.Select:
    """Select a view's events: the measures' columns, or the latest values' columns.

    Columns are `happened`, `known`, `tie` (the source's tiebreak), and for measure i `n<i>` (1
    where it counts), `u<i>` (its units) and `v<i>` (its value), for key i `b<i>`; for a view of
    latest values `c<i>` and `deleted`. With `keeps_all` the last one is `passes`.

    Args:
        plan: the view.
        dialect: the engine.
        source_step: the step with the log's rows.
        identity: the columns that name the entity, already aliased.
        start: drop events that happened before; None keeps all.
        ignores_ingest: whether events count as known when they happened.
        keeps_all: whether rows stay that fail the view's condition; `passes` is 1 where it holds,
            else 0.
    """
    view = plan.view
    columns: dict[Bound, Sql] = {Column(name): _logged(name) for name in used_columns(view)}
    renderer = Renderer(dialect, columns)
    tiebreak = view.source.tiebreak
    tie = sql.cast(exp.Null(), "BIGINT") if tiebreak is None else _logged(tiebreak)
    parts = [
        *identity,
        sql.aliased(sql.column(HAPPENED), "happened"),
        sql.aliased(sql.column(HAPPENED if ignores_ingest else KNOWN), "known"),
        sql.aliased(tie, "tie"),
    ]
    if view.is_aggregated:
        for index in range(len(plan.measures)):
            parts.extend(_measure_columns(plan, index, renderer))
        for index, key in enumerate(plan.keys):
            parts.append(sql.aliased(renderer.render(key.bound), f"b{index}"))
    else:
        for index, (name, _) in enumerate(plan.columns):
            parts.append(sql.aliased(_logged(name), f"c{index}"))
        deleted = _logged(TOMBSTONE) if view.source.has_tombstones else exp.Boolean(this=False)
        parts.append(sql.aliased(sql.coalesce(deleted, exp.Boolean(this=False)), "deleted"))
    passes = None if plan.where is None else renderer.render(plan.where)
    if keeps_all:
        one, none = sql.integer(1), sql.integer(0)
        parts.append(sql.aliased(one if passes is None else sql.when(passes, one, none), "passes"))
    query = sql.select(*parts).from_(sql.table(source_step), copy=False)
    if passes is not None and not keeps_all:
        query = query.where(passes, copy=False)
    if start is not None:
        query = query.where(sql.less_equal(sql.integer(start), sql.column(HAPPENED)), copy=False)
    return query


def _logged(name: str) -> Sql:
    """Name a source's column in the steps after the scan."""
    return sql.column(identifiers.column(name))


def _measure_columns(plan: ViewPlan, index: int, renderer: Renderer) -> list[Sql]:
    measure = plan.measures[index]
    condition: Sql | None = None
    if measure.where is not None:
        condition = renderer.render(measure.where)
    found: list[tuple[str, Sql]] = []
    if measure.value is None:
        counted = sql.integer(1)
    else:
        value = renderer.render(measure.value)
        counted = sql.when(sql.is_not_null(value), sql.integer(1), sql.integer(0))
        found.append((f"v{index}", value))
    if measure.units is not None:
        found.append((f"u{index}", renderer.render(measure.units)))
    if condition is None:
        columns = [(f"n{index}", counted), *found]
    else:
        columns = [
            (f"n{index}", sql.when(condition, counted, sql.integer(0))),
            *((name, sql.when(condition, value)) for name, value in found),
        ]
    return [
        sql.aliased(sql.cast(value, "BIGINT") if name[0] in "nu" else value, name)
        for name, value in columns
    ]


def as_of(plan: ViewPlan, instant: Sql) -> Sql:
    """Write `compiler.instants.as_of` for the view."""
    match plan.view.refresh:
        case Stream():
            return instant
        case Every(every=every, delay=delay):
            moved = instant
            if delay != ZERO:
                moved = sql.subtract(instant, sql.integer(delay.microseconds))
            return sql.floor_to(moved, every.microseconds)
