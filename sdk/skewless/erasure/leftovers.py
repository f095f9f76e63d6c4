"""Leftovers of queries and cuts in the bucket: files that may hold anyone's values."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from skewless.erasure.report import NotReached
from skewless.offline.lake.catalog import TEMPORARY_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.erasure.journal import Journal
    from skewless.offline.storage.stored import StoredObjects

# Queries and cuts finish with their files within that time, or begin again.
_IN_USE = timedelta(hours=1)


def erase_leftovers(
    objects: StoredObjects, journal: Journal, now: datetime, *, is_dry_run: bool
) -> Iterator[NotReached]:
    """Delete all temporary objects but those that may be in use; yield their folders.

    Args:
        objects: of the bucket.
        journal: of the erasure.
        now: by S3's clock.
        is_dry_run: whether nothing is deleted.
    """
    for folder in TEMPORARY_FOLDERS:
        there = list(objects.under(folder))
        old = [item for item in there if not item.is_current or now - item.modified_at >= _IN_USE]
        found = sum(not item.is_marker for item in old)
        if old:
            journal.found(f"leftovers {folder}", "objects", found)
            if not is_dry_run:
                objects.delete(old)
        if young := len(there) - len(old):
            yield NotReached(
                f"leftovers {folder}",
                f"{young} objects are younger than an hour and may be in use; the bucket's "
                "lifecycle rule expires them",
            )
