"""The commits of a log: the current snapshot, and what came late.

A cut takes everything that was known before its instant and is in the log when it reads. Rows that
are committed later with an earlier ingest time (rewritten history, a producer that stood still) are
found here by the next cut. Boto3's half of the package: it reads metadata and no rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.offline.lake.catalog import CLAIMS
from skewless.offline.storage.glue_table import describe_table, iceberg_metadata
from skewless.online.table import NO_SNAPSHOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.aws import Aws


class Late(NamedTuple):
    """Commits since a snapshot of rows known before an instant.

    Attributes:
        shards: the producers of the rows.
        is_unknown: whether this cannot be known, because an erasure expired the snapshot.
    """

    shards: tuple[str, ...]
    is_unknown: bool


class LogState:
    """A log's snapshots at one moment."""

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        self._snapshots: list[Mapping[str, Any]] = metadata.get("snapshots") or []
        current = metadata.get("current-snapshot-id")
        self.current: int = NO_SNAPSHOT if current is None else current

    @classmethod
    def read(cls, table: str, aws: Aws) -> LogState:
        """Read the state of `"database.table"`.

        Raises:
            InputError: there is no such table.
            StoreError: AWS refused.
        """
        return cls(iceberg_metadata(describe_table(table, aws), aws))

    def earliest(self) -> int | None:
        """Return the earliest ingest time of what is in the log; None if no snapshot says it."""
        return min((known for each in self._snapshots for _, known in _claims(each)), default=None)

    def late(self, since: int, before: int) -> Late:
        """Return what was committed after a snapshot, with ingest times before an instant.

        Args:
            since: the snapshot, or `NO_SNAPSHOT`.
            before: microseconds.
        """
        after = 0
        if since != NO_SNAPSHOT:
            there = [each for each in self._snapshots if each["snapshot-id"] == since]
            if not there:
                return Late((), is_unknown=True)
            after = there[0].get("sequence-number", 0)
        shards = {
            shard
            for snapshot in self._snapshots
            if snapshot.get("sequence-number", 0) > after
            for shard, known in _claims(snapshot)
            if known < before
        }
        return Late(tuple(sorted(shards)), is_unknown=False)


def _claims(snapshot: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for shard, _, _, _, known in json.loads(snapshot.get("summary", {}).get(CLAIMS) or "[]"):
        if known is not None:
            yield shard, known
