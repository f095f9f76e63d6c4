"""Recent event ids, kept in a stream item so that it can ignore duplicates.

An event repeats another when the same id was ingested for the entity at most 15 minutes before, on
the same UTC day. A repeat counts for the next comparison as well, as LAG does in SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.compiler.instants import DAY, DEDUPLICATION_SPAN
from skewless.online.column import (
    from_column,
    pack_integers,
    pack_values,
    read_integers,
    read_values,
)

if TYPE_CHECKING:
    from skewless.definitions.types import ValueType

_COUNT_BYTES = 4


class RecentIds:
    """The last ingest time of each event id, for one entity and day."""

    def __init__(self, type_: ValueType) -> None:
        self._type = type_
        self._ingested_at: dict[Any, int] = {}

    @classmethod
    def decode(cls, data: bytes, type_: ValueType) -> RecentIds:
        """Read what `encode` wrote; no bytes are no ids."""
        recent = cls(type_)
        if data:
            buffer = memoryview(data)
            count = int.from_bytes(buffer[:_COUNT_BYTES], "little")
            times, position = read_integers(buffer, _COUNT_BYTES, count)
            ids, _ = read_values(buffer, position, count, type_)
            recent._ingested_at = {
                from_column(ids[index], type_): times[index] for index in range(count)
            }
        return recent

    def encode(self, latest: int) -> bytes:
        """Return the ids that an event ingested at or after `latest` could still repeat."""
        kept = {
            id_: at for id_, at in self._ingested_at.items() if latest - at <= DEDUPLICATION_SPAN
        }
        head = len(kept).to_bytes(_COUNT_BYTES, "little")
        return head + pack_integers(list(kept.values())) + pack_values(list(kept), self._type)

    def is_earlier(self, id_: Any, ingest_time: int) -> bool:
        """Say whether the id was seen with a later ingest time: that one is the repeat, then."""
        before = self._ingested_at.get(id_) if id_ is not None else None
        return before is not None and ingest_time < before <= ingest_time + DEDUPLICATION_SPAN

    def is_repeat(self, id_: Any, ingest_time: int) -> bool:
        """Say whether the id was seen shortly before, and remember that it was seen now."""
        if id_ is None:
            return False
        before = self._ingested_at.get(id_)
        self._ingested_at[id_] = ingest_time if before is None else max(before, ingest_time)
        return (
            before is not None
            and ingest_time - before <= DEDUPLICATION_SPAN
            and before // DAY == ingest_time // DAY
        )
