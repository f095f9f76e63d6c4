"""The snapshot: the whole registry as one object in the store's bucket, written after each apply.

It is for the day on which the table is lost, for audits, and for whoever wants to read everything
with one request. Nothing that skewless does reads it otherwise: what is published stands in the
table. Items are kept as the table holds them, those of later releases included.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import DocumentError, StoreError, shown
from skewless.registry.apply_log import PARTITION as LOG
from skewless.registry.apply_log import entry_in
from skewless.registry.namespaces import PARTITION as TRIALS
from skewless.registry.namespaces import REMOVALS
from skewless.registry.stored_item import PARTITION, decoded, marks_of, patches_of
from skewless.registry.strict_json import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.aws import Aws, Resources

KEY = "registry/snapshot.json"
FORMAT = 1
_LAST = "last-apply"  # of the object's metadata: the newest entry of the log that it holds
_PASSING = "commits#"  # see ingest/commit_queue.py
_ATTEMPTS = 5
_LOST = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
_ABSENT = ("404", "NoSuchKey", "NotFound")  # not the bucket
_MEMBERS = {"format", "store", "digest", "items"}
_TYPES = {
    "S": str,
    "N": str,
    "B": str,  # base64
    "BOOL": bool,
    "NULL": bool,
    "L": list,
    "M": dict,
    "SS": list,
    "NS": list,
}

Items = list[dict[str, Any]]


class SnapshotObject:
    """The snapshot of one store's registry.

    Args:
        aws: where the store is.
        resources: its bucket, and the registry's table.
    """

    def __init__(self, aws: Aws, resources: Resources) -> None:
        self._aws = aws
        self._bucket = resources.bucket
        self._store = resources.store
        self._table = resources.registry_table

    @property
    def uri(self) -> str:
        """Where it is."""
        return f"s3://{self._bucket}/{KEY}"

    def keep(self, *, is_behind: bool = False) -> None:
        """Write the snapshot, unless it holds the newest apply.

        A snapshot holds what was read after the one before it was written. So an older one never
        replaces a newer one, whoever is slower.

        Args:
            is_behind: whether the caller knows that it does not, and saves the question.

        Raises:
            StoreError: AWS refused, others wrote all the time, or the table lost what the snapshot
                holds.
        """
        try:
            for _ in range(_ATTEMPTS):
                etag, last = self._head()
                if etag is not None and not is_behind and last == self._newest():
                    return
                if self._put(etag, last):
                    return
                is_behind = False  # the one that was faster may hold the caller's apply, too
        except (ClientError, BotoCoreError) as error:
            raise StoreError(f"the registry's snapshot {self.uri} was not written: {error}") from (
                error
            )
        raise StoreError(f"the registry's snapshot {self.uri} was not written: others write it")

    def problem(self) -> str:
        """Say what is wrong with the snapshot; nothing if it holds the newest apply."""
        etag, last = self._head()
        newest = self._newest()
        if etag is None:
            return "there is none" if newest else ""
        if last != newest:
            at, newest_at = (text.partition("#")[0] or "the beginning" for text in (last, newest))
            return f"it is of {at}, and the last apply of {newest_at}"
        return ""

    def read(self) -> bytes:
        """Return the object.

        Raises:
            StoreError: there is none, or AWS refused.
        """
        try:
            answer = self._aws.client("s3").get_object(Bucket=self._bucket, Key=KEY)
            content: bytes = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise StoreError(f"the snapshot {self.uri} could not be read: {error}") from error
        return content

    def _lost(self, last: str) -> str:
        return (
            f"the registry's snapshot {self.uri} was left as it is: it holds the apply of "
            f"{last.partition('#')[0]}, which the table {self._table!r} does not have. If the "
            "table was lost, restore it: skewless import --from-snapshot, into an empty table. If "
            "it is as it should be, move the snapshot away"
        )

    def _head(self) -> tuple[str | None, str]:
        """Return its entity tag, None if there is none, and the newest apply that it holds."""
        try:
            found = self._aws.client("s3").head_object(Bucket=self._bucket, Key=KEY)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None, ""
            raise
        return found["ETag"], found["Metadata"].get(_LAST, "")

    def _newest(self) -> str:
        found = self._aws.client("dynamodb").query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": LOG}},
            ProjectionExpression="sk",
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=1,
        )["Items"]
        return str(found[0]["sk"]["S"]) if found else ""

    def _put(self, etag: str | None, last: str) -> bool:
        """Write what the table holds now; say whether nobody else wrote since `etag`."""
        pages = self._aws.client("dynamodb").get_paginator("scan")
        found = pages.paginate(TableName=self._table, ConsistentRead=True)
        items = [item for page in found for item in page["Items"] if not is_passing(item)]
        applies = {str(item["sk"]["S"]) for item in items if item["pk"]["S"] == LOG}
        if last and last not in applies:
            raise StoreError(self._lost(last))
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        try:
            self._aws.client("s3").put_object(
                Bucket=self._bucket,
                Key=KEY,
                Body=written(self._store, items),
                ContentType="application/json",
                Metadata={_LAST: max(applies, default="")},
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in (*_LOST, *_ABSENT):  # or deleted meanwhile
                return False
            raise
        return True


def is_passing(item: Mapping[str, Any]) -> bool:
    """Say whether an item passes: of producers at work, for seconds; of trials, until they expire.

    A copy would keep what is to leave no traces.
    """
    partition = str(item["pk"]["S"])
    return partition.startswith(_PASSING) or partition in (TRIALS, REMOVALS)


def written(store: str, items: Items) -> bytes:
    """Return a snapshot's content: one item a line, in the order of their keys."""
    ordered = sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
    head = {"format": FORMAT, "store": store, "digest": _digest(ordered)}
    lines = ",\n".join(json.dumps(item, sort_keys=True, default=_text) for item in ordered)
    return f'{json.dumps(head)[:-1]}, "items": [\n{lines}\n]}}\n'.encode()


def read_snapshot(content: bytes, name: str, store: str) -> Items:
    """Return the items of a snapshot: checked one by one, and against each other.

    Args:
        content: the object or file.
        name: what it is called in messages.
        store: whose snapshot it must be.

    Raises:
        DocumentError: it is none, was edited, or is of a later release; the message says where.
    """
    try:
        document = parse(content)
    except ValueError as error:
        raise DocumentError(f"the snapshot {name!r} is not JSON: {error}. {_WAY_OUT}") from error
    found = document.get("format") if isinstance(document, dict) else None
    if type(found) is not int or found != FORMAT:
        raise DocumentError(
            f"the snapshot {name!r} has format {found!r}; this skewless reads format {FORMAT}. "
            "Install the skewless that wrote it"
        )
    try:
        _check(document, store)
        items: Items = document["items"]
        decoded([item for item in items if item["pk"]["S"] == PARTITION])
        marks_of(items)
        patches_of(items)
        for item in items:
            if item["pk"]["S"] == LOG:
                entry_in(item)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"the snapshot {name!r}: {error}. {_WAY_OUT}") from error
    return [{name: _as_stored(value) for name, value in item.items()} for item in items]


_WAY_OUT = (
    "Take it as it was written: a versioned bucket keeps earlier ones, and the table's backups "
    "have the registry (aws dynamodb restore-table-to-point-in-time)"
)


def _check(document: dict[str, Any], store: str) -> None:
    if document.keys() != _MEMBERS:
        raise ValueError(f"it has the members {sorted(document)}, not {sorted(_MEMBERS)}")
    items = document["items"]
    if not isinstance(items, list):
        raise ValueError("its items are no list")  # noqa: TRY004 - of a document
    seen: set[tuple[str, str]] = set()
    for item in items:
        if not isinstance(item, dict) or not all(map(_is_value, item.values())):
            raise ValueError(f"{str(item)[:80]} is no item of a table")
        keys = [item.get(name, {}).get("S") for name in ("pk", "sk")]
        if not all(keys):
            raise ValueError(f"{str(item)[:80]} has no keys")
        if (keys[0], keys[1]) in seen:
            raise ValueError(f"the item {keys[0]} {keys[1]} is there twice")
        seen.add((keys[0], keys[1]))
    if document["store"] != store:
        raise ValueError(
            f"it is of store {shown(document['store'])}, and not of {store!r}. What another store "
            "has is promoted, or exported and imported"
        )
    if document["digest"] != (now := _digest(items)):
        raise ValueError(
            f"it was edited: its items have the digest {now}, it says {document['digest']!r}"
        )


def _is_value(value: object) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((kind, content),) = value.items()
    return kind in _TYPES and isinstance(content, _TYPES[kind])


def _text(value: object) -> str:
    """Return bytes as JSON holds them."""
    if not isinstance(value, bytes):
        raise StoreError(f"the registry's table holds {type(value)}, which a snapshot does not")
    return base64.b64encode(value).decode()


def _as_stored(value: dict[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64decode(value["B"], validate=True)} if "B" in value else value


def _digest(items: Items) -> str:
    text = json.dumps(items, sort_keys=True, separators=(",", ":"), default=_text)
    return hashlib.sha256(text.encode()).hexdigest()
