"""The register of models: which locks they ship with, in a partition of the registry's table.

A lock's own record is written before its file, and marks are looked at once more after it. `retire`
marks first and looks at the records after. So of a lock and a `retire` at once, one sees the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import DocumentError, InputError, StoreError, UnknownNameError, shown
from skewless.registry.model_lock import ModelLock
from skewless.registry.registry_table import MAX_ITEM_BYTES, RegistryTable, key_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from skewless.aws import Aws

PARTITION = "model"
_WHAT = "the models in registry table"
_ATTEMPTS = 8
_LEAST_DIGITS = 6


class ReadOnlyError(StoreError):
    """The caller may read the registry, and not write to it."""


class ModelRegister:
    """The locks of models of one store.

    Args:
        aws: where the table is.
        table_name: the registry's.
    """

    def __init__(self, aws: Aws, table_name: str) -> None:
        self._aws = aws
        self._table = RegistryTable(aws, table_name, _WHAT)

    def load(self) -> list[ModelLock]:
        """Return all records, also of locks that ended, by model and time.

        Raises:
            DocumentError: a record was edited by hand.
            StoreError: the table could not be read.
        """
        found = [self._read(item) for item in self._table.query(PARTITION)]
        return sorted(found, key=lambda lock: (lock.model, lock.at, lock.digest))

    def add(self, lock: ModelLock) -> ModelLock:
        """Record a lock. One that is there gets the training sets in addition, and is live again.

        Raises:
            InputError: the record is too large.
            ReadOnlyError: the caller may not write to the registry.
            StoreError: AWS refused.
        """
        return self._change(lock.key, lock, lambda there: there.renewed(lock))

    def end(self, lock: ModelLock, at: datetime, by: str) -> ModelLock:
        """Record that a lock is no longer deployed.

        Raises:
            StoreError: AWS refused.
        """
        return self._change(lock.key, lock, lambda there: there.ended(at, by))

    def _change(
        self, key: str, assumed: ModelLock, change: Callable[[ModelLock], ModelLock]
    ) -> ModelLock:
        """Write a record anew of what is there; what another wrote meanwhile is looked at again.

        Args:
            key: the record's.
            assumed: what is written if nothing is there.
            change: makes the new record of the one that is there.
        """
        seen: str | None = None
        wanted = assumed
        for _ in range(_ATTEMPTS):
            try:
                self._put(key, wanted.to_json(), seen)
            except self._client.exceptions.ConditionalCheckFailedException as error:
                there = self._there(key, error)
                seen, record = there["d"]["S"], self._read(there)
                wanted = change(record)
                if wanted == record:
                    return record
            else:
                return wanted
        raise StoreError(f"{assumed}: its record in the registry changes all the time; try again")

    def _there(self, key: str, error: ClientError) -> dict[str, Any]:
        response: Any = error.response
        if "Item" in response:
            found: dict[str, Any] = {"sk": {"S": key}, **response["Item"]}
            return found
        raise self._failure(error) from error

    def _put(self, key: str, text: str, seen: str | None) -> None:
        if len(text) > MAX_ITEM_BYTES:
            raise InputError(
                f"the record of lock {key.rpartition('#')[0]!r} is {len(text):,} bytes; the "
                f"registry holds at most {MAX_ITEM_BYTES:,}. Name fewer training sets"
            )
        values = {":d": {"S": text}}
        condition = "attribute_not_exists(pk)"
        if seen is not None:
            condition = "d = :seen"
            values[":seen"] = {"S": seen}
        try:
            self._client.update_item(
                TableName=self._table.name,
                Key=key_of(PARTITION, key),
                UpdateExpression="SET d = :d",
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            raise
        except (ClientError, BotoCoreError) as error:
            raise self._failure(error) from error

    def _read(self, item: dict[str, Any]) -> ModelLock:
        key = item["sk"]["S"]
        try:
            found = ModelLock.from_json(item["d"]["S"])
            if found.key != key:
                raise ValueError(f"it holds the record of {found}")  # noqa: TRY301
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DocumentError(
                f"the record {key!r} of the registry's models cannot be read ({error}): it was "
                "edited by hand, or written by a newer skewless. Install that, or put the record "
                "back as it was (the table's backups have it)"
            ) from error
        return found

    @property
    def _client(self) -> Any:
        return self._aws.client("dynamodb")

    def _failure(self, error: Exception) -> StoreError:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
        kind = ReadOnlyError if code.startswith("AccessDenied") else StoreError
        return kind(f"{_WHAT} {self._table.name!r} could not be written: {error}")


def live_lock(locks: list[ModelLock], model: str, digest: str | None) -> ModelLock:
    """Find the one lock of a model that is deployed, or the one whose digest begins so.

    Raises:
        UnknownNameError: no model has the name, or no lock of it the digest.
        InputError: several of its locks are meant.
    """
    own = [lock for lock in locks if lock.model == model and lock.is_live]
    if not own:
        known = {lock.model for lock in locks if lock.is_live}
        raise UnknownNameError("deployed model", model, known)
    if digest is not None:
        if len(digest) < _LEAST_DIGITS:
            raise InputError(
                f"the lock's digest {shown(digest)} must have {_LEAST_DIGITS} digits or more"
            )
        found = [lock for lock in own if lock.digest.startswith(digest)]
        if not found:
            names = {lock.short for lock in own}
            raise UnknownNameError("lock", digest, names, owner=f"model {model!r}")
        own = found
    if len(own) > 1:
        told = "; ".join(f"{lock.short} ({lock.service}, {lock.at.isoformat()})" for lock in own)
        raise InputError(
            f"model {model!r} has {len(own)} deployed locks: {told}. Name one's digest"
        )
    return own[0]
