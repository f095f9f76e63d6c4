"""Training sets written through the store: write them anew without an entity's rows.

A set is judged by its Parquet file, in all versions. Its manifest may be missing and the index may
name anything, because training jobs may write both. A set that cannot be read is reported, and the
erasure goes on.
"""

from __future__ import annotations

import json
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from skewless.definitions import types
from skewless.erasure.places import places_of
from skewless.erasure.report import NotReached
from skewless.errors import SkewlessError, StoreError
from skewless.offline.lake.catalog import LOG_FOLDER, TEMPORARY_FOLDERS
from skewless.offline.storage.objects import split_uri, write_bytes
from skewless.offline.training.build import digest
from skewless.offline.training.training_set import manifest_of, parquet_of, write_set

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.aws import Aws
    from skewless.erasure.journal import Journal
    from skewless.erasure.subject import Subject
    from skewless.offline.storage.stored import Stored, StoredObjects
    from skewless.offline.training.set_index import Entry, SetIndex
    from skewless.registry.published import Published

pc: Any = pyarrow.compute
_MARK = "erasures"  # of a manifest
_BEYOND = ("AccessDenied", "403", "AllAccessDisabled", "InvalidObjectState")
_NO_SETS = (f"{LOG_FOLDER}/", "registry/", "reports/", *TEMPORARY_FOLDERS)


class _Version(NamedTuple):
    """A version of a set: what is stored, its rows, and how many are the entity's."""

    stored: Stored
    rows: pa.Table | None
    matching: int


class TrainingSets:
    """The sets of a store."""

    def __init__(
        self,
        aws: Aws,
        index: SetIndex,
        objects: StoredObjects,
        subject: Subject,
        published: Published,
    ) -> None:
        self._published = published
        self._aws = aws
        self._index = index
        self._objects = objects
        self._subject = subject
        self._places: list[Mapping[str, str]] = []

    def erase(self, journal: Journal, now: str, *, is_dry_run: bool) -> Iterator[NotReached]:
        """Write each set anew that holds the entity; yield what is out of reach or remains.

        Raises:
            StoreError: AWS refused.
        """
        for entry in self._index.entries():
            if entry.uri is None or (why := self._beyond(entry.uri)):
                yield _not_looked_at(entry, why if entry.uri else "it names no place")
                continue
            try:
                yield from self._erase(entry.uri, journal, now, is_dry_run=is_dry_run)
            except (ClientError, StoreError) as error:
                if (code := _code(error)) not in _BEYOND:
                    raise StoreError(
                        f"the training set {entry.uri} was not erased: {error}"
                    ) from error
                yield _not_looked_at(
                    entry, f"S3 refused it ({code}): erase it with an identity that may"
                )

    def _beyond(self, uri: str) -> str:
        """Return why a place is not looked at; empty if it is looked at."""
        if not uri.startswith("s3://"):
            return "a file on somebody's machine: delete it"
        try:
            bucket, key = split_uri(uri)
        except (SkewlessError, ValueError):
            return "it names no object"
        if bucket != self._objects.bucket:
            return "it is in another bucket than the store's, and was not looked at: yours to erase"
        if not key or key.startswith(_NO_SETS):
            return "it names a file of the store's own, and was not looked at"
        return ""

    def _erase(
        self, uri: str, journal: Journal, now: str, *, is_dry_run: bool
    ) -> Iterator[NotReached]:
        """Write a set anew, and then delete what a bucket with versions keeps of the old one."""
        key, place = split_uri(uri)[1], f"training set {uri}"
        self._places = places_of(self._published, self._subject.entity, self._read_manifest(uri))
        found = self._look(uri)
        unread = sum(version.rows is None for version in found)
        if unread:
            yield NotReached(place, f"{unread} versions of it hold no Parquet: not looked at")
        known = [version for version in found if version.rows is not None]
        current = next((version for version in known if version.stored.is_current), None)
        if current is not None:
            journal.found(place, "rows", current.matching)
            if not is_dry_run and journal.counts[place]["rows"]:
                yield from self._write(uri, current, journal, now)
        yield from self._left(place, current)
        if is_dry_run:
            return
        # also if the set itself was deleted, or was written anew just now
        kept = {version.stored.version for version in known if not version.matching}
        old = [
            version
            for version in self._objects.versions_of([key], key)
            if not version.is_current and not version.is_marker and version.version not in kept
            if self._count(version)
        ]
        if old:
            journal.found_again(place, "old versions", len(old))
            self._objects.delete(old)

    def _look(self, uri: str) -> list[_Version]:
        """Read all versions of a set; a version that is no Parquet has None for rows."""
        key = split_uri(uri)[1]
        found = []
        for stored in self._objects.versions_of([key], key):
            if stored.is_marker:
                continue
            rows = _rows(self._objects.read(stored))
            count = 0 if rows is None else self._without(rows)[0]
            found.append(_Version(stored, rows, count))
        return found

    def _count(self, stored: Stored) -> int:
        rows = _rows(self._objects.read(stored))
        return 0 if rows is None else self._without(rows)[0]

    def _write(
        self, uri: str, current: _Version, journal: Journal, now: str
    ) -> Iterator[NotReached]:
        """Write what is left of a set, and its manifest if it has one."""
        kept = self._without(current.rows)[1]
        manifest = self._manifest(uri, kept.column_names)
        if manifest is None:
            if current.matching:
                write_bytes(uri, parquet_of(kept), self._aws)
            yield NotReached(
                f"training set {manifest_of(uri)}",
                "the set was looked at without it: it is missing, or is no manifest",
            )
        elif current.matching or journal.id not in _erasures(manifest):
            # also if a run died between the two: then the manifest lists rows that are gone
            write_set(uri, kept, _erased(manifest, kept, journal.id, now), self._aws)

    def _manifest(self, uri: str, columns: list[str]) -> dict[str, Any] | None:
        content = self._read_manifest(uri)
        return None if content is None else _as_manifest(content, columns)

    def _read_manifest(self, uri: str) -> bytes | None:
        key = split_uri(manifest_of(uri))[1]
        for stored in self._objects.versions_of([key], key):
            if stored.is_current:
                return self._objects.read(stored)
        return None

    def _left(self, place: str, current: _Version | None) -> Iterator[NotReached]:
        """Yield features of other entities whose values are the key."""
        if current is None:
            return
        kept = self._without(current.rows)[1]
        texts = [
            value
            for value, type_ in zip(
                self._subject.key, self._subject.entity.keys.values(), strict=True
            )
            if type_ == types.String
        ]
        for name in kept.column_names:
            if any(_tells(kept[name], text) for text in texts):
                yield NotReached(
                    place,
                    f"column {name!r} holds the key in rows of others: make the set again",
                )

    def _without(self, rows: pa.Table) -> tuple[int, pa.Table]:
        there = set(rows.column_names)
        masks = [
            pc.fill_null(self._subject.mask_of_labels(rows, places), False)  # noqa: FBT003 - Arrow's
            for places in self._places
            if set(places.values()) <= there
        ]
        if not masks:
            return 0, rows
        mask = reduce(pc.or_, masks)
        count = int(pc.sum(mask).as_py() or 0)
        return count, rows.filter(pc.invert(mask)) if count else rows


def _not_looked_at(entry: Entry, why: str) -> NotReached:
    return NotReached(f"training set {entry.uri or entry.key}", why)


def _rows(content: bytes) -> pa.Table | None:
    try:
        return pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError, ValueError):
        return None


def _tells(column: Any, text: str) -> bool:
    """Say whether values of a column, or values in its lists, are a text."""
    while pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        column = pc.list_flatten(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    return bool(pc.any(pc.equal(column, pa.scalar(text, column.type))).as_py())


def _as_manifest(content: bytes, columns: list[str]) -> dict[str, Any] | None:
    """Read a manifest; None if an erasure could not keep it in line with its set."""
    try:
        found = json.loads(content)
        outputs = [item["output"] for item in found["features"]]
        erasures = _erasures(found)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None
    is_one = set(map(str, outputs)) <= set(columns) and all(
        isinstance(id_, str) for id_ in erasures
    )
    return found if is_one else None


def _erasures(manifest: Mapping[str, Any]) -> list[str]:
    return [item["erasure"] for item in manifest.get(_MARK, ())]


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
    """Return AWS's code of a refusal, whether of a call here or in another module."""
    found = error if isinstance(error, ClientError) else error and error.__cause__
    return found.response["Error"]["Code"] if isinstance(found, ClientError) else ""
