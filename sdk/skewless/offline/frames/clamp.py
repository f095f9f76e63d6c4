"""The rule that no event is in the future: it happened when it became known, or before."""

from __future__ import annotations

from typing import Any

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
