"""Snapshots of sources' tables: the latest, and whether a given one still exists.

They are read from Iceberg's metadata directly, without pyiceberg, which nothing else needs when
Athena reads the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skewless.errors import InputError, StoreError
from skewless.offline.lake.catalog import table_of
from skewless.offline.lake.expired import ExpiredSnapshots
from skewless.offline.storage.glue_table import describe_table, iceberg_metadata, is_iceberg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.aws import Aws, Resources
    from skewless.definitions.source import Source

_NONE = -1  # how early versions of Iceberg write that there is no snapshot


@dataclass(frozen=True, slots=True)
class Pin:
    """The state of a source's table to read.

    Attributes:
        snapshot: its id; None if the table has none yet, or none can be named.
        why_not: why no state can be named; empty if one is. Then `snapshot=None` means no rows.
    """

    snapshot: int | None
    why_not: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the table had no snapshot, hence no rows."""
        return self.snapshot is None and not self.why_not


class Snapshots:
    """The snapshots of a store's sources."""

    def __init__(self, aws: Aws, resources: Resources) -> None:
        self._aws = aws
        self._resources = resources

    def latest(self, source: Source) -> int | None:
        """Return the latest snapshot; None before the first row, or if a table keeps none.

        Raises:
            InputError: the source names a table, and there is none.
            StoreError: there is no log, or AWS refused.
        """
        metadata = self._metadata(source)
        found: int | None = metadata.get("current-snapshot-id")
        return None if found == _NONE else found

    def pin(self, source: Source) -> Pin:
        """Return the state of a source's table that is to be read now, if it can be named.

        Raises:
            InputError: the source names a table, and there is none.
            StoreError: there is no log, or AWS refused.
        """
        try:
            metadata = self._metadata(source)
        except StoreError as error:
            if source.table is None:
                raise
            # Athena may read a table whose files the caller may not.
            return Pin(None, f"{_named(source)}, whose snapshots could not be read: {error}")
        if not metadata:
            return Pin(None, f"{_named(source)}, which is not Iceberg and keeps no snapshots")
        found: int | None = metadata.get("current-snapshot-id")
        return Pin(None if found == _NONE else found)

    def check(self, source: Source, snapshot_id: int) -> None:
        """Refuse a snapshot that the source's table does not have.

        Raises:
            ErasedSnapshotError: an erasure expired it.
            StoreError: it never existed, or someone else expired it.
        """
        there = self._metadata(source).get("snapshots", ())
        if any(snapshot["snapshot-id"] == snapshot_id for snapshot in there):
            return
        if source.table is not None:
            raise StoreError(
                f"{_named(source)}, which has no snapshot {snapshot_id}: whoever keeps the table "
                "has expired it. Leave snapshots= out to read the table as it is now"
            )
        ExpiredSnapshots(self._aws, self._resources.bucket).check(source.name, snapshot_id)
        table = table_of(source, self._resources.database)
        raise StoreError(f"the table {table} has no snapshot {snapshot_id}")

    def _metadata(self, source: Source) -> Mapping[str, Any]:
        name = table_of(source, self._resources.database)
        try:
            described = describe_table(name, self._aws)
        except InputError as error:
            if source.table is not None:
                raise
            raise StoreError(
                f"there is no table {name} in Glue: `skewless apply` makes it"
            ) from error
        return iceberg_metadata(described, self._aws) if is_iceberg(described) else {}


def _named(source: Source) -> str:
    return f"{source} is the table {source.table!r}"
