"""Namespaces: where trials lie in the registry's table, beside what is published.

A namespace is one item under the partition `dev`, replaced in one write on the condition that
nobody else replaced it meanwhile. Nothing but this module reads it: what is published is in another
partition. What a dropped namespace leaves to remove is noted under `dev#removal` in the same
transaction, so that a process that dies leaves nothing that nobody knows of.
"""

from __future__ import annotations

import json
import re
import uuid
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from skewless.definitions.expression import to_microseconds
from skewless.errors import DocumentError, InputError, PublishError, StoreError, shown
from skewless.registry.registry_table import MAX_ITEM_BYTES, RegistryTable, key_of
from skewless.registry.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from skewless.aws import Aws

PARTITION, REMOVALS = "dev", "dev#removal"
_WHAT = "the namespaces in the table"
_MAX_TEXT = 64_000_000  # of the documents, before they are packed
_CHUNK = 90  # writes of a transaction
_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DevNamespace:
    """Definitions that somebody tries.

    Attributes:
        name: of a person or a branch.
        owner: the ARN of whoever made it.
        by: the ARN of whoever applied to it last.
        created_at: when it was made.
        applied_at: when it was applied to last.
        expires_at: from then on nobody sees it.
        message: what its author says of it.
        commit: of the definitions file.
        filled: partitions of views of which a cut was begun in it.
        trial: what it holds.
        generation: changes with each apply.
    """

    name: str
    owner: str
    by: str
    created_at: datetime
    applied_at: datetime
    expires_at: datetime
    message: str = ""
    commit: str = ""
    filled: frozenset[str] = frozenset()
    trial: Trial
    generation: str = ""

    def is_expired(self, now: int) -> bool:
        """Say whether it expired by an instant, in microseconds."""
        return to_microseconds(self.expires_at, "expires_at") <= now

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {
            "name": self.name,
            "owner": self.owner,
            "by": self.by,
            "created_at": self.created_at.isoformat(),
            "applied_at": self.applied_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
            "message": self.message,
            "commit": self.commit,
            "definitions": [
                {"kind": item["kind"], "name": item["name"], "version": item["version"]}
                for _, item in self.trial.tried
            ],
            "filled": sorted(partition.partition("#")[0] for partition in self.filled),
        }


@dataclass(frozen=True, slots=True)
class PendingRemoval:
    """Online items of a view that nobody tries any more.

    Attributes:
        partition: the view's.
        noted_at: when the machine's clock said that they are to go, in microseconds.
        is_late: whether a cut was under way when they went, which may have written since.
    """

    partition: str
    noted_at: int
    is_late: bool

    @property
    def view(self) -> str:
        """The view's `name@version`."""
        return self.partition.partition("#")[0]


def checked_name(name: object) -> str:
    """Return the name of a namespace.

    Raises:
        InputError: no namespace can have it.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > 40:  # noqa: PLR2004
        raise InputError(
            f"the namespace's name {shown(name)} must be up to 40 lower case letters, digits and "
            "single hyphens, a letter or digit first and last"
        )
    return name


class Namespaces:
    """The namespaces of one store."""

    def __init__(self, aws: Aws, table_name: str) -> None:
        self._aws = aws
        self._table = RegistryTable(aws, table_name, _WHAT)

    def all(self) -> list[DevNamespace]:
        """Return all namespaces by name, those that expired too."""
        return [_namespace(item) for item in self._table.query(PARTITION)]

    def find(self, name: str) -> DevNamespace | None:
        """Return a namespace, also if it expired; None if there is none."""
        item = self._table.get(PARTITION, name)
        return _namespace(item) if item else None

    def put(self, namespace: DevNamespace, seen: DevNamespace | None) -> DevNamespace:
        """Write a namespace over the one that was seen; what was filled stays noted.

        Raises:
            PublishError: somebody else wrote it meanwhile, or it is too large.
        """
        generation = uuid.uuid4().hex
        values: dict[str, Any] = {
            ":g": {"S": generation},
            ":d": {"B": _packed(namespace)},
            ":owner": {"S": namespace.owner},
            ":by": {"S": namespace.by},
            ":created": {"S": namespace.created_at.astimezone(UTC).isoformat()},
            ":at": {"S": namespace.applied_at.astimezone(UTC).isoformat()},
            ":expires": {"S": namespace.expires_at.astimezone(UTC).isoformat()},
            ":m": {"S": namespace.message},
            ":c": {"S": namespace.commit},
        }
        condition = "attribute_not_exists(pk)"
        if seen is not None:
            condition, values[":seen"] = "generation = :seen", {"S": seen.generation}
        try:
            self._client.update_item(
                TableName=self._table.name,
                Key=key_of(PARTITION, namespace.name),
                UpdateExpression="SET generation = :g, d = :d, applied_by = :by, at_ = :at, "
                "expires = :expires, message = :m, commit_ = :c, "
                "owner_ = if_not_exists(owner_, :owner), "
                "created = if_not_exists(created, :created)",
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise self._lost(namespace.name) from error
        except (ClientError, BotoCoreError) as error:
            raise self._failure("written", error) from error
        found = self.find(namespace.name)
        if found is None:
            raise self._lost(namespace.name)
        return found

    def fill(self, namespace: DevNamespace, partition: str) -> None:
        """Note that a cut of a view begins, before it does.

        Raises:
            InputError: the namespace was dropped or replaced meanwhile.
        """
        values: dict[str, Any] = {":seen": {"S": namespace.generation}, ":p": {"SS": [partition]}}
        try:
            self._client.update_item(
                TableName=self._table.name,
                Key=key_of(PARTITION, namespace.name),
                UpdateExpression="ADD filled :p",
                ConditionExpression="generation = :seen",
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise InputError(
                f"namespace {namespace.name!r} was dropped or applied to meanwhile: run the cut "
                "again"
            ) from error
        except (ClientError, BotoCoreError) as error:
            raise self._failure("written", error) from error

    def release(self, namespace: DevNamespace, partitions: Iterable[str], noted_at: int) -> None:
        """Note that items are to be removed, which a namespace does not hold any more."""
        for some in _chunks(sorted(partitions)):
            self._transact(
                [
                    *(self._noting(partition, noted_at) for partition in some),
                    {
                        "Update": {
                            "TableName": self._table.name,
                            "Key": key_of(PARTITION, namespace.name),
                            "UpdateExpression": "DELETE filled :some",
                            "ConditionExpression": "generation = :seen",
                            "ExpressionAttributeValues": {
                                ":some": {"SS": some},
                                ":seen": {"S": namespace.generation},
                            },
                        }
                    },
                ],
                namespace.name,
            )

    def note(self, partitions: Iterable[str], noted_at: int) -> None:
        """Note that items are to be removed unless somebody tries or publishes their views."""
        for partition in partitions:
            self._call("update_item", **self._noting(partition, noted_at)["Update"])

    def drop(self, namespace: DevNamespace, noted_at: int) -> None:
        """Delete a namespace, and note what it leaves.

        Raises:
            PublishError: somebody applied to it, or filled it, meanwhile.
        """
        chunks = [*_chunks(sorted(namespace.filled))] or [[]]
        for number, some in enumerate(chunks):
            writes = [self._noting(partition, noted_at) for partition in some]
            if number == len(chunks) - 1:
                writes.append(self._deletion(namespace))
            self._transact(writes, namespace.name)

    def removals(self) -> list[PendingRemoval]:
        """Return what is to be removed."""
        return [
            PendingRemoval(item["sk"]["S"], int(item["at_"]["N"]), "late" in item)
            for item in self._table.query(REMOVALS)
        ]

    def removed(self, removal: PendingRemoval, *, is_late: bool) -> None:
        """Forget a removal that is done; or keep it as one to be looked at again."""
        key = key_of(REMOVALS, removal.partition)
        if not is_late:
            self._call("delete_item", TableName=self._table.name, Key=key)
            return
        self._call(
            "update_item",
            TableName=self._table.name,
            Key=key,
            UpdateExpression="SET late = :late, at_ = :at",
            ExpressionAttributeValues={
                ":late": {"BOOL": True},
                ":at": {"N": str(removal.noted_at)},
            },
        )

    def _noting(self, partition: str, noted_at: int) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._table.name,
                "Key": key_of(REMOVALS, partition),
                "UpdateExpression": "SET at_ = :at REMOVE late",
                "ExpressionAttributeValues": {":at": {"N": str(noted_at)}},
            }
        }

    def _deletion(self, namespace: DevNamespace) -> dict[str, Any]:
        values: dict[str, Any] = {":seen": {"S": namespace.generation}}
        condition = "generation = :seen AND attribute_not_exists(filled)"
        if namespace.filled:
            values[":filled"] = {"SS": sorted(namespace.filled)}
            condition = "generation = :seen AND filled = :filled"
        return {
            "Delete": {
                "TableName": self._table.name,
                "Key": key_of(PARTITION, namespace.name),
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
            }
        }

    def _transact(self, writes: list[dict[str, Any]], name: str) -> None:
        try:
            self._client.transact_write_items(TransactItems=writes)
        except self._client.exceptions.TransactionCanceledException as error:
            raise self._lost(name) from error
        except (ClientError, BotoCoreError) as error:
            raise self._failure("written", error) from error

    def _call(self, operation: str, **request: Any) -> Any:
        done: Callable[..., Any] = getattr(self._client, operation)
        try:
            return done(**request)
        except (ClientError, BotoCoreError) as error:
            raise self._failure("written", error) from error

    def _lost(self, name: str) -> PublishError:
        return PublishError(
            f"namespace {name!r} was changed by somebody else just now. Look at it, skewless dev, "
            "and try again"
        )

    def _failure(self, participle: str, error: Exception) -> StoreError:
        return StoreError(f"{_WHAT} {self._table.name!r} could not be {participle}: {error}")

    @property
    def _client(self) -> Any:
        return self._aws.client("dynamodb")


def _chunks(items: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(items), _CHUNK):
        yield items[at : at + _CHUNK]


def _packed(namespace: DevNamespace) -> bytes:
    trial = namespace.trial
    text = json.dumps(
        {"written": trial.written, "tried": trial.tried}, separators=(",", ":")
    ).encode()
    packed = zlib.compress(text, 9)
    others = len(namespace.message.encode()) + 2_000
    if len(packed) + others > MAX_ITEM_BYTES or len(text) > _MAX_TEXT:
        raise PublishError(
            f"namespace {namespace.name!r} would take {len(packed) + others:,} bytes, more than "
            f"the {MAX_ITEM_BYTES:,} that an item of the registry holds. Apply fewer definitions "
            "to it"
        )
    return packed


def _namespace(item: dict[str, Any]) -> DevNamespace:
    name = item["sk"]["S"]
    try:
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(bytes(item["d"]["B"]), _MAX_TEXT)
        document = json.loads(text)
        return DevNamespace(
            name=name,
            owner=item["owner_"]["S"],
            by=item["applied_by"]["S"],
            created_at=datetime.fromisoformat(item["created"]["S"]),
            applied_at=datetime.fromisoformat(item["at_"]["S"]),
            expires_at=datetime.fromisoformat(item["expires"]["S"]),
            message=item["message"]["S"],
            commit=item["commit_"]["S"],
            filled=frozenset(item.get("filled", {}).get("SS", ())),
            trial=Trial(
                tuple(document["written"]),
                tuple((fingerprint, each) for fingerprint, each in document["tried"]),
            ),
            generation=item["generation"]["S"],
        )
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise DocumentError(
            f"namespace {name!r} cannot be read ({error}): it was edited by hand, or a newer "
            "skewless wrote it. Delete the item (pk 'dev') from the table of the registry, or "
            "install the skewless that wrote it"
        ) from error
