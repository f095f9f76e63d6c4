"""Find rows of a load that are in the log already: a file that is loaded twice would count twice.

Rows are compared in all columns and in their ingest time, with multiplicity. Their order, file and
division into loads do not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.compute

from skewless.compiler.instants import DAY
from skewless.definitions.names import INGEST_TIME

if TYPE_CHECKING:
    from skewless.definitions.source import Source
    from skewless.offline.lake.log import EventLog

pc: Any = pyarrow.compute


def content_of(rows: pa.Table, known: Any) -> str:
    """Return a digest of rows and their ingest times that does not depend on their order."""
    load = _numbered(rows, known)
    columns = ", ".join(load.column_names)
    with duckdb.connect() as connection:
        connection.register("load", load)
        query = f"SELECT count(*), sum(hash({columns})::HUGEINT) FROM load"
        ((count, total),) = connection.execute(query).fetchall()
    return f"{count}:{total or 0:x}"


def repeated_rows(log: EventLog, source: Source, rows: pa.Table, known: Any) -> int:
    """Count the rows of a load that the source's log holds.

    Only the days on which both have rows are read.

    Args:
        log: the logs.
        source: whose rows.
        rows: as `normalise` accepted them.
        known: their ingest times, as timestamps.
    """
    shared = _days(known) & log.days(source)
    if not shared:
        return 0
    names = list(source.columns)
    logged = log.scan(
        source, names, ingest_from=min(shared) * DAY, ingest_before=(max(shared) + 1) * DAY
    ).read_all()
    with duckdb.connect() as connection:
        connection.register("load", _numbered(rows.select(names), known))
        connection.register("logged", _numbered(logged.select(names), logged[INGEST_TIME]))
        query = "SELECT count(*) FROM (SELECT * FROM load INTERSECT ALL SELECT * FROM logged)"
        ((count,),) = connection.execute(query).fetchall()
    return int(count)


def _numbered(rows: pa.Table, known: Any) -> pa.Table:
    # Name columns by number: the user's names may differ by case, which DuckDB ignores.
    columns = [*rows.columns, known]
    return pa.table({f"c{number}": column for number, column in enumerate(columns)})


def _days(known: Any) -> set[int]:
    days = pc.floor(pc.divide(pc.cast(pc.cast(known, pa.int64()), pa.float64()), float(DAY)))
    return {int(day) for day in pc.unique(days).to_pylist()}
