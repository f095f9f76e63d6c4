"""How many rows a source's log has of a while, and of how many entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp

from skewless.offline.query import identifiers, sql
from skewless.offline.query.events import Log
from skewless.offline.query.script import Script

if TYPE_CHECKING:
    from skewless.definitions.entity import Entity
    from skewless.definitions.source import Source
    from skewless.offline.engines.engine import Engine, Session
    from skewless.offline.query.events import Span

_ROWS, _ENTITIES, _EACH = "skewless_rows", "skewless_entities", "skewless_each"


class Counts(NamedTuple):
    """What was counted.

    Attributes:
        rows: of the source, those without a complete key included.
        entities: whose keys are complete.
    """

    rows: int
    entities: int


def logged_counts(source: Source, entity: Entity, span: Span, engine: Engine) -> Counts:
    """Count the rows that were ingested in a span, and the distinct keys of an entity in them.

    Raises:
        QueryError: the engine failed.
    """
    with engine.session() as session:
        found = session.run(_script(source, entity, span, session))
    (row,) = found.to_pylist()
    return Counts(int(row[_ROWS] or 0), int(row[_ENTITIES] or 0))


def _script(source: Source, entity: Entity, span: Span, session: Session) -> Script:
    keys = list(entity.keys)
    log = Log(source, session.relation(source, keys, span, None), session.dialect, (), span)
    steps = sql.Steps()
    grouped = sql.select(
        *(sql.aliased(log.physical(name), identifiers.column(name)) for name in keys),
        sql.aliased(exp.Count(this=sql.star()), _EACH),
    ).from_(log.table)
    known = log.times()[1]
    # A relation may hold more than the span: a whole day, or all of a table.
    bounds = [
        *log.pruning(),
        *([] if span.start is None else [sql.less_equal(sql.integer(span.start), known)]),
        *([] if span.end is None else [sql.less(known, sql.integer(span.end))]),
    ]
    for condition in bounds:
        grouped = grouped.where(condition, copy=False)
    counted = steps.add("counted", grouped.group_by(*map(log.physical, keys)))
    is_whole = sql.both(*(sql.is_not_null(sql.column(identifiers.column(name))) for name in keys))
    return Script(
        steps,
        sql.select(
            sql.aliased(_sum(sql.column(_EACH)), _ROWS),
            sql.aliased(_sum(sql.when(is_whole, sql.integer(1), sql.integer(0))), _ENTITIES),
        ).from_(sql.table(counted)),
    )


def _sum(value: sql.Sql) -> sql.Sql:
    return sql.cast(sql.aggregate(exp.Sum, value), "BIGINT")
