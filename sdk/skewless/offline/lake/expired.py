"""Snapshots of the log that erasures expired, so that a training set cannot be made again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from skewless.errors import ErasedSnapshotError
from skewless.offline.storage.objects import write_bytes
from skewless.offline.storage.stored import StoredObjects

if TYPE_CHECKING:
    from collections.abc import Collection

    from skewless.aws import Aws

_FOLDER = "reports/expired/"


class ExpiredSnapshots:
    """The record, in the store's bucket, of the snapshots that each erasure expired."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        self._aws = aws
        self._bucket = bucket

    def add(self, table: str, erasure: str, snapshots: Collection[int]) -> None:
        """Record all snapshots that an erasure is about to expire.

        Raises:
            StoreError: S3 refused.
        """
        if snapshots:
            place = f"s3://{self._bucket}/{_FOLDER}{table}/{erasure}.json"
            write_bytes(place, json.dumps({"snapshots": sorted(snapshots)}).encode(), self._aws)

    def check(self, table: str, snapshot: int) -> None:
        """Refuse a snapshot that an erasure expired.

        Args:
            table: without its database.
            snapshot: one that the table no longer has.

        Raises:
            ErasedSnapshotError: an erasure expired it.
            StoreError: S3 refused.
        """
        objects = StoredObjects(self._aws, self._bucket)
        for found in objects.current(f"{_FOLDER}{table}/"):
            record: dict[str, Any] = json.loads(objects.read(found))
            if snapshot in record["snapshots"]:
                erasure = found.key.rpartition("/")[2].removesuffix(".json")
                raise ErasedSnapshotError(table, snapshot, erasure)
