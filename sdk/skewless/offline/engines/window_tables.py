"""Windows computed beside DuckDB, from events that it hands over, as tables that it reads.

Events and points are divided by their entities. A part fits in a processor's cache, where sorting
and looking up are several times faster; and parts are computed side by side.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from skewless.offline.engines.ranges import TooManyLanesError
from skewless.offline.engines.window_part import Columns, WindowPart
from skewless.offline.query import sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb
    from sqlglot import exp

    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.windowed import Windowed

# Events of a part; and events that are in memory at once, some 70 bytes each with four sums.
PART_EVENTS, MOST_EVENTS = 2**19, 2**24
_BATCH_ROWS = 2**17
_MOST_PARTS = 2**15


class WindowTables:
    """Computes windowed steps on a connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def add(self, windowed: Windowed, steps: sql.Steps, stored: Sequence[str]) -> list[str]:
        """Make tables of the request's steps, and return their names; none if SQL is the better.

        Args:
            windowed: the request.
            steps: the query's steps.
            stored: those of them that are tables.
        """
        points = self._reader(steps.finish(windowed.points(), without=stored)).read_all()
        events = steps.finish(windowed.events(), without=stored)
        parts: list[WindowPart] = []
        try:
            for some_points, some_events in self._divided(windowed, points, events):
                parts += _computed(windowed, some_points, some_events)
        except TooManyLanesError:
            return []
        self._register(windowed, parts)
        return list(windowed.steps)

    def _divided(
        self, windowed: Windowed, points: pa.Table, events: exp.Query
    ) -> Iterator[tuple[Columns, Columns]]:
        """Yield points with all events of their entities: at once, or by turns from a table."""
        asked = Columns(points)
        found = self._fetched(events)
        if found is not None:
            yield asked, Columns(found)
            return
        name = f"{windowed.alias}_window_events"
        table = sql.table(name).sql(dialect="duckdb")
        text = self._dialect.render(events)
        rows = self._connection.execute(f"CREATE TABLE {table} AS {text}").fetchall()[0][0]
        turns = -(-rows // (MOST_EVENTS // 2))
        for turn in range(turns):
            of_turn = sql.equal(
                sql.call("mod", sql.column("entity"), sql.integer(turns)), sql.integer(turn)
            )
            query = sql.select(sql.star()).from_(sql.table(name)).where(of_turn)
            places = np.flatnonzero(asked["entity"] % turns == turn)
            if len(places):
                yield asked.taken(places), Columns(self._reader(query).read_all())
        self._connection.execute(f"DROP TABLE {table}").fetchall()

    def _fetched(self, events: exp.Query) -> pa.Table | None:
        """Return a query's rows, or None if they are too many for memory."""
        reader = self._reader(events)
        batches: list[pa.RecordBatch] = []
        rows = 0
        for batch in reader:
            rows += batch.num_rows
            if rows > MOST_EVENTS:
                return None
            batches.append(batch)
        return pa.Table.from_batches(batches, reader.schema)

    def _reader(self, query: exp.Query) -> pa.RecordBatchReader:
        return self._connection.sql(self._dialect.render(query)).to_arrow_reader(_BATCH_ROWS)

    def _register(self, windowed: Windowed, parts: Sequence[WindowPart]) -> None:
        alike: dict[tuple[tuple[str, int], ...], list[WindowPart]] = {}
        for part in parts:
            alike.setdefault(tuple(part.digits.items()), []).append(part)
        queries: dict[str, list[exp.Select]] = {step: [] for step in windowed.steps}
        for number, (digits, some) in enumerate(alike.items()):
            table = f"{windowed.alias}_windows_{number}"
            self._connection.register(table, pa.concat_tables([part.table for part in some]))
            for step, found in queries.items():
                found.append(windowed.rows(step, table, dict(digits)))
        for step, found in queries.items():
            name = sql.table(step).sql(dialect="duckdb")
            text = self._dialect.render(sql.union_all(found))
            self._connection.execute(f"CREATE VIEW {name} AS {text}").fetchall()


def _computed(windowed: Windowed, points: Columns, events: Columns) -> list[WindowPart]:
    """Compute parts side by side."""
    count = min(max(1, -(-len(events) // PART_EVENTS)), _MOST_PARTS)
    if count == 1:
        return [WindowPart(windowed, points, events)]
    pairs = zip(_split(points, count), _split(events, count), strict=True)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        work = [
            threads.submit(WindowPart, windowed, some_points, some_events)
            for some_points, some_events in pairs
            if len(some_points)
        ]
        return [part.result() for part in work]


def _split(columns: Columns, count: int) -> Iterator[Columns]:
    """Divide rows by their entities."""
    part = (columns["entity"] % count).astype(np.uint16)
    order = np.argsort(part, kind="stable")
    bounds = np.searchsorted(part[order], np.arange(count + 1))
    for start, end in zip(bounds, bounds[1:], strict=False):
        yield columns.taken(order[start:end])
