"""All online items of a view: closed to cuts, and removed.

Removing is safe beside cuts and beside others who remove. The watermark is taken away first, in
one write that leaves a token in its place. From then on readers find a view that was never cut, no
cut can begin, and one that is under way cannot commit. Each deletion is on condition that the token
is still there. So nothing is deleted that was written after the watermark was given back.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import OnlineStoreError
from skewless.online.address import WATERMARK
from skewless.online.attribute import address_key, names, plain, wire, wired
from skewless.online.call import ConditionFailedError, Deadline, call
from skewless.online.record import CLOSED_BY, KEPT
from skewless.online.view_scan import pages_of_views, runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.aws import Aws
    from skewless.online.address import Address

_SAID = ("cut", "previous", "started", "snapshot", "reading")
_SECONDS = 30.0
_PASSING_CODES = frozenset({"TransactionConflict", "ThrottlingError"})
_CHUNK = 90  # writes of a transaction, with its check


@dataclass(frozen=True, slots=True)
class Closed:
    """A view that is closed to cuts.

    Attributes:
        partition: the view's.
        token: of who closed it.
        kept: what the watermark said; None if items were deleted since.
    """

    partition: str
    token: str
    kept: dict[str, int] | None

    @property
    def is_under_way(self) -> bool:
        """Whether a cut may be writing: it was begun and not committed."""
        return self.kept is None or self.kept.get("started") != self.kept.get("cut")


class ViewItems:
    """The items of views in one online table."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._aws = aws
        self._table = table

    def close(self, partition: str) -> Closed:
        """Take a view's watermark away, and let no cut begin or commit.

        Of two who close a view the later one goes on, and the earlier one deletes nothing more.

        Raises:
            OnlineStoreError: DynamoDB refused, or cuts went on without end.
        """
        token = uuid.uuid4().hex
        seen: dict[str, Any] = self._read(partition)
        for _ in range(20):
            kept: dict[str, int] | None = seen.get(KEPT)
            if CLOSED_BY not in seen:
                kept = {name: seen[name] for name in _SAID if name in seen}
            try:
                self._replace(partition, seen, _closed(token, kept))
            except ConditionFailedError as error:
                seen = plain(error.item)
                continue
            return Closed(partition, token, kept)
        raise OnlineStoreError(
            f"view {partition.partition('#')[0]!r} could not be closed: it was written all the time"
        )

    def is_closed(self, partition: str) -> bool:
        """Say whether somebody closed a view, and did not end what it began."""
        return CLOSED_BY in self._read(partition)

    def reopen(self, closed: Closed) -> None:
        """Give a view its watermark back, of which no item was deleted yet."""
        self._replace_own(closed, closed.kept or {})

    def remove(self, closed: Closed, *, settle_seconds: float) -> int:
        """Delete all items of a closed view, then its watermark; return how many there were.

        Args:
            closed: the view.
            settle_seconds: how long to wait first: an eventually consistent read that sees the
                watermark as it was must not miss the items.

        Raises:
            OnlineStoreError: DynamoDB refused, or somebody else removes the view as well.
        """
        if closed.kept and "cut" in closed.kept:
            time.sleep(settle_seconds)
        self._replace_own(closed, _closed(closed.token, None))
        count = 0
        for some in runs(self._found(closed.partition), _CHUNK):
            self._delete(closed, some)
            count += len(some)
        self._replace_own(closed, {})
        return count

    def _found(self, partition: str) -> Iterator[Address]:
        found = pages_of_views(
            self._client,
            self._table,
            [partition],
            f"to find the items of view {partition.partition('#')[0]!r}",
            seconds=_SECONDS,
            ConsistentRead=True,
        )
        for page in found:
            for item in page["Items"]:
                yield item["pk"]["S"], item["sk"]["S"]

    def _delete(self, closed: Closed, addresses: list[Address]) -> None:
        writes: list[dict[str, Any]] = [
            {
                "ConditionCheck": {
                    "TableName": self._table,
                    "Key": address_key((closed.partition, WATERMARK)),
                    "ConditionExpression": "#r = :token",
                    "ExpressionAttributeNames": {"#r": CLOSED_BY},
                    "ExpressionAttributeValues": {":token": wire(closed.token)},
                }
            }
        ]
        writes += [
            {"Delete": {"TableName": self._table, "Key": address_key(address)}}
            for address in addresses
        ]
        deadline = Deadline(_SECONDS)
        while True:
            try:
                self._client.transact_write_items(TransactItems=writes)
            except self._client.exceptions.TransactionCanceledException as error:
                codes = [each.get("Code") for each in error.response["CancellationReasons"]]
                if codes[0] == "ConditionalCheckFailed":
                    raise _taken_over(closed.partition) from error
                if not _PASSING_CODES.intersection(codes) or not deadline.pause():
                    raise _refused(closed.partition, error) from error
            except (ClientError, BotoCoreError) as error:
                raise _refused(closed.partition, error) from error
            else:
                return

    def _read(self, partition: str) -> dict[str, Any]:
        answer = call(
            self._client.get_item,
            _SECONDS,
            f"to read the watermark of view {partition.partition('#')[0]!r}",
            TableName=self._table,
            Key=address_key((partition, WATERMARK)),
            ConsistentRead=True,
        )
        return plain(answer.get("Item", {}))

    def _replace_own(self, closed: Closed, fields: dict[str, Any]) -> None:
        try:
            self._replace(closed.partition, {CLOSED_BY: closed.token}, fields)
        except ConditionFailedError as error:
            raise _taken_over(closed.partition) from error

    def _replace(self, partition: str, seen: dict[str, Any], fields: dict[str, Any]) -> None:
        """Write a watermark whole, or delete it if nothing is left, unless it changed."""
        watched = (*_SAID, CLOSED_BY) if CLOSED_BY not in seen else (CLOSED_BY,)
        there = [name for name in watched if name in seen]
        tests = [f"#{name} = :{name}" for name in there]
        tests += [f"attribute_not_exists(#{name})" for name in watched if name not in seen]
        request: dict[str, Any] = {
            "TableName": self._table,
            "ConditionExpression": " AND ".join(tests),
            "ExpressionAttributeNames": names(*watched),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if there:
            request["ExpressionAttributeValues"] = wired({f":{name}": seen[name] for name in there})
        key = address_key((partition, WATERMARK))
        what = f"to write the watermark of view {partition.partition('#')[0]!r}"
        if fields:
            item = key | wired(fields)
            call(self._client.put_item, _SECONDS, what, Item=item, **request)
        else:
            call(self._client.delete_item, _SECONDS, what, Key=key, **request)

    @property
    def _client(self) -> Any:
        return self._aws.client("dynamodb")


def _closed(token: str, kept: dict[str, int] | None) -> dict[str, Any]:
    return {CLOSED_BY: token} if kept is None else {CLOSED_BY: token, KEPT: kept}


def _taken_over(partition: str) -> OnlineStoreError:
    return OnlineStoreError(
        f"view {partition.partition('#')[0]!r}: somebody else removes its items as well, and goes "
        "on with it"
    )


def _refused(partition: str, error: Exception) -> OnlineStoreError:
    return OnlineStoreError(
        f"DynamoDB refused to remove the items of view {partition.partition('#')[0]!r}: {error}"
    )
