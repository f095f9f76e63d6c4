"""A bucket's objects in all versions: list them, and delete them for good."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from skewless.aws import Aws

_AT_ONCE = 1000  # S3 takes no more keys in one DeleteObjects


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of an object.

    Attributes:
        version: None where the bucket keeps no versions.
        modified_at: by S3's clock.
        is_current: whether a reader without a version gets it.
        is_marker: whether it only marks the object as deleted.
    """

    key: str
    version: str | None
    modified_at: datetime
    is_current: bool
    is_marker: bool = False


class StoredObjects:
    """The objects of a bucket."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        self._s3 = aws.client("s3")
        self.bucket = bucket

    @cached_property
    def is_versioned(self) -> bool:
        """Whether the bucket keeps, or once kept, old versions."""
        try:
            answer = self._s3.get_bucket_versioning(Bucket=self.bucket)
        except (ClientError, BotoCoreError) as error:
            raise self._failure("asked for its versioning", error) from error
        return "Status" in answer

    def under(self, prefix: str) -> Iterator[Stored]:
        """List all versions under a prefix, grouped by object.

        Raises:
            StoreError: S3 refused.
        """
        if not self.is_versioned:
            yield from self.current(prefix)
            return
        for page in self._pages("list_object_versions", prefix):
            for group, is_marker in (("Versions", False), ("DeleteMarkers", True)):
                for found in page.get(group, ()):
                    yield Stored(
                        found["Key"],
                        found["VersionId"],
                        found["LastModified"],
                        is_current=found["IsLatest"] and not is_marker,
                        is_marker=is_marker,
                    )

    def current(self, prefix: str) -> Iterator[Stored]:
        """List current objects, without versions, which needs no right to them.

        Raises:
            StoreError: S3 refused.
        """
        for page in self._pages("list_objects_v2", prefix):
            for found in page.get("Contents", ()):
                yield Stored(found["Key"], None, found["LastModified"], is_current=True)

    def _pages(self, operation: str, prefix: str) -> Iterator[Any]:
        request = {"Bucket": self.bucket, "Prefix": prefix}
        try:
            yield from self._s3.get_paginator(operation).paginate(**request)
        except (ClientError, BotoCoreError) as error:
            raise self._failure(f"listed under {prefix!r}", error) from error

    def versions_of(self, keys: Collection[str], prefix: str) -> Iterator[Stored]:
        """List all versions of objects that lie under a prefix."""
        wanted = frozenset(keys)
        return (found for found in self.under(prefix) if found.key in wanted)

    def read(self, stored: Stored) -> bytes:
        """Read a whole version.

        Raises:
            StoreError: S3 refused.
        """
        version = {} if stored.version is None else {"VersionId": stored.version}
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=stored.key, **version)
            body: bytes = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise self._failure(f"read at {stored.key!r}", error) from error
        return body

    def delete(self, versions: Iterable[Stored]) -> int:
        """Delete versions for good; return how many there were, without the markers.

        Raises:
            StoreError: S3 refused.
        """
        waiting = iter(versions)
        count = 0
        while some := list(islice(waiting, _AT_ONCE)):
            self._delete([_named(item) for item in some])
            count += sum(not item.is_marker for item in some)
        return count

    def _delete(self, names: list[dict[str, str]]) -> None:
        try:
            answer: Any = self._s3.delete_objects(
                Bucket=self.bucket, Delete={"Objects": names, "Quiet": True}
            )
        except (ClientError, BotoCoreError) as error:
            raise self._failure("rid of objects", error) from error
        if errors := answer.get("Errors"):
            first = errors[0]
            raise StoreError(
                f"the bucket {self.bucket!r} refused to delete {len(errors)} objects, the first "
                f"is {first.get('Key')!r}: {first.get('Code')}: {first.get('Message')}"
            )

    def _failure(self, what: str, error: Exception) -> StoreError:
        return StoreError(f"the bucket {self.bucket!r} could not be {what}: {error}")


def _named(stored: Stored) -> dict[str, str]:
    if stored.version is None:
        return {"Key": stored.key}
    return {"Key": stored.key, "VersionId": stored.version}
