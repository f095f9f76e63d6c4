"""Windows computed beside DuckDB, from events that it hands over, as tables that it reads.

Events and points are divided by their entities. A part fits in a processor's cache, where sorting
and looking up are several times faster; and parts are computed side by side.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from skewless.errors import QueryError
from skewless.offline.engines.dealt_rows import DealtRows, piles_of
from skewless.offline.engines.memory import memory_bytes
from skewless.offline.engines.ranges import TooManyLanesError
from skewless.offline.engines.window_columns import Columns, TooManyBytesError
from skewless.offline.engines.window_part import WindowPart
from skewless.offline.query import sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb
    from sqlglot import exp

    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.windowed import Windowed, WindowKind

# Events of a part; and bytes of events that are in memory at once: less on a small machine.
PART_EVENTS, MOST_BYTES = 2**19, min(2**30, (memory_bytes() or 2**34) // 16)
_BATCH_ROWS, _DEALT_ROWS = 2**17, 2**19
_MOST_THREADS = 8  # each takes some 100 MB
_MOST_PARTS = 2**15
_TURNS_OF_MOST = 8  # a turn's events are divided, summed and joined: several times their bytes


class WindowTables:
    """Computes windowed steps on a connection."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, dialect: Dialect, folder: Path
    ) -> None:
        """Use a connection, and a folder for events that are more than memory holds."""
        self._connection = connection
        self._dialect = dialect
        self._folder = folder

    def add(self, windowed: Windowed, steps: sql.Steps, stored: Sequence[str]) -> list[str]:
        """Make tables of the request's steps, and return their names; none if SQL is the better.

        Args:
            windowed: the request.
            steps: the query's steps.
            stored: those of them that are tables.
        """
        points = self._read(steps.finish(windowed.points(), without=stored))
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
        self, windowed: Windowed, points: Columns, events: exp.Query
    ) -> Iterator[tuple[Columns, Columns]]:
        """Yield points with all events of their entities: at once, or by turns from files."""
        try:
            found = self._read(events, MOST_BYTES)
        except TooManyBytesError:
            yield from self._by_turns(windowed, points, events)
        else:
            yield points, found

    def _by_turns(
        self, windowed: Windowed, points: Columns, events: exp.Query
    ) -> Iterator[tuple[Columns, Columns]]:
        folder = self._folder / f"{windowed.alias}_window_events"
        try:
            with self._reader(events, _DEALT_ROWS) as reader:
                dealt = DealtRows(reader, folder)
            pile = piles_of(points["entity"])
            for piles, rows in dealt.turns(MOST_BYTES // _TURNS_OF_MOST):
                places = np.flatnonzero((piles.start <= pile) & (pile < piles.stop))
                if len(places):
                    yield points.taken(places), Columns.read(rows, sys.maxsize)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _read(self, query: exp.Query, most: int = sys.maxsize) -> Columns:
        """Read a query's rows.

        Raises:
            QueryError: DuckDB failed.
            TooManyBytesError: they take more bytes than `most`.
        """
        with self._reader(query, _BATCH_ROWS) as reader:
            return Columns.read(reader, most)

    @contextmanager
    def _reader(self, query: exp.Query, rows: int) -> Iterator[pa.RecordBatchReader]:
        """Open a stream of a query's rows, in batches."""
        reader = self._connection.sql(self._dialect.render(query)).to_arrow_reader(rows)
        try:
            with reader:
                yield reader
        except (OSError, pa.ArrowException) as error:
            # A stream tells DuckDB's errors as its own.
            raise QueryError("DuckDB", str(error)) from error

    def _register(self, windowed: Windowed, parts: Sequence[WindowPart]) -> None:
        alike: dict[tuple[tuple[tuple[WindowKind, str], int], ...], list[pa.Table]] = {}
        for part in parts:
            alike.setdefault(tuple(part.digits.items()), []).append(part.table)
        queries: dict[str, list[exp.Select]] = {step: [] for step in windowed.steps}
        for number, (digits, tables) in enumerate(alike.items()):
            table = f"{windowed.alias}_windows_{number}"
            self._connection.register(table, pa.concat_tables(tables))
            for step, found in queries.items():
                found.append(windowed.rows(step, table, dict(digits)))
        for step, found in queries.items():
            name = sql.table(step).sql(dialect="duckdb")
            text = self._dialect.render(sql.union_all(found))
            self._connection.execute(f"CREATE VIEW {name} AS {text}").fetchall()


def _computed(windowed: Windowed, points: Columns, events: Columns) -> list[WindowPart]:
    """Compute parts side by side."""
    count = min(-(-len(events) // PART_EVENTS), _MOST_PARTS)
    if count <= 1:
        return [WindowPart.of(windowed, points, events)]
    pairs = zip(_split(points, count), _split(events, count), strict=True)
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as threads:
        work = [
            threads.submit(WindowPart.of, windowed, some_points, some_events)
            for some_points, some_events in pairs
            if len(some_points)
        ]
        try:
            return [part.result() for part in work]
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _split(columns: Columns, count: int) -> Iterator[Columns]:
    """Divide rows by their entities."""
    part = (columns["entity"] % count).astype(np.uint16)
    order = np.argsort(part, kind="stable")
    bounds = np.searchsorted(part[order], np.arange(count + 1))
    for start, end in itertools.pairwise(bounds):
        yield columns.taken(order[start:end])
