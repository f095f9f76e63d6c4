"""The day items of stream views, written anew from the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skewless.compiler import instants
from skewless.compiler.fingerprint import used_columns
from skewless.definitions.names import INGEST_SEQUENCE, INGEST_SHARD, INGEST_TIME
from skewless.errors import OnlineStoreError
from skewless.materialize.failures import Failures
from skewless.online.stream import LoggedEvent, rebuild_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

    from skewless.compiler.plan import ViewPlan
    from skewless.offline.lake.log import EventLog
    from skewless.online.table import OnlineTable

_REBUILD_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class DayItems:
    """The day items of a store's stream views."""

    log: EventLog
    table: OnlineTable

    def rebuild(self, plan: ViewPlan, since: int) -> Failures:
        """Write a stream view's day items from the log, for what was ingested since an instant.

        Returns:
            The entities of which an item could not be written.
        """
        for attempt in range(_REBUILD_ATTEMPTS):
            failures = Failures()
            try:
                for (key, day), events in self._logged(plan, since).items():
                    applied = rebuild_day(self.table, plan, key, day, events.copy)
                    failures.add(plan, applied.failures)
            except OnlineStoreError:
                # Events came in while the log was read: read it again.
                if attempt == _REBUILD_ATTEMPTS - 1:
                    raise
            else:
                return failures
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def _logged(
        self, plan: ViewPlan, since: int
    ) -> dict[tuple[tuple[Any, ...], int], list[LoggedEvent]]:
        """Read events from the log, by entity and UTC day of ingestion."""
        source = plan.view.source
        columns = [*dict.fromkeys([*used_columns(plan.view), source.event_time])]
        system = [INGEST_SHARD, INGEST_SEQUENCE]
        rows = self.log.scan(source, [*columns, *system], ingest_from=since, physical=True)
        found: dict[tuple[tuple[Any, ...], int], list[LoggedEvent]] = {}
        for row in _rows(rows):
            key = tuple(row[name] for name in plan.view.entity.keys)
            if None in key:
                continue
            known = row[INGEST_TIME]
            event = LoggedEvent(row[INGEST_SHARD], row[INGEST_SEQUENCE], known, row)
            found.setdefault((key, instants.floor_to(known, instants.DAY)), []).append(event)
        return found


def _rows(reader: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    for batch in reader:
        yield from batch.to_pylist()
