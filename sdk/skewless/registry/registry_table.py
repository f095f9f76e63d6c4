"""The registry's table: queries, and writes that happen together or not at all."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from skewless.aws import Aws

T = TypeVar("T")

# DynamoDB: at most 100 writes and 4 MB in a transaction, 400 KB in an item, names included.
MAX_WRITES = 100
MAX_TRANSACTION_BYTES = 3_500_000
MAX_ITEM_BYTES = 390_000
ATTEMPTS = 8
_FIRST_PAUSE_SECONDS = 0.05


def pause(attempt: int) -> None:
    """Wait before an attempt is repeated: longer each time, and not as long as others do."""
    time.sleep(_FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311


class RegistryTable:
    """A table with the text keys `pk` and `sk`.

    Args:
        aws: where it is.
        name: its name.
        what: what is read of it, for errors.
    """

    def __init__(self, aws: Aws, name: str, what: str = "the registry table") -> None:
        self._aws = aws
        self.name = name
        self._what = what

    def query(
        self, partition: str, prefix: str = "", *, newest_first: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Read the items of a partition in the order of their sort keys.

        Args:
            partition: the value of `pk`.
            prefix: what `sk` begins with.
            newest_first: whether the last comes first.

        Raises:
            StoreError: AWS refused.
        """
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": partition}},
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
        }
        if prefix:
            request["KeyConditionExpression"] += " AND begins_with(sk, :sk)"
            request["ExpressionAttributeValues"][":sk"] = {"S": prefix}
        try:
            for page in self._client.get_paginator("query").paginate(**request):
                yield from page["Items"]
        except (ClientError, BotoCoreError) as error:
            raise self._failure("read", error) from error

    def get(self, partition: str, sort: str) -> dict[str, Any]:
        """Read one item; an empty one if there is none.

        Raises:
            StoreError: AWS refused.
        """
        key = key_of(partition, sort)
        try:
            found = self._client.get_item(TableName=self.name, Key=key, ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise self._failure("read", error) from error
        item: dict[str, Any] = found.get("Item", {})
        return item

    def update(self, write: dict[str, Any]) -> None:
        """Write one item.

        Raises:
            StoreError: AWS refused.
        """
        try:
            self._client.update_item(TableName=self.name, **write)
        except (ClientError, BotoCoreError) as error:
            raise self._failure("written", error) from error

    def transact(self, writes: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
        """Write all of these or none.

        Args:
            writes: as `update_item` takes them, without the table's name.

        Returns:
            The keys of the writes whose conditions did not hold. Then nothing was written.

        Raises:
            StoreError: AWS refused.
        """
        items = [{"Update": {"TableName": self.name, **write}} for write in writes]
        client = self._client
        for attempt in range(ATTEMPTS):
            try:
                client.transact_write_items(TransactItems=items)
            except client.exceptions.TransactionCanceledException as error:
                if lost := self._lost(error, writes, is_last=attempt == ATTEMPTS - 1):
                    return lost
                pause(attempt)
            except (ClientError, BotoCoreError) as error:
                raise self._failure("written", error) from error
            else:
                break
        return []

    def _lost(
        self, error: ClientError, writes: Sequence[dict[str, Any]], *, is_last: bool
    ) -> list[tuple[str, str]]:
        """Return what did not hold; nothing if another transaction held an item just now."""
        response: Any = error.response
        codes = [reason.get("Code") for reason in response.get("CancellationReasons", ())]
        lost = [
            (write["Key"]["pk"]["S"], write["Key"]["sk"]["S"])
            for write, code in zip(writes, codes, strict=False)
            if code == "ConditionalCheckFailed"
        ]
        if not lost and (is_last or "TransactionConflict" not in codes):
            raise self._failure("written", error) from error
        return lost

    @property
    def _client(self) -> Any:
        return self._aws.client("dynamodb")

    def _failure(self, participle: str, error: Exception) -> StoreError:
        return StoreError(f"{self._what} {self.name!r} could not be {participle}: {error}")


def key_of(partition: str, sort: str) -> dict[str, Any]:
    """Return a key as DynamoDB has it."""
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def chunked(
    items: Iterable[T], count: int, size: int, size_of: Callable[[T], int]
) -> Iterator[list[T]]:
    """Cut items into runs of so many at most, and of so large a size together."""
    chunk: list[T] = []
    total = 0
    for item in items:
        own = size_of(item)
        if chunk and (len(chunk) == count or total + own > size):
            yield chunk
            chunk, total = [], 0
        chunk.append(item)
        total += own
    if chunk:
        yield chunk
