"""Cost: the capacity that DynamoDB reports for its calls."""

from __future__ import annotations

from threading import Lock
from typing import Any

from skewless.online.call import units

_READS = ("BatchGetItem",)
_WRITES = ("BatchExecuteStatement", "PutItem", "UpdateItem")


class Meter:
    """Adds up what the calls of one DynamoDB client consumed.

    Attributes:
        read_units: of batch reads, which is how features are served.
        write_units: of writes.
        reads: calls that read.
        writes: calls that wrote.
    """

    def __init__(self, client: Any) -> None:
        self.read_units = self.write_units = 0.0
        self.reads = self.writes = 0
        self._lock = Lock()  # writes are made side by side
        for operation in _READS:
            client.meta.events.register(f"after-call.dynamodb.{operation}", self._read)
        for operation in _WRITES:
            client.meta.events.register(f"after-call.dynamodb.{operation}", self._written)

    def _read(self, parsed: dict[str, Any], **_: Any) -> None:
        with self._lock:
            self.reads += 1
            self.read_units += units(parsed)

    def _written(self, parsed: dict[str, Any], **_: Any) -> None:
        with self._lock:
            self.writes += 1
            self.write_units += units(parsed)
