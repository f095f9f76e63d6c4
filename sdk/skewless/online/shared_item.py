"""An item that several processes change at once, each under a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.online.attribute import address_key, plain, wired
from skewless.online.call import call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.aws import Aws
    from skewless.online.address import Address

_CALL_SECONDS = 10.0


class SharedItem:
    """One item of a DynamoDB table, and every call for it.

    Args:
        aws: where the table is.
        table_name: the table's.
        address: the item's partition and sort key.
        what: names it in errors: "for the line of source 'flights'".
    """

    def __init__(self, aws: Aws, table_name: str, address: Address, what: str) -> None:
        self._aws = aws
        self._table_name = table_name
        self._what = what
        self._key = address_key(address)

    def read(self) -> dict[str, Any]:
        """Return the item's attributes, read consistently; empty if it is not there.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        return plain(self.answer().get("Item", {}))

    def answer(self) -> Any:
        """Return what DynamoDB answers to a consistent read, its headers included."""
        return call(
            self._client.get_item,
            _CALL_SECONDS,
            self._what,
            TableName=self._table_name,
            Key=self._key,
            ConsistentRead=True,
        )

    def update(
        self,
        update: str,
        aliases: Mapping[str, str],
        values: Mapping[str, Any],
        condition: str | None = None,
    ) -> dict[str, Any]:
        """Change the item, and return its attributes.

        Args:
            update: DynamoDB's expression.
            aliases: names of attributes by the aliases, without `#`, that it uses.
            values: by the placeholders that it uses.
            condition: under which it is changed.

        Raises:
            ConditionFailedError: the condition does not hold.
            OnlineStoreError: DynamoDB refused.
        """
        request: dict[str, Any] = {}
        if values:
            request["ExpressionAttributeValues"] = wired(values)
        if condition is not None:
            request["ConditionExpression"] = condition
        answer = call(
            self._client.update_item,
            _CALL_SECONDS,
            self._what,
            TableName=self._table_name,
            Key=self._key,
            UpdateExpression=update.strip(),
            ExpressionAttributeNames={f"#{alias}": name for alias, name in aliases.items()},
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **request,
        )
        return plain(answer.get("Attributes", {}))

    @property
    def _client(self) -> Any:
        return self._aws.client("dynamodb")
