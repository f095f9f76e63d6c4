"""An index of written training sets, so that an erasure can find them."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.offline.storage.objects import write_bytes
from skewless.offline.storage.stored import StoredObjects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.aws import Aws

SETS_FOLDER = "reports/sets/"


class Entry(NamedTuple):
    """One object of the index.

    Attributes:
        key: the object's own, in the store's bucket.
        uri: where a set was written; None if the object does not tell.
    """

    key: str
    uri: str | None


class SetIndex:
    """One object for each place that a set was written to, in the store's bucket."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        self._aws = aws
        self._bucket = bucket

    def add(self, uri: str) -> None:
        """Record that a set is about to be written; recording a place again changes nothing.

        Raises:
            StoreError: S3 refused; then the set should not be written.
        """
        name = hashlib.sha256(uri.encode()).hexdigest()[:32]
        record = {"uri": uri, "written_at": datetime.now(UTC).isoformat()}
        place = f"s3://{self._bucket}/{SETS_FOLDER}{name}.json"
        write_bytes(place, json.dumps(record).encode(), self._aws)

    def entries(self) -> Iterator[Entry]:
        """List where sets were written: paths and `s3://` addresses.

        Training jobs may write here. An object that is no entry is listed as such.

        Raises:
            StoreError: S3 refused.
        """
        objects = StoredObjects(self._aws, self._bucket)
        for found in objects.current(SETS_FOLDER):
            yield Entry(found.key, _uri(objects.read(found)))


def _uri(content: bytes) -> str | None:
    try:
        record: Any = json.loads(content)
    except (ValueError, RecursionError):
        return None
    uri = record.get("uri") if isinstance(record, dict) else None
    return uri if isinstance(uri, str) and uri else None
