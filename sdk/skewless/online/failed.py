"""Failed entities: an index, beside each view's watermark, of entities that could not be written.

A cut rewrites entities with new events. A failed entity must be tried again even without new ones,
because events leave its windows. So a cut reads this index when it begins, and removes the entries
of entities that it wrote. An entry is written before its item, so no failed item is forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.online.address import FAILED, described, failed_sort
from skewless.online.attribute import address_key, names, plain, whole, wire
from skewless.online.call import ConditionFailedError, call, pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.aws import Aws

_SECONDS = 30.0


class FailedEntry(NamedTuple):
    """An entry.

    Attributes:
        key: the text of the entity's key.
        instant: in microseconds, the cut at which it failed, or the ingest time of the event that
            did not fit in its stream item.
        reason: why, in words that name no entity and no value.
    """

    key: str
    instant: int
    reason: str


class FailedEntities:
    """The failed entities of the views of one table; a view is given by its partition."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._aws = aws
        self._table = table

    def note(self, view: str, key: str, instant: int, reason: str) -> None:
        """Record that an entity failed; a later failure is kept over an earlier one.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        partition = f"{view}#{key}"
        fields = {"k": key, "i": instant, "x": reason}
        try:
            call(
                self._client.put_item,
                _SECONDS,
                f"to record the failure of {described(partition)}",
                TableName=self._table,
                Item=whole((view, failed_sort(partition)), fields),
                ConditionExpression="attribute_not_exists(#i) OR #i <= :i",
                ExpressionAttributeNames=names("i"),
                ExpressionAttributeValues={":i": wire(instant)},
            )
        except ConditionFailedError:
            return

    def first(self, view: str, limit: int) -> list[FailedEntry]:
        """Return at most so many of a view's failed entities, consistently.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        found = []
        for item in self._items(view):
            found.append(FailedEntry(item["k"], item["i"], item["x"]))
            if len(found) == limit:
                break
        return found

    def count(self, view: str) -> int:
        """Count a view's failed entities.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        return sum(page["Count"] for page in self._pages(view, Select="COUNT"))

    def settle(self, view: str, cut: int) -> None:
        """Remove the entries of entities that a committed cut tried again and wrote.

        An entity that failed again has an entry of the cut, or of a later event, and stays.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        for item in self._items(view):
            if item["i"] < cut:
                self._delete((view, item["sk"]), cut)

    def forget(self, view: str, key: str) -> bool:
        """Remove an entity's entry, whatever it says; return whether there was one.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        return self._delete((view, failed_sort(f"{view}#{key}")), None)

    def holds(self, view: str, key: str) -> bool:
        """Say whether an entity has an entry.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        answer = call(
            self._client.get_item,
            _SECONDS,
            f"to read a failed entity of view {view!r}",
            TableName=self._table,
            Key=address_key((view, failed_sort(f"{view}#{key}"))),
            ConsistentRead=True,
        )
        return "Item" in answer

    def _delete(self, address: tuple[str, str], before: int | None) -> bool:
        condition: dict[str, Any] = {}
        if before is not None:
            condition = {
                "ConditionExpression": "#i < :before",
                "ExpressionAttributeNames": names("i"),
                "ExpressionAttributeValues": {":before": wire(before)},
            }
        try:
            answer = call(
                self._client.delete_item,
                _SECONDS,
                f"to take out a failed entity of view {address[0]!r}",
                TableName=self._table,
                Key=address_key(address),
                ReturnValues="ALL_OLD",
                **condition,
            )
        except ConditionFailedError:
            return False  # it failed again, or another run removed it
        return bool(answer.get("Attributes"))

    def _items(self, view: str) -> Iterator[dict[str, Any]]:
        for page in self._pages(view):
            yield from map(plain, page["Items"])

    def _pages(self, view: str, **request: Any) -> Iterator[Any]:
        return pages(
            self._client.query,
            _SECONDS,
            f"to read the failed entities of view {view!r}",
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :failed)",
            ExpressionAttributeValues={":pk": wire(view), ":failed": wire(FAILED)},
            ConsistentRead=True,
            **request,
        )

    @property
    def _client(self) -> Any:
        return self._aws.client("dynamodb")
