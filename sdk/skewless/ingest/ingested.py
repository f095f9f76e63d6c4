"""Ingested: the outcome of loading or ingesting rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skewless.ingest.normalise import listed

if TYPE_CHECKING:
    from datetime import datetime

    from skewless.ingest.normalise import Refused
    from skewless.materialize.failures import FailedEntity


@dataclass(frozen=True, slots=True)
class Ingested:
    """The outcome of loading or ingesting rows.

    Attributes:
        accepted: rows in the log.
        rejected: rows in quarantine, each as `row_number`, `reason` and `row` (JSON text).
        clamped: accepted rows whose event time lay after their ingest time, and was moved to it.
        ingest_time: the stamp of new events; None for history, which has one for each row.
        shard: names the batch's origin in the log's `ingest_shard`.
        snapshot: the log's snapshot with the rows; None if none was accepted.
        failed: the first entities of stream views whose values cannot be computed or stored. Their
            rows are in the log. Each is `failed` online until a cut can write it.
        failed_count: how many there are.
        repeated: rows of a backfill that were in the log already, equal in every column. They
            count twice. Only for sources without `event_id`.
        reasons: the rejected rows, counted by reason; a row may have several.
    """

    source: str
    accepted: int
    rejected: list[dict[str, Any]]
    clamped: int
    ingest_time: datetime | None
    shard: str
    snapshot: int | None
    failed: tuple[FailedEntity, ...] = ()
    failed_count: int = 0
    repeated: int = 0
    reasons: tuple[Refused, ...] = ()

    @property
    def why(self) -> str:
        """The reasons as text, a line for each, the commonest first."""
        return listed(self.reasons)

    def __str__(self) -> str:
        parts = [f"{self.accepted:,} accepted", f"{len(self.rejected):,} rejected"]
        if self.clamped:
            parts.append(f"{self.clamped:,} clamped")
        if self.failed_count:
            parts.append(f"{self.failed_count:,} entities failed")
        return f"Ingested({self.source!r}: {', '.join(parts)}{self._first_reason()})"

    __repr__ = __str__

    def _first_reason(self) -> str:
        if not self.rejected:
            return ""
        first = self.rejected[0]
        return f"; row {first['row_number']}: {first['reason']}"
