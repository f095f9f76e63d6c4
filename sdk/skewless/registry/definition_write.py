"""The write of one definition: what a transaction carries, and what waits to be moved. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skewless.compiler.document import encode
from skewless.errors import PublishError
from skewless.registry.identity import level
from skewless.registry.registry_table import MAX_ITEM_BYTES, chunked, key_of
from skewless.registry.stored_item import APPLIES, DIGEST, PARTITION, PATCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Self

    from skewless.definitions.collection import Definition
    from skewless.registry.changes import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionWrite:
    """What publishing does to one item of the registry.

    Attributes:
        key: the sort key.
        document: of the definition, as JSON.
        fingerprint: what it means.
        order: how many definitions stand below it at most.
        at: when it is published, if it never was.
        seen: the fingerprint that the plan was compared with; None if nothing was published.
        patch: how often the words changed, afterwards.
        patch_seen: how often they had when the plan was compared.
    """

    key: str
    document: str
    fingerprint: str
    order: int
    at: str
    seen: str | None
    patch: int = 0
    patch_seen: int = 0

    @classmethod
    def of(cls, change: Change, item: Definition, at: str) -> Self:
        """Return the write that carries out a change.

        Raises:
            PublishError: the document is too large.
        """
        document = json.dumps(encode(item), separators=(",", ":"))
        if len(document) > MAX_ITEM_BYTES:
            raise PublishError(
                f"{change.identity} is {len(document):,} bytes as a document; the registry holds "
                f"at most {MAX_ITEM_BYTES:,} in one item. Split it into several"
            )
        return cls(
            key=change.identity.key,
            document=document,
            fingerprint=change.meaning,
            order=level(item),
            at=at,
            seen=change.published,
            patch=change.patch,
            patch_seen=change.patch_before,
        )

    def update(self, tag: str) -> dict[str, Any]:
        """Return the write for a transaction, which holds only if nobody published otherwise.

        Args:
            tag: of the apply; an item that has it was written by this apply before.
        """
        values: dict[str, Any] = {
            ":d": {"S": self.document},
            ":digest": {"S": self._digest},
            ":fingerprint": {"S": self.fingerprint},
            ":o": {"N": str(self.order)},
            ":at": {"S": self.at},
            ":tag": {"SS": [tag]},
            ":one": {"S": tag},
        }
        sets = f"d = :d, fingerprint = :fingerprint, o = :o, {DIGEST} = :digest"
        same = f"fingerprint = :fingerprint AND {DIGEST} = :digest"
        if self.patch:
            sets += f", {PATCH} = :patch"
            same += f" AND {PATCH} = :patch"
            values[":patch"] = {"N": str(self.patch)}
        if self.seen is None:
            as_seen = "attribute_not_exists(pk)"
        else:
            as_seen = f"fingerprint = :seen AND attribute_not_exists({PATCH})"
            values[":seen"] = {"S": self.seen}
            if self.patch_seen:
                as_seen = f"fingerprint = :seen AND {PATCH} = :patch_seen"
                values[":patch_seen"] = {"N": str(self.patch_seen)}
        return {
            "Key": key_of(PARTITION, self.key),
            "UpdateExpression": f"SET {sets}, published_at = if_not_exists(published_at, :at) "
            f"ADD {APPLIES} :tag",
            "ConditionExpression": f"contains({APPLIES}, :one) OR ({as_seen}) OR ({same})",
            "ExpressionAttributeValues": values,
        }

    @property
    def _digest(self) -> str:
        return hashlib.sha256(self.document.encode()).hexdigest()[:16]

    def holds(self, item: Mapping[str, Any] | None) -> bool:
        """Return whether the condition of `update` holds for an item, before it was written."""
        if item is None:
            return self.seen is None
        patch = int(item.get(PATCH, {"N": "0"})["N"])
        there = item["fingerprint"]["S"]
        is_same = (there, item["d"]["S"]) == (self.fingerprint, self.document)
        as_seen = (there, patch) == (self.seen, self.patch_seen)
        return as_seen or (is_same and self.patch in (0, patch))

    def written_over(self, item: Mapping[str, Any] | None, tag: str) -> dict[str, Any]:
        """Return the item as it is after the write."""
        old: Mapping[str, Any] = item or {"published_at": {"S": self.at}}
        return {
            **old,
            **key_of(PARTITION, self.key),
            "d": {"S": self.document},
            DIGEST: {"S": self._digest},
            "fingerprint": {"S": self.fingerprint},
            "o": {"N": str(self.order)},
            **({PATCH: {"N": str(self.patch)}} if self.patch else {}),
            APPLIES: {"SS": [*old.get(APPLIES, {}).get("SS", ()), tag]},
        }

    def to_item(self) -> dict[str, Any]:
        """Return the write as attributes of an item, where it waits."""
        return {
            "key": {"S": self.key},
            "d": {"S": self.document},
            "fingerprint": {"S": self.fingerprint},
            "o": {"N": str(self.order)},
            "published_at": {"S": self.at},
            "patch": {"N": str(self.patch)},
            "patch_seen": {"N": str(self.patch_seen)},
            "seen": {"NULL": True} if self.seen is None else {"S": self.seen},
        }

    @classmethod
    def in_item(cls, item: Mapping[str, Any]) -> Self:
        """Read what `to_item` made."""
        return cls(
            key=item["key"]["S"],
            document=item["d"]["S"],
            fingerprint=item["fingerprint"]["S"],
            order=int(item["o"]["N"]),
            at=item["published_at"]["S"],
            seen=item["seen"].get("S"),
            patch=int(item["patch"]["N"]),
            patch_seen=int(item["patch_seen"]["N"]),
        )


def chunks_of(
    writes: Iterable[DefinitionWrite], count: int, size: int
) -> Iterator[list[DefinitionWrite]]:
    """Cut writes into runs of so many at most, and of so many bytes."""
    return chunked(writes, count, size, lambda write: len(write.document))
