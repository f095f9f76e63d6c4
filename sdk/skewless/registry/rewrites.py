"""Rewrites of history that the log has and a view's online state does not have yet.

A backfill after serving has begun leaves its shard here for every view of the source; the view's
next cut rebuilds the entities of those shards, and forgets them once it is committed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from skewless.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.aws import Aws

_SORT = "pending"


class RewriteLog:
    """A set of shards for each view, in the registry's table; adding and removing are atomic."""

    def __init__(self, aws: Aws, table_name: str) -> None:
        self._aws = aws
        self.table_name = table_name

    def add(self, views: Iterable[str], shard: str) -> None:
        """Record a shard for views, given by their partitions."""
        for view in views:
            self._update(view, "ADD shards :some", (shard,))

    def pending(self, view: str) -> tuple[str, ...]:
        """Return the shards that rewrote history since the view's last cut."""
        try:
            answer = self._client.get_item(
                TableName=self.table_name, Key=_key(view), ConsistentRead=True
            )
        except ClientError as error:
            raise StoreError(f"the rewrites of {view!r} could not be read: {error}") from error
        return tuple(sorted(answer.get("Item", {}).get("shards", {}).get("SS", ())))

    def done(self, view: str, shards: tuple[str, ...]) -> None:
        """Forget shards that a committed cut holds."""
        if shards:
            self._update(view, "DELETE shards :some", shards)

    def _update(self, view: str, expression: str, shards: tuple[str, ...]) -> None:
        try:
            self._client.update_item(
                TableName=self.table_name,
                Key=_key(view),
                UpdateExpression=expression,
                ExpressionAttributeValues={":some": {"SS": list(shards)}},
            )
        except ClientError as error:
            raise StoreError(f"the rewrites of {view!r} could not be written: {error}") from error

    @property
    def _client(self) -> Any:
        return self._aws.client("dynamodb")


def _key(view: str) -> dict[str, Any]:
    return {"pk": {"S": f"rewrites#{view}"}, "sk": {"S": _SORT}}
