"""Training sets that were written through the store, written anew without an entity's rows."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from skewless.erasure.report import NotReached
from skewless.errors import StoreError
from skewless.offline.objects import split_uri
from skewless.offline.stored import StoredObjects
from skewless.offline.training import digest
from skewless.offline.training_set import manifest_of, write_set

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.aws import Aws
    from skewless.erasure.journal import Journal
    from skewless.erasure.subject import Subject
    from skewless.offline.set_index import SetIndex

pc: Any = pyarrow.compute
_MARK = "erasures"  # of a manifest
_ABSENT = ("NoSuchKey", "404")
_BEYOND = ("AccessDenied", "403", "NoSuchBucket", "AllAccessDisabled", "PermanentRedirect")


class TrainingSets:
    """The sets of a store."""

    def __init__(self, aws: Aws, index: SetIndex, subject: Subject) -> None:
        self._aws = aws
        self._index = index
        self._subject = subject

    def erase(self, journal: Journal, now: str, *, is_dry_run: bool) -> Iterator[NotReached]:
        """Write each set anew that holds the entity; yield those that are out of reach.

        Raises:
            StoreError: AWS refused.
        """
        for uri in self._index.places():
            if not uri.startswith("s3://"):
                yield NotReached(f"training set {uri}", "a file on somebody's machine: delete it")
                continue
            try:
                self._erase(uri, journal, now, is_dry_run=is_dry_run)
            except (ClientError, StoreError) as error:
                code = _code(error)
                if code in _BEYOND:
                    yield NotReached(
                        f"training set {uri}",
                        f"S3 refused it ({code}): erase it with an identity that may",
                    )
                elif code not in _ABSENT:  # a set that was deleted holds nothing
                    raise StoreError(f"the training set {uri} was not erased: {error}") from error
            except (BotoCoreError, pa.ArrowException, ValueError) as error:
                raise StoreError(f"the training set {uri} was not erased: {error}") from error

    def _erase(self, uri: str, journal: Journal, now: str, *, is_dry_run: bool) -> None:
        """Write a set anew, and then delete what a bucket with versions keeps of the old one."""
        rows = pq.read_table(pa.BufferReader(self._read(uri)))
        count, kept = self._without(rows)
        place = f"training set {uri}"
        journal.found(place, "rows", count)
        if is_dry_run:
            return
        if journal.counts[place]["rows"]:
            # Also where a run died between the two: the manifest then tells of rows that are gone.
            manifest = json.loads(self._read(manifest_of(uri)))
            if count or journal.id not in (item["erasure"] for item in manifest.get(_MARK, ())):
                write_set(uri, kept, _erased(manifest, kept, journal.id, now), self._aws)
        self._erase_versions(uri, journal)

    def _without(self, rows: pa.Table) -> tuple[int, pa.Table]:
        if not set(self._subject.entity.keys) <= set(rows.column_names):
            return 0, rows
        mask = pc.fill_null(self._subject.mask_of_labels(rows), False)  # noqa: FBT003 - Arrow's
        count = int(pc.sum(mask).as_py() or 0)
        return count, rows.filter(pc.invert(mask)) if count else rows

    def _erase_versions(self, uri: str, journal: Journal) -> None:
        bucket, key = split_uri(uri)
        objects = StoredObjects(self._aws, bucket)
        if not objects.is_versioned:
            return
        old = [
            found
            for found in objects.versions_of([key], key)
            if not found.is_current and not found.is_marker
            if self._without(pq.read_table(io.BytesIO(objects.read(found))))[0]
        ]
        if old:
            journal.found(f"training set {uri}", "old versions", len(old))
            objects.delete(old)

    def _read(self, uri: str) -> bytes:
        bucket, key = split_uri(uri)
        body: bytes = self._aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return body


def _erased(manifest: Mapping[str, Any], kept: pa.Table, erasure: str, now: str) -> dict[str, Any]:
    """Return the manifest of what is left of a set."""
    before = [item for item in manifest.get(_MARK, ()) if item["erasure"] != erasure]
    features = [item["output"] for item in manifest["features"]]
    return {
        **manifest,
        "rows": kept.num_rows,
        "digest": digest(kept.select(features)),
        _MARK: [*before, {"erasure": erasure, "at": now}],
    }


def _code(error: Exception | None) -> str:
    """Return what AWS called the refusal, of a call here or of one that another module made."""
    found = error if isinstance(error, ClientError) else error and error.__cause__
    return found.response["Error"]["Code"] if isinstance(found, ClientError) else ""
