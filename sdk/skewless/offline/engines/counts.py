"""How many rows a source's log has of a while, and of how many entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp

from skewless.offline.query import identifiers, sql
from skewless.offline.query.events import KNOWN, Log
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
    keys = tuple(entity.keys)
    relation = session.relation(source, keys, span, None)
    steps = sql.Steps()
    rows = steps.add("logged", Log(source, relation, session.dialect, keys, span).rows())
    columns = [sql.column(identifiers.column(name)) for name in keys]
    each = sql.aliased(exp.Count(this=sql.star()), _EACH)
    grouped = sql.select(*columns, each).from_(sql.table(rows))
    # A relation may hold more than the span: a whole day, or all of a table.
    if span.start is not None:
        grouped = grouped.where(sql.less_equal(sql.integer(span.start), sql.column(KNOWN)))
    if span.end is not None:
        grouped = grouped.where(sql.less(sql.column(KNOWN), sql.integer(span.end)))
    counted = steps.add("counted", grouped.group_by(*(column.copy() for column in columns)))
    is_whole = sql.both(exp.true(), *map(sql.is_not_null, columns))
    return Script(
        steps,
        sql.select(
            sql.aliased(_sum(sql.column(_EACH)), _ROWS),
            sql.aliased(_sum(sql.when(is_whole, sql.integer(1), sql.integer(0))), _ENTITIES),
        ).from_(sql.table(counted)),
    )


def _sum(value: sql.Sql) -> sql.Sql:
    return sql.cast(sql.aggregate(exp.Sum, value), "BIGINT")
