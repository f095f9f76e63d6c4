"""The order of a source: who is bringing events, which cuts are closed, which views are cut.

One item for each source, in the registry's table beside the queue of commits. A producer enters
before it stamps and leaves when its events are in both stores. A cut closes the line at its
instant: from then on nobody gets an earlier stamp, whatever clock they have. Then the cut waits for
those who are inside with an earlier one. See docs/decisions/0022. Boto3's half of the package.
"""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skewless.errors import OnlineStoreError
from skewless.online.attribute import plain, wire
from skewless.online.call import ConditionFailedError, call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.aws import Aws

PARTITION = "commits#"
SORT = "queue"
_CLOSED, _VIEWS, _INSIDE = "closed", "views", "s#"
_CALL_SECONDS = 10.0
_POLLING_SECONDS = 0.1


@dataclass(slots=True)
class Place:
    """A producer's place in the line.

    Attributes:
        stamp: the ingest time that its events get.
    """

    stamp: int
    _line: SourceLine
    _name: str
    _is_left: bool = False

    def leave(self) -> frozenset[str]:
        """Go out; return partitions of the source's views that were ever cut.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        views = self._line.leave(self._name)
        self._is_left = True
        return views

    def give_up(self) -> None:
        """Go out if it is not done, as far as DynamoDB answers."""
        if not self._is_left:
            with suppress(OnlineStoreError):
                self._line.leave(self._name)


class LineItem:
    """One source's item, and every call to DynamoDB for it."""

    def __init__(self, aws: Aws, table_name: str, source: str) -> None:
        self._aws = aws
        self._table_name = table_name
        self._what = f"for the line of source {source!r}"
        self._key = {"pk": {"S": PARTITION + source}, "sk": {"S": SORT}}

    def read(self) -> dict[str, Any]:
        """Return the item's attributes; empty if it is not there."""
        answer = call(
            self._client.get_item,
            _CALL_SECONDS,
            self._what,
            TableName=self._table_name,
            Key=self._key,
            ConsistentRead=True,
        )
        return plain(answer.get("Item", {}))

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
            request["ExpressionAttributeValues"] = {
                name: {"SS": sorted(value)} if isinstance(value, frozenset) else wire(value)
                for name, value in values.items()
            }
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


class SourceLine:
    """The line of one source."""

    def __init__(self, aws: Aws, table_name: str, source: str) -> None:
        self._item = LineItem(aws, table_name, source)

    @contextmanager
    def inside_of(self, stamp: int, *, is_history: bool = False) -> Iterator[Place]:
        """Be in the line with a stamp, or a later one if cuts are closed up to there.

        Args:
            stamp: the ingest time, in microseconds; of history, the earliest.
            is_history: whether the stamp is meant, however old it is.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        name = uuid.uuid4().hex
        place = Place(self._enter(name, stamp, is_history=is_history), self, name)
        try:
            yield place
        finally:
            place.give_up()

    def _enter(self, name: str, stamp: int, *, is_history: bool) -> int:
        condition = None if is_history else "attribute_not_exists(#c) OR #c <= :s"
        aliases = {"s": _INSIDE + name} | ({} if is_history else {"c": _CLOSED})
        while True:
            try:
                self._item.update("SET #s = :s", aliases, {":s": stamp}, condition)
            except ConditionFailedError as error:
                stamp = plain(error.item)[_CLOSED]
            else:
                return stamp

    def leave(self, name: str) -> frozenset[str]:
        """Go out; return the views that were ever cut.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        return _views(self._item.update("REMOVE #s", {"s": _INSIDE + name}, {}))

    def close(self, view: str, cut: int) -> None:
        """Give no stamp before the cut any more, and let producers know of the view.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        try:
            self._item.update(
                "SET #c = :c ADD #v :v",
                {"c": _CLOSED, "v": _VIEWS},
                {":c": cut, ":v": frozenset([view])},
                "attribute_not_exists(#c) OR #c < :c",
            )
        except ConditionFailedError:  # a later cut of another view was closed before
            self._item.update("ADD #v :v", {"v": _VIEWS}, {":v": frozenset([view])})

    def inside(self, before: int) -> dict[str, int]:
        """Return the batches that are inside with a stamp before an instant."""
        return {
            name: stamp
            for name, stamp in self._item.read().items()
            if name.startswith(_INSIDE) and stamp < before
        }

    def wait(self, before: int, seconds: float) -> None:
        """Wait until nobody is inside with a stamp before an instant.

        Who does not come out in time is taken for dead, and forgotten. Should it go on all the
        same, the next cut finds what it brings.
        """
        give_up_at = time.monotonic() + seconds
        while left := self.inside(before):
            if time.monotonic() > give_up_at:
                self.forget(left)
                return
            time.sleep(_POLLING_SECONDS)

    def forget(self, names: Mapping[str, int]) -> None:
        """Take batches out of the line whose producers are taken for dead."""
        aliases = {f"s{number}": name for number, name in enumerate(names)}
        if aliases:
            self._item.update("REMOVE " + ", ".join(f"#{alias}" for alias in aliases), aliases, {})


def _views(item: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(item.get(_VIEWS, ()))
