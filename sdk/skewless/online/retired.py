"""Retired views: their watermark says so for good, and then their items are removed.

A reader remembers a watermark for as long as it covers the instants that are asked for. A missing
item means to it that nothing happened. So items go only when no reader can remember a watermark of
before. Whoever reads the new one answers nulls, which say that they are stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.compiler.instants import DAY, MINUTE
from skewless.definitions.refresh import Every
from skewless.errors import OnlineStoreError
from skewless.online.address import WATERMARK, view_partition
from skewless.online.attribute import NEVER, address_key, names, plain, wired
from skewless.online.call import ConditionFailedError, Deadline, call, units
from skewless.online.record import CLOSED_BY, KEPT, RETIRED
from skewless.online.view_scan import pages_of_views, runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skewless.compiler.plan import ViewPlan
    from skewless.online.table import OnlineTable

_SECONDS = 30.0
_MOST = 25  # what BatchWriteItem takes
_MOST_VIEWS = 80  # in one filter: DynamoDB takes 4 KB of it
# Clocks of readers may be behind, and replicas of the table.
_MARGIN = 5 * MINUTE


class Retired(NamedTuple):
    """What the watermark of a retired view tells.

    Attributes:
        at: when it was retired, in microseconds of the store's clock.
        was: the cut that was served until then; None if there was none.
        removed: when all items were found removed; None before.
    """

    at: int
    was: int | None
    removed: int | None

    def removable(self, plan: ViewPlan, *, is_exact: bool) -> int:
        """Return from when on no reader can remember the watermark of before.

        Args:
            plan: the view's.
            is_exact: whether all clocks are the same, and the table has one replica.
        """
        if self.was is None:
            return self.at
        match plan.view.refresh:
            case Every(every=every, delay=delay):
                covered = every.microseconds + delay.microseconds
            case _:
                covered = DAY
        return max(self.at, self.was + covered) + (0 if is_exact else _MARGIN)


class RemovedItems(NamedTuple):
    """What a removal did.

    Attributes:
        items: how many there were.
        read_units: DynamoDB's, for looking through the whole table.
        write_units: for deleting them.
    """

    items: int
    read_units: float
    write_units: float


@dataclass(frozen=True, slots=True)
class RetiredViews:
    """The retired views of one online table."""

    table: OnlineTable

    def mark(self, plan: ViewPlan, now: int) -> Retired:
        """Make a view's watermark that of a retired view; one that is stays as it was.

        Whoever removes an earlier trial of the view is stopped: giving back the watermark of before
        would serve the view again.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        values = {":retired": RETIRED, ":never": NEVER, ":now": now}
        try:
            answer = self._update(
                plan,
                "SET #was = if_not_exists(#cut, :never), #cut = :retired, #started = :retired, "
                "#previous = :never, #at = :now REMOVE #removing, #kept",
                "attribute_not_exists(#at)",
                values,
                {**names("was", "cut", "started", "previous", CLOSED_BY, KEPT), "#at": "retired"},
            )
        except ConditionFailedError as error:
            return _retired(plain(error.item))
        return _retired(plain(answer["Attributes"]))

    def of(self, plan: ViewPlan) -> Retired | None:
        """Return what a view's watermark tells; None if it is not that of a retired view."""
        answer = call(
            self._client.get_item,
            _SECONDS,
            f"to read the watermark of view {plan.name!r}",
            TableName=self.table.name,
            Key=address_key((view_partition(plan), WATERMARK)),
            ConsistentRead=True,
        )
        item = plain(answer.get("Item", {}))
        return _retired(item) if "retired" in item else None

    def count(self, plans: Iterable[ViewPlan]) -> RemovedItems:
        """Count the items of views; the whole table is looked through."""
        items, read = 0, 0.0
        for page in self._pages(plans):
            items += len(page["Items"])
            read += units(page)
        return RemovedItems(items, read, 0.0)

    def remove(self, plans: Iterable[ViewPlan], now: int) -> RemovedItems:
        """Delete all items of retired views but their watermarks.

        The whole table is looked through, since no index knows which items are of a view. If it is
        interrupted, running it again deletes what is left.

        Raises:
            OnlineStoreError: DynamoDB refused; what was deleted stays deleted.
        """
        views = [*plans]
        items, read, written = 0, 0.0, 0.0
        for page in self._pages(views):
            read += units(page)
            for some in runs(page["Items"], _MOST):
                written += self._delete(some)
                items += len(some)
        for plan in views:
            self._update(
                plan,
                "SET #removed = :now",
                "attribute_exists(#at)",
                {":now": now},
                {**names("removed"), "#at": "retired"},
            )
        return RemovedItems(items, read, written)

    def _pages(self, plans: Iterable[ViewPlan]) -> Iterator[Any]:
        for views in runs((view_partition(plan) for plan in plans), _MOST_VIEWS):
            yield from pages_of_views(
                self._client,
                self.table.name,
                views,
                "to look through the online table",
                seconds=_SECONDS,
                ReturnConsumedCapacity="TOTAL",
            )

    def _delete(self, items: list[dict[str, Any]]) -> float:
        keys = [{"pk": item["pk"], "sk": item["sk"]} for item in items]
        waiting = [{"DeleteRequest": {"Key": key}} for key in keys]
        deadline, consumed = Deadline(_SECONDS), 0.0
        while waiting:
            answer = call(
                self._client.batch_write_item,
                _SECONDS,
                "to delete items of a retired view",
                RequestItems={self.table.name: waiting},
                ReturnConsumedCapacity="TOTAL",
            )
            consumed += units(answer)
            waiting = answer.get("UnprocessedItems", {}).get(self.table.name, [])
            if waiting and not deadline.pause():
                raise OnlineStoreError(
                    f"DynamoDB left {len(waiting)} of {len(items)} deletions undone for "
                    f"{_SECONDS:.0f} seconds; run the same command again to go on"
                )
        return consumed

    def _update(
        self,
        plan: ViewPlan,
        update: str,
        condition: str,
        values: dict[str, Any],
        used: dict[str, str],
    ) -> Any:
        return call(
            self._client.update_item,
            _SECONDS,
            f"to write the watermark of view {plan.name!r}",
            TableName=self.table.name,
            Key=address_key((view_partition(plan), WATERMARK)),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeNames=used,
            ExpressionAttributeValues=wired(values),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    @property
    def _client(self) -> Any:
        return self.table.aws.client("dynamodb")


def _retired(item: dict[str, Any]) -> Retired:
    was = item.get("was", NEVER)
    return Retired(item["retired"], None if was == NEVER else was, item.get("removed"))
