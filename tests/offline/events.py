"""Events in a log: a source with defaults, and rows appended to it and scanned."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from skewless import Source
from skewless.definitions.expression import to_microseconds
from skewless.ingest.normalise import normalise
from skewless.offline.frames.incoming import to_arrow
from skewless.offline.query import identifiers, sql
from skewless.offline.query.events import HAPPENED, KNOWN, Log, Span
from skewless.offline.query.script import Script
from skewless.types import Int64

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.offline.engines.engine import Engine
    from skewless.offline.lake.log import EventLog
    from skewless.types import ValueType

_SHARDS = itertools.count()  # each append is a producer of its own
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
MICROS = to_microseconds(NOON, "noon")
DAY = 86_400_000_000
HOUR = timedelta(hours=1)


def a_source(schema: Mapping[str, ValueType] | None = None, **options: Any) -> Source:
    return Source("events", schema=schema or {"x": Int64}, event_time="at", **options)


def rows(source: Source, **columns: Any) -> pa.Table:
    columns.setdefault("at", [NOON - HOUR] * len(next(iter(columns.values()))))
    result = normalise(to_arrow(pa.table(columns)), source)
    assert result.rejected.num_rows == 0
    return result.accepted


def append(log: EventLog, source: Source, table: pa.Table, **options: Any) -> int | None:
    given = {"ingest_time": NOON, "shard": f"a{next(_SHARDS)}", "first_sequence": 0, **options}
    return log.append(source, table, **given)


def scanned(log: EventLog, source: Source, *columns: str, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        log.scan(source, columns or None, **options).read_all().to_pylist()
    )
    return found


def events_read_by(engine: Engine, source: Source, *columns: str) -> list[dict[str, Any]]:
    """Return events as an engine reads them, with both their times, the first known first."""
    span = Span(None, None)
    with engine.session() as session:
        relation = session.relation(source, columns, span, None)
        query = Log(source, relation, session.dialect, columns, span).rows()
        found = session.run(Script(sql.Steps(), query))
    called = {name: identifiers.column(name) for name in columns}
    return [
        {name: row[called.get(name, name)] for name in (*columns, HAPPENED, KNOWN)}
        for row in found.sort_by(KNOWN).to_pylist(maps_as_pydicts="strict")
    ]
