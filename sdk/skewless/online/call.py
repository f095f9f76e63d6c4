"""Calls to DynamoDB: temporary refusals are retried until a deadline, all others are errors."""

from __future__ import annotations

import random
import re
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import ItemTooLargeError, OnlineStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PASSING = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
    }
)
_TOO_LARGE = re.compile(r"item size.* exceeded the maximum", re.IGNORECASE)
CONDITION_FAILED = "ConditionalCheckFailedException"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


class ConditionFailedError(Exception):
    """A write's condition did not hold.

    Attributes:
        item: the current item, in DynamoDB's notation; empty if there is none.
    """

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__("the condition of a write did not hold")
        self.item = item


class Deadline:
    """When to give up, and how long to pause before a retry: exponential, with full jitter."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds
        self._pause = _FIRST_PAUSE

    def pause(self) -> bool:
        """Sleep, and return whether there is time for another try."""
        seconds = random.uniform(0, self._pause)  # noqa: S311 - jitter
        if time.monotonic() + seconds >= self._ends_at:
            return False
        time.sleep(seconds)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        return True


def call(operation: Callable[..., Any], seconds: float, what: str, **request: Any) -> Any:
    """Call DynamoDB.

    Raises:
        ConditionFailedError: the write's condition did not hold.
        ItemTooLargeError: the item is too large, which no retry can change.
        OnlineStoreError: DynamoDB refused, or was busy until the deadline.
    """
    deadline = Deadline(seconds)
    while True:
        try:
            return operation(**request)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code == CONDITION_FAILED:
                response: Any = error.response
                raise ConditionFailedError(response.get("Item", {})) from error
            if code == "ValidationException" and _TOO_LARGE.search(str(error)):
                raise ItemTooLargeError(what, "DynamoDB says that the item is too large") from error
            if code not in PASSING or not deadline.pause():
                raise OnlineStoreError(f"DynamoDB refused {what}: {error}") from error
        except BotoCoreError as error:
            raise OnlineStoreError(f"DynamoDB could not be reached for {what}: {error}") from error


def pages(query: Callable[..., Any], seconds: float, what: str, **request: Any) -> Iterator[Any]:
    """Call a query until it has answered its last page, each as `call` does."""
    while True:
        page = call(query, seconds, what, **request)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def units(answer: Any) -> float:
    """Return the capacity that an answer reports as consumed."""
    consumed = answer.get("ConsumedCapacity") or {}
    parts = consumed if isinstance(consumed, list) else [consumed]
    return float(sum(part.get("CapacityUnits", 0) for part in parts))
