"""Write the day items of stream views anew from the log."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from skewless.compiler import instants
from skewless.compiler.fingerprint import used_columns
from skewless.definitions.names import INGEST_SEQUENCE, INGEST_SHARD, INGEST_TIME
from skewless.errors import OnlineStoreError
from skewless.materialize.failures import Failures
from skewless.materialize.source_line import SourceLine
from skewless.online.address import entity_partition
from skewless.online.stream import LoggedEvent, apply_events, rebuild_day, replace_day

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    import pyarrow as pa

    from skewless.compiler.plan import ViewPlan
    from skewless.offline.lake.log import EventLog
    from skewless.online.stream import StreamEvent
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
        return self._rebuild(plan, since, None)

    def rebuild_some(
        self, plan: ViewPlan, wanted: Iterable[tuple[tuple[Any, ...], int]]
    ) -> Failures:
        """Write some day items anew: by the entity's physical key and the day's first instant."""
        chosen = frozenset(wanted)
        return self._rebuild(plan, min(day for _, day in chosen), chosen)

    def apply_again(self, plan: ViewPlan, stamp: int) -> None:
        """Apply the log's events of one ingest time; items that have them do not change.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        horizon = self._horizons(plan)(stamp)
        shards: dict[str, list[StreamEvent]] = {}
        reordered: set[tuple[tuple[Any, ...], int]] = set()
        for (key, _), events in self._logged(plan, stamp, stamp + 1).items():
            for event in events:
                line = (event.sequence, key, event.ingest_time, event.event)
                shards.setdefault(event.shard, []).append(line)
        for shard, lines in shards.items():
            reordered |= apply_events(self.table, plan, shard, lines, horizon=horizon).reordered
        if reordered:
            self.rebuild_some(plan, reordered)

    def replace(
        self, plan: ViewPlan, since: int | None, keys: Collection[tuple[Any, ...]]
    ) -> set[tuple[Any, ...]]:
        """Write entities' day items anew in place, after events of theirs were erased.

        A reader finds each item as it was before or as it is after, and never none.

        Args:
            plan: the view's.
            since: its cut; items of days before are written as well, if they are there. None
                before its first cut: then only items that are there.
            keys: the entities' physical keys, which items can have.

        Returns:
            The entities of which others wrote an item meanwhile.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        horizons = self._horizons(plan)
        # Items before the log: a later writer may know more than the log that is read.
        versions = {
            (key, day): item.version
            for key in keys
            for day, item in self.table.stream_days(entity_partition(plan, key))
        }
        first = inf if since is None else instants.floor_to(since, instants.DAY)
        start = min([first, *(day for _, day in versions)])
        found = {} if start == inf else self._logged(plan, int(start), keys=keys)
        logged = {
            at: events
            for at, events in found.items()
            if at in versions or (at[0] in keys and at[1] >= first)
        }
        changed = set()
        for at in versions.keys() | logged.keys():
            events = logged.get(at, [])
            horizon = horizons(max(event.ingest_time for event in events)) if events else None
            if not replace_day(
                self.table, plan, at, events, version=versions.get(at, 0), horizon=horizon
            ):
                changed.add(at[0])
        return changed

    def _rebuild(
        self, plan: ViewPlan, since: int, wanted: frozenset[tuple[tuple[Any, ...], int]] | None
    ) -> Failures:
        keys = None if wanted is None else {key for key, _ in wanted}
        for attempt in range(_REBUILD_ATTEMPTS):
            failures, horizons = Failures(), self._horizons(plan)
            try:
                for (key, day), events in self._logged(plan, since, keys=keys).items():
                    if wanted is not None and (key, day) not in wanted:
                        continue
                    horizon = horizons(max(event.ingest_time for event in events))
                    applied = rebuild_day(self.table, plan, key, day, events.copy, horizon=horizon)
                    failures.add(plan, applied.failures)
            except OnlineStoreError:
                # Events came in while the log was read: read it again.
                if attempt == _REBUILD_ATTEMPTS - 1:
                    raise
            else:
                return failures
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def _horizons(self, plan: ViewPlan) -> Callable[[int], int]:
        return SourceLine.of(self.table, plan.view.source.name).horizons()

    def _logged(
        self,
        plan: ViewPlan,
        since: int,
        before: int | None = None,
        *,
        keys: Collection[tuple[Any, ...]] | None = None,
    ) -> dict[tuple[tuple[Any, ...], int], list[LoggedEvent]]:
        """Read events from the log, of some entities or of all, by entity and day of ingestion."""
        log = self.log if keys is None else self.log.of_entities(plan, keys)
        source = plan.view.source
        columns = [*dict.fromkeys([*used_columns(plan.view), source.event_time])]
        system = [INGEST_SHARD, INGEST_SEQUENCE]
        rows = log.scan(
            source,
            [*columns, *system],
            ingest_from=since,
            ingest_before=before,
            physical=True,
        )
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
        yield from batch.to_pylist(maps_as_pydicts="strict")
