"""Training sets without AWS: what `DuckDbEngine` does once the log is read, on Arrow tables.

Reading the log from S3 is left out, for it is the same work whoever asks.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb

from skewless.compiler.plan import plan_selection
from skewless.definitions.names import INGEST_TIME
from skewless.offline.engines.duckdb_engine import DuckDbSession
from skewless.offline.frames.own_frame import own_frame
from skewless.offline.query import identifiers, sql
from skewless.offline.query.events import KNOWN, Span
from skewless.offline.query.history import ROW, History, Spine
from skewless.offline.query.mode import Mode
from skewless.offline.training.labels import prepare_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from skewless import FeatureView
    from skewless.definitions.source import Source
    from skewless.offline.lake.log import EventLog


class Training:
    """One view, and its source's log in a new DuckDB database, in memory.

    Attributes:
        connection: the database, for the baseline as well; the log is there under the source's
            name, its times are microseconds.
    """

    def __init__(self, view: FeatureView, log: pa.Table) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET enable_progress_bar = false").fetchall()
        self._session = DuckDbSession(
            self.connection, cast("EventLog", _ArrowLog(log)), Path(tempfile.mkdtemp())
        )
        self._plan = plan_selection([(view, name) for name in view.feature_types])
        self._source = view.source
        self._relation = self._session.relation(
            view.source, list(view.source.columns), Span(None, None), None
        )
        self._name_the_log(view.source)

    def answer(self, labels: pa.Table) -> pa.Table:
        """Return the features of labels, in any order; once for each database."""
        prepared = prepare_labels(own_frame(labels), self._plan, timestamp="event_timestamp")
        spine = Spine(self._session.labels(prepared.table), prepared.first, prepared.last)
        lateness = self._session.lateness(self._source)
        history = History(
            self._plan,
            Mode.AS_SERVED,
            self._session.dialect,
            spine,
            {self._source.name: self._relation},
            {} if lateness is None else {self._source.name: lateness},
        )
        found = self._session.run(history.script())
        return found.rename_columns([ROW, *(item.output for item in self._plan.selected)])

    def _name_the_log(self, source: Source) -> None:
        """Give the baseline the log's rows under the source's own names."""
        called = {name: identifiers.column(name) for name in source.columns}
        columns = [
            sql.aliased(sql.column(column), name)
            for name, column in {**called, INGEST_TIME: KNOWN}.items()
        ]
        rows = sql.select(*columns).from_(self._relation.table)
        name = sql.table(source.name).sql(dialect="duckdb")
        text = self._session.dialect.render(rows)
        self.connection.execute(f"CREATE VIEW {name} AS {text}").fetchall()


class _ArrowLog:
    """Stands for `EventLog`, whose `scan` is all that a session calls."""

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows

    def copy(self, *_: Any, **__: Any) -> None:
        return None

    def scan(self, _source: Source, columns: Sequence[str], **_: Any) -> pa.RecordBatchReader:
        return self._rows.select([*columns, INGEST_TIME]).to_reader()
