"""A frame of labels made of a source's rows: each row is a label at the instant it happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute

from skewless.compiler.binding import bind
from skewless.compiler.bound import Column
from skewless.definitions import types
from skewless.definitions.expression import ColumnNode, Expr, render, walk
from skewless.definitions.typing import Scope
from skewless.errors import InputError, UnknownNameError, shown
from skewless.offline.frames.logical import feature_type, logical
from skewless.offline.query import identifiers, sql
from skewless.offline.query.events import (
    HAPPENED,
    KNOWN,
    SEQUENCE,
    SHARD,
    Log,
    Span,
    deduplicated,
)
from skewless.offline.query.render import Renderer
from skewless.offline.query.script import Script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.compiler.bound import Bound
    from skewless.definitions.source import Source
    from skewless.offline.engines.engine import Engine, Session
    from skewless.offline.query.sql import Sql

pc: Any = pyarrow.compute


@dataclass(frozen=True, slots=True)
class RowsAsked:
    """The rows of a source that are to be labels.

    Attributes:
        keys: the source's key columns.
        columns: the other columns to take.
        where: only rows for which this is true.
        start, end: in microseconds: only rows that happened at `start` or later, before `end`.
        timestamp: the column for the instants.
    """

    source: Source
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    where: Expr | None
    start: int | None
    end: int | None
    timestamp: str

    @classmethod
    def of(
        cls,
        source: Source,
        keys: Sequence[str],
        columns: Sequence[str] | None,
        where: object,
        start: int | None,
        end: int | None,
        timestamp: str,
    ) -> RowsAsked:
        """Check what was asked for.

        Raises:
            InputError: it does not fit the source.
            UnknownNameError: the source has no such column.
        """
        if isinstance(columns, str):
            raise InputError(f"columns is {columns!r}; give a list of columns: [{columns!r}]")
        wanted = list(source.columns) if columns is None else list(columns)
        for name in wanted:
            if name not in source.columns:
                raise UnknownNameError("column", str(name), source.columns, owner=str(source))
        if start is not None and end is not None and start >= end:
            raise InputError(f"{source}: start is not before end: there are no rows between them")
        taken = {*keys, *wanted} - {source.event_time}
        if timestamp in taken:
            raise InputError(
                f"{source} has a column {timestamp!r} of its own; name another for the instants, "
                "timestamp='label_at', here and in get_historical_features"
            )
        others = tuple(n for n in dict.fromkeys(wanted) if n not in (*keys, timestamp))
        condition = _checked(where, source)
        return cls(source, tuple(keys), others, condition, start, end, timestamp)


def source_labels(asked: RowsAsked, engine: Engine) -> pa.Table:
    """Return the rows in order of their instants: keys, instant, then the other columns.

    Raises:
        QueryError: the engine failed.
    """
    source = asked.source
    with engine.session() as session:
        found = session.run(_script(asked, session))
    kinds = {name: source.columns[name] for name in (*asked.keys, *asked.columns)}
    if not found.num_rows:
        columns = {name: pa.nulls(0, feature_type(type_)) for name, type_ in kinds.items()}
        instants = pa.nulls(0, feature_type(types.Timestamp))
    else:
        found = _in_order(found, [identifiers.column(name) for name in kinds])
        columns = {
            name: logical(found[identifiers.column(name)].combine_chunks(), type_)
            for name, type_ in kinds.items()
        }
        instants = logical(found[HAPPENED].combine_chunks(), types.Timestamp)
    keys = {name: columns.pop(name) for name in asked.keys}
    return pa.table({**keys, asked.timestamp: instants, **columns})


def _checked(where: object, source: Source) -> Expr | None:
    if where is None:
        return None
    if not isinstance(where, Expr):
        raise InputError(f"where is {shown(where)}; write an expression such as col('amount') > 0")
    scope = Scope(columns=source.columns, columns_of=f"source {source.name!r}")
    type_ = scope.type_of(where.node)
    if scope.problems:
        raise InputError(f"where: {'; '.join(scope.problems)}")
    if type_ != types.Bool:
        raise InputError(f"where={render(where.node)} is {type_}, not Bool")
    return where


def _script(asked: RowsAsked, session: Session) -> Script:
    source = asked.source
    read = [*asked.keys, *asked.columns, *_read_by(asked.where)]
    if source.event_id is not None:
        read.append(source.event_id)
    columns = tuple(name for name in source.columns if name in read)
    # No event is known before it happened.
    span = Span(asked.start, None)
    relation = session.relation(source, columns, span, None)
    log = Log(source, relation, session.dialect, columns, span)
    steps = sql.Steps()
    rows = steps.add("logged", log.rows(with_origin=relation.is_log))
    same = [sql.column(identifiers.column(name)) for name in asked.keys]
    once = deduplicated(steps, rows, log, same)
    origin = [SHARD, SEQUENCE] if relation.is_log else []
    names = [HAPPENED, KNOWN, *origin, *map(identifiers.column, (*asked.keys, *asked.columns))]
    final = sql.select(*(sql.column(name) for name in dict.fromkeys(names))).from_(sql.table(once))
    for condition in _conditions(asked, session, columns):
        final = final.where(condition, copy=False)
    return Script(steps, final)


def _conditions(asked: RowsAsked, session: Session, columns: Sequence[str]) -> list[Sql]:
    found: list[Sql] = []
    if asked.start is not None:
        found.append(sql.less_equal(sql.integer(asked.start), sql.column(HAPPENED)))
    if asked.end is not None:
        found.append(sql.less(sql.column(HAPPENED), sql.integer(asked.end)))
    if asked.where is not None:
        known: dict[Bound, Sql] = {
            Column(name): sql.column(identifiers.column(name)) for name in columns
        }
        bound = bind(asked.where.node, asked.source.columns).bound
        found.append(Renderer(session.dialect, known).render(bound))
    return found


def _read_by(where: Expr | None) -> list[str]:
    if where is None:
        return []
    return [part.name for part in walk(where.node) if isinstance(part, ColumnNode)]


def _in_order(found: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Sort rows in one way, whatever engine read them; Athena's files have no order."""
    by = [name for name in (HAPPENED, KNOWN, SHARD, SEQUENCE) if name in found.column_names]
    by += [name for name in columns if not pa.types.is_nested(found.schema.field(name).type)]
    return found.sort_by([(name, "ascending") for name in by])
