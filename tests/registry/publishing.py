"""Publishing in tests, and a client that can be made to fail while it does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from skewless.aws import Aws
from skewless.definitions.collection import Definitions
from skewless.registry.changes import compare
from skewless.registry.registry import Registry
from tests.registry.builders import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def publish(registry: Registry, wanted: object, now: datetime = NOW) -> None:
    definitions = Definitions.collect(wanted)
    registry.publish(compare(registry.load().definitions, definitions), now)


class Interposed:
    """A DynamoDB client of which `transact_write_items` can be made to fail."""

    def __init__(self, client: Any, before: Callable[[int], None]) -> None:
        self._client = client
        self._before = before
        self.transactions: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        self.transactions.append(len(request["TransactItems"]))
        self._before(len(self.transactions))
        return self._client.transact_write_items(**request)


def interpose(aws: Aws, before: Callable[[int], None]) -> tuple[Registry, Interposed]:
    client = Interposed(aws.client("dynamodb"), before)
    apart = Aws(aws.session, aws.endpoint)
    apart._own.clients["dynamodb"] = client
    return Registry(apart, TABLE), client


def items(aws: Aws) -> dict[str, dict[str, Any]]:
    """Return the items of definitions."""
    found = aws.client("dynamodb").scan(TableName=TABLE)["Items"]
    return {item["sk"]["S"]: item for item in found if item["pk"]["S"] == "definition"}
