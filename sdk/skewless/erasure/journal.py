"""The journal of a running erasure: if it dies, the next run finishes it.

It stays in the bucket until the report is written. It holds no key: only what was found where, and
the files that no snapshot will name any more.
"""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from skewless.erasure.report import Removed
from skewless.offline.lake.expired import ExpiredSnapshots
from skewless.offline.storage.objects import write_bytes
from skewless.offline.storage.stored import StoredObjects

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    import pyarrow as pa

    from skewless.aws import Aws
    from skewless.erasure.subject import Subject

REPORTS = "reports/erasures/"
_PENDING = "reports/pending/"


@dataclass
class Journal:
    """The findings of an erasure so far. Each entry is written before its action is taken.

    Attributes:
        counts: by place and kind, the most that any run found. A resumed run finds less, since
            the run before removed some.
        files_of: by table, the files to delete once nothing names them.
        snapshots_of: by table, the expired ones.
        neighbours: by partition of a view of another entity, the keys whose states held rows that
            are gone, column by column; null where a column is the erased key's own.
    """

    id: str
    salt: str
    key_digest: str
    started_at: str
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    files_of: dict[str, list[str]] = field(default_factory=dict)
    snapshots_of: dict[str, list[int]] = field(default_factory=dict)
    neighbours: dict[str, list[list[str | None]]] = field(default_factory=dict)
    _place: tuple[Aws, str] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def open(cls, aws: Aws, bucket: str, store: str, subject: Subject, now: datetime) -> Journal:
        """Find the journal of an erasure that died, or begin one.

        Raises:
            StoreError: S3 refused.
        """
        objects = StoredObjects(aws, bucket)
        for found in objects.current(_PENDING):
            document = _document(objects.read(found))
            if document and document["key_digest"] == subject.digest(store, document["salt"]):
                return cls(**document, _place=(aws, bucket))
        return replace(cls.dry(store, subject, now), _place=(aws, bucket))

    @classmethod
    def dry(cls, store: str, subject: Subject, now: datetime) -> Journal:
        """Begin a journal that is not stored."""
        salt = secrets.token_hex(16)
        name = f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:12]}"
        return cls(name, salt, subject.digest(store, salt), now.isoformat())

    @property
    def removed(self) -> tuple[Removed, ...]:
        """The removed things, by place."""
        return tuple(
            Removed(place, what, count)
            for place, kinds in self.counts.items()
            for what, count in kinds.items()
            if count
        )

    def keep(self) -> None:
        """Store it as it is: whoever runs the erasure again finds it by its key, and goes on."""
        self._save()

    def found(self, place: str, what: str, count: int) -> None:
        """Record what is about to be removed, keeping what was found there before."""
        self._raise(place, what, count)
        self._save()

    def found_again(self, place: str, what: str, count: int) -> None:
        """Record what came back and is about to be removed again."""
        self._raise(place, what, self.counts.get(place, {}).get(what, 0) + count)
        self._save()

    def add_neighbours(self, partition: str, keys: Iterable[tuple[str | None, ...]]) -> None:
        """Record the entities whose states hold rows that are about to go."""
        known = {tuple(key) for key in self.neighbours.get(partition, ())}
        if more := set(keys) - known:
            self.neighbours.setdefault(partition, []).extend(map(list, more))
            self._save()

    def note(
        self, table: str, *, rows: int, snapshots: Collection[int], files: Collection[str]
    ) -> None:
        """Record what is about to be removed from a table; see `removal.Notes`."""
        name = table.partition(".")[2]
        self.files_of[table] = sorted({*self.files_of.get(table, ()), *files})
        self.snapshots_of[table] = sorted({*self.snapshots_of.get(table, ()), *snapshots})
        place = place_of(table)
        self._raise(place, "rows", rows)
        self._raise(place, "snapshots", len(self.snapshots_of[table]))
        self._raise(place, "files", len(self.files_of[table]))
        if snapshots and self._place is not None:
            ExpiredSnapshots(*self._place).add(name, self.id, self.snapshots_of[table])
        self._save()

    def leaving(self, table: str, rows: pa.Table) -> None:
        """Do nothing: a journal holds no rows."""

    def files(self, table: str) -> frozenset[str]:
        """Return the files of a table that are recorded so far."""
        return frozenset(self.files_of.get(table, ()))

    def close(self) -> None:
        """Remove the journal, after its report was stored."""
        if self._place is not None:
            objects = StoredObjects(*self._place)
            objects.delete(list(objects.versions_of([self._key], _PENDING)))

    def _raise(self, place: str, what: str, count: int) -> None:
        kinds = self.counts.setdefault(place, {})
        kinds[what] = max(kinds.get(what, 0), count)

    def _save(self) -> None:
        if self._place is None:
            return
        aws, bucket = self._place
        content = json.dumps(dict(self._document())).encode()
        write_bytes(f"s3://{bucket}/{self._key}", content, aws)

    def _document(self) -> Iterator[tuple[str, Any]]:
        names = (item.name for item in fields(self) if item.name != "_place")
        return ((name, getattr(self, name)) for name in names)

    @property
    def _key(self) -> str:
        return f"{_PENDING}{self.id}.json"


def _document(content: bytes) -> dict[str, Any] | None:
    """Read a journal; None if it is none, or was left by another release."""
    try:
        found = json.loads(content)
    except ValueError:
        return None
    names = {item.name for item in fields(Journal)} - {"_place"}
    is_one = isinstance(found, dict) and {"id", "salt", "key_digest", "started_at"} <= set(found)
    return {name: found[name] for name in names & set(found)} if is_one else None


def place_of(table: str) -> str:
    """Return the name that a report gives to a table of the log."""
    return f"log {table.partition('.')[2]}"
