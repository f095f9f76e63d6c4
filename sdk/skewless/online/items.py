"""Find and delete an entity's online items, for an erasure. Nothing else deletes items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.online.address import described
from skewless.online.attribute import address_key, wire
from skewless.online.call import call, pages

if TYPE_CHECKING:
    from skewless.aws import Aws
    from skewless.online.address import Address

_SECONDS = 30.0


class EntityItems:
    """The items of entities in one table."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._client = aws.client("dynamodb")
        self._table = table

    def find(self, partition: str) -> list[Address]:
        """Find all items of an entity, consistently: its cut, and each day of its stream.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        found = pages(
            self._client.query,
            _SECONDS,
            f"to find the items of {described(partition)}",
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": wire(partition)},
            ProjectionExpression="sk",
            ConsistentRead=True,
        )
        return [(partition, item["sk"]["S"]) for page in found for item in page["Items"]]

    def delete(self, address: Address) -> None:
        """Delete an item, whatever it holds.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        call(
            self._client.delete_item,
            _SECONDS,
            f"to delete item {address[1]!r} of {described(address[0])}",
            TableName=self._table,
            Key=address_key(address),
        )
