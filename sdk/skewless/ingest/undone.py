"""Work that dead producers left undone: events in the log that are not in the day items.

A producer stays in its source's line until both stores hold its events, and until then readers
answer as of its stamp. If it dies, the next producer or `repair` does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skewless.definitions.names import INGEST_SEQUENCE, INGEST_SHARD
from skewless.materialize.source_line import SourceLine, batch_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.definitions.source import Source
    from skewless.materialize.days import DayItems
    from skewless.offline.lake.log import EventLog
    from skewless.registry.published import Published


@dataclass(frozen=True, slots=True)
class Undone:
    """Does the work left undone in a source's line."""

    log: EventLog
    days: DayItems

    def finish(self, source: Source, published: Published, batches: Mapping[str, int]) -> None:
        """Apply the log's events of batches, and remove the batches from the line.

        Args:
            source: whose line it is.
            published: the views as they are now.
            batches: their stamps, by their names in the line.

        Raises:
            OnlineStoreError: DynamoDB refused.
            StoreError: AWS refused to read the log.
        """
        for stamp in sorted(set(batches.values())):
            for plan in published.streams_of(source):
                self.days.apply_again(plan, stamp)
        self._line(source).forget(batches)

    def finish_all(self, source: Source, published: Published) -> None:
        """Finish the batches whose events are in the log, and those of producers that must be dead.

        A batch that is in the log no longer needs its producer. Another may still come.
        """
        line = self._line(source)
        batches = line.producers()
        alive = {name: stamp for name, stamp in batches.items() if not line.is_dead(name)}
        logged = {stamp: self._logged(source, stamp) for stamp in set(alive.values())}
        done = {
            name: stamp
            for name, stamp in batches.items()
            if name not in alive or _holds(logged[stamp], batch_of(name))
        }
        self.finish(source, published, done)

    def _logged(self, source: Source, stamp: int) -> frozenset[tuple[str, int]]:
        """Return the shards and numbers of the log's events of one ingest time."""
        columns = [INGEST_SHARD, INGEST_SEQUENCE]
        found = self.log.scan(source, columns, ingest_from=stamp, ingest_before=stamp + 1)
        rows = found.read_all()
        shards, numbers = (rows[name].to_pylist() for name in columns)
        return frozenset(zip(shards, numbers, strict=True))

    def _line(self, source: Source) -> SourceLine:
        return SourceLine.of(self.days.table, source.name)


def batch_name(shard: str, first: int) -> str:
    """Name the events that a producer brings, from a number on."""
    return f"{shard} {first}"


def _holds(logged: frozenset[tuple[str, int]], batch: str) -> bool:
    shard, _, first = batch.rpartition(" ")
    return bool(shard) and any(at == shard and number >= int(first) for at, number in logged)
