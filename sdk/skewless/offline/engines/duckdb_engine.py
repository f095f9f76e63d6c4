"""DuckDB runs the queries in this process, over copies of the log's files."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import pyarrow as pa
from sqlglot import exp

from skewless.definitions.names import INGEST_SEQUENCE, INGEST_SHARD, INGEST_TIME
from skewless.errors import QueryError
from skewless.offline.engines.copied_rows import called, copied_rows
from skewless.offline.engines.spill import spill_folder
from skewless.offline.engines.window_tables import WindowTables
from skewless.offline.query import identifiers, sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.events import HAPPENED, KNOWN, Relation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from skewless.definitions.source import Source
    from skewless.offline.lake.day_table import LogFiles
    from skewless.offline.query.events import Span
    from skewless.offline.query.script import Script

_INTERRUPTED = "Query interrupted"
# Beyond it DuckDB spills. The rest is for what is beside it: labels, windows, and the set itself.
_MEMORY = "50%"
_LABELS, _SCANNED = "skewless_labels", "skewless_scanned"


class Logs(Protocol):
    """Where sources' events are; `lake.log.EventLog` for those of a store."""

    def copy(  # noqa: D102 - as `EventLog` says
        self,
        source: Source,
        columns: Sequence[str],
        folder: Path,
        *,
        snapshot_id: int | None = None,
        ingest_from: int | None = None,
        ingest_before: int | None = None,
    ) -> LogFiles | None: ...

    def scan(  # noqa: D102 - as `EventLog` says
        self,
        source: Source,
        columns: Sequence[str] | None = None,
        *,
        snapshot_id: int | None = None,
        ingest_from: int | None = None,
        ingest_before: int | None = None,
        physical: bool = False,
    ) -> pa.RecordBatchReader: ...


class DuckDbEngine:
    """History by DuckDB, for data that fits one machine; larger than memory spills to disk."""

    def __init__(self, log: Logs) -> None:
        self._log = log

    @contextmanager
    def session(self) -> Iterator[DuckDbSession]:
        """Open a database of its own, in memory."""
        with spill_folder() as folder:
            connection = duckdb.connect(
                config={
                    "temp_directory": str(folder / "spilled"),
                    "memory_limit": _MEMORY,
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                }
            )
            try:
                # In a terminal DuckDB would draw a progress bar over the caller's output.
                connection.execute("SET enable_progress_bar = false").fetchall()
                yield DuckDbSession(connection, self._log, folder)
            except RuntimeError as error:
                if str(error) == _INTERRUPTED:  # so DuckDB tells of Ctrl-C during a query
                    raise KeyboardInterrupt from error
                raise
            finally:
                connection.close()


class DuckDbSession:
    """One database."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, log: Logs, folder: Path) -> None:
        """Use a database, and a folder for copies of files that lives as long as the session."""
        self.dialect = Dialect(EngineName.DUCKDB)
        self._connection = connection
        self._windows = WindowTables(connection, self.dialect, folder)
        self._log = log
        self._folder = folder

    def relation(
        self, source: Source, columns: Sequence[str], span: Span, snapshot: int | None
    ) -> Relation:
        """Copy the files of a source's log here, or read its rows into a table."""
        is_log = source.table is None
        system = [INGEST_SHARD, INGEST_SEQUENCE] if is_log else []
        names = [*dict.fromkeys([*columns, source.event_time]), *system, INGEST_TIME]
        name = identifiers.rows_of(source)
        copies = self._folder / name
        copies.mkdir()
        asked: dict[str, int | None] = {
            "snapshot_id": snapshot,
            "ingest_from": span.start,
            "ingest_before": span.end,
        }
        found = self._log.copy(source, names, copies, **asked)
        if found is None:
            self._create(source, self._log.scan(source, names, physical=True, **asked))
        else:
            rows = copied_rows(source, names, copies, found, span)
            self._make("VIEW", name, self.dialect.render(rows, copy=False))
        repeats = source.event_id is not None
        if source.event_id is not None and source.event_id in columns:
            repeats = self._repeats(name, source.event_id)
        return Relation(sql.table(name), True, is_log, repeats)  # noqa: FBT003 - is_physical

    def _repeats(self, name: str, event_id: str) -> bool:
        """Say whether an id occurs twice; if not, the query needs no window to find repeats."""
        ids = sql.column(identifiers.column(event_id))
        distinct = exp.Count(this=exp.Distinct(expressions=[ids.copy()]))
        some = sql.less(distinct, exp.Count(this=ids))
        return bool(self._one(sql.select(some).from_(sql.table(name))))

    def _create(self, source: Source, rows: pa.RecordBatchReader) -> None:
        """Make a table of the rows, each column under the name that queries know it by."""
        named = [(name, called(name)) for name in rows.schema.names]
        every = sql.select(
            *(
                sql.aliased(sql.column(name, _SCANNED), alias)
                for name, alias in [*named, (source.event_time, HAPPENED)]
            )
        ).from_(sql.table(_SCANNED))
        failures: list[Exception] = []
        kept = pa.RecordBatchReader.from_batches(rows.schema, _read(rows, failures))
        self._connection.register(_SCANNED, kept)
        try:
            self._make("TABLE", identifiers.rows_of(source), self.dialect.render(every, copy=False))
        except QueryError as error:
            # DuckDB tells a failure of what it reads as its own, with the whole traceback.
            raise failures[0] if failures else error from error.__cause__
        self._connection.unregister(_SCANNED)

    def lateness(self, source: Source) -> int | None:
        """Measure it on the loaded table."""
        late = sql.call("max", sql.subtract(sql.column(KNOWN), sql.column(HAPPENED)))
        query = sql.select(late).from_(sql.table(identifiers.rows_of(source)))
        return int(self._one(query) or 0)

    def labels(self, table: pa.Table) -> exp.Table:
        """Register labels without copying them."""
        self._connection.register(_LABELS, table)
        return sql.table(_LABELS)

    def run(self, script: Script) -> pa.Table:
        """Run a query, stage by stage.

        Raises:
            QueryError: DuckDB refused or failed it.
        """
        stored: list[str] = []
        texts = script.texts(self.dialect)
        with _failures_told():
            for name in script.checkpoints:
                if name in script.windowed:
                    stored += self._windows.add(script.windowed[name], script.steps, stored)
                if name in stored:
                    continue
                if name in script.ranked and self._has_no_ties(*script.ranked[name]):
                    same = sql.select(sql.star()).from_(sql.table(script.ranked[name][0]))
                    self._make("VIEW", name, self.dialect.render(same))
                else:
                    self._make("TABLE", name, texts.upto(name, without=stored))
                stored.append(name)
            return self._connection.sql(texts.final(without=stored)).to_arrow_table()

    def _has_no_ties(self, candidates: str, points: str) -> bool:
        """Say whether a table has one row for each of another, as it has one at least."""
        counts = (
            sql.select(exp.Count(this=sql.star())).from_(sql.table(name)).subquery(copy=False)
            for name in (candidates, points)
        )
        return bool(self._one(sql.select(sql.equal(*counts))))

    def _make(self, kind: str, name: str, text: str) -> None:
        made = sql.table(name).sql(dialect="duckdb")
        with _failures_told():
            self._connection.execute(f"CREATE {kind} {made} AS {text}").fetchall()

    def _one(self, query: exp.Query) -> Any:
        """Return the only value of a query's only row."""
        with _failures_told():
            ((found,),) = self._connection.execute(self.dialect.render(query)).fetchall()
        return found


@contextmanager
def _failures_told() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise QueryError("DuckDB", str(error)) from error


def _read(rows: pa.RecordBatchReader, failures: list[Exception]) -> Iterator[pa.RecordBatch]:
    """Yield batches; note with which error they ended."""
    try:
        yield from rows
    except Exception as error:
        failures.append(error)
        raise
