"""The rule that no event is in the future: it happened when it became known, or before."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute


def clamped(happened: Any, known: Any) -> tuple[Any, int]:
    """Return event times, each at most its ingest time, and how many were moved to it.

    `offline.query.events` has the same rule as SQL, for tables that are read in place.

    Args:
        happened: event times, an Arrow column; null where `known` is null.
        known: ingest times of the same type, a column or a scalar.
    """
    later = pc.greater(happened, known)
    count = int(pc.sum(later).as_py() or 0)
    if not count and not later.null_count:
        return happened, 0
    return pc.if_else(later, known, happened), count


def clamped_rows(rows: pa.Table, event_time: str, known: Any) -> tuple[pa.Table, int]:
    """Return rows with their event times clamped, and how many were moved.

    Args:
        rows: canonical rows.
        event_time: the column of event times.
        known: ingest times as `clamped` takes them.
    """
    times, count = clamped(rows[event_time], known)
    if not count:
        return rows, 0
    return rows.set_column(rows.column_names.index(event_time), event_time, times), count
