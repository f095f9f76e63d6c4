"""DynamoDB's capacity: the units that a call consumed, by item sizes, for callers who ask.

Stock moto says 1 for most calls, 0.5 for an UpdateItem and the number of keys for a batch, whatever
the sizes are, and sometimes to callers who did not ask. Not counted: writes to secondary indexes,
and items that the legacy QueryFilter and ScanFilter leave out.
"""

from __future__ import annotations

import functools
import inspect
from collections import defaultdict
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.responses import DynamoHandler

from localaws.core.dynamodb.item_size import item_size

if TYPE_CHECKING:
    from collections.abc import Mapping

_READ_UNIT, _WRITE_UNIT = 4096, 1024
_IN_TRANSACTION = 2  # each item is prepared and committed
_LOCAL_INDEXES, _GLOBAL_INDEXES = "LocalSecondaryIndexes", "GlobalSecondaryIndexes"
_READS = ("get_item", "query", "scan", "batch_get_item", "transact_get_items")
_WRITES = ("put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items")


@dataclass(frozen=True, slots=True)
class _Meter:
    """The bytes of each read and write of one call, by table; and the kind of an index read."""

    reads: list[tuple[str, int]] = field(default_factory=list)
    writes: list[tuple[str, int]] = field(default_factory=list)
    index_kinds: dict[str, str] = field(default_factory=dict)


class Bill:
    """What the statements of one batch of PartiQL writes consume, in the detail that was asked for.

    A failed statement counts as the write that it tried, but only beside one that succeeded.
    """

    def __init__(self, detail: str) -> None:
        self._detail = detail
        self._written: dict[str, float] = defaultdict(float)
        self._failed: dict[str, float] = defaultdict(float)

    def wrote(self, table: str, size: int) -> None:
        """Count a write of so many bytes."""
        self._written[table] += _blocks(size, _WRITE_UNIT)

    def failed(self, table: str, size: int) -> None:
        """Count a write of so many bytes that was refused."""
        self._failed[table] += _blocks(size, _WRITE_UNIT)

    def told(self) -> list[dict[str, Any]]:
        """Return what the caller is told; empty if nothing was asked for, or all failed."""
        if self._detail not in ("TOTAL", "INDEXES"):
            return []
        told: list[dict[str, Any]] = []
        for table, units in self._written.items():
            one: dict[str, Any] = {
                "TableName": table,
                "CapacityUnits": units + self._failed[table],
            }
            if self._detail == "INDEXES":
                one["Table"] = {"CapacityUnits": units}
            told.append(one)
        return told


_METER: ContextVar[_Meter | None] = ContextVar("meter", default=None)


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    _meter_item_reads()
    _meter_searches()
    _meter_writes()
    _meter_transactions()
    for name in (*_READS, *_WRITES):
        _tell(name)


def _tell(name: str) -> None:
    handler: Any = DynamoHandler
    stock = getattr(handler, name)

    @functools.wraps(stock)
    def metered(self: Any) -> Any:
        detail = self.body.get("ReturnConsumedCapacity", "NONE")
        meter = _Meter() if detail in ("TOTAL", "INDEXES") else None
        before = _METER.set(meter)
        try:
            answer = stock(self)
        finally:
            _METER.reset(before)
        answer.result.pop("ConsumedCapacity", None)
        if meter is not None:
            told = _consumed(name, self.body, meter)
            several = name.startswith(("batch", "transact"))
            answer.result["ConsumedCapacity"] = told if several else told[0]
        return answer

    setattr(handler, name, metered)


def _consumed(name: str, body: Mapping[str, Any], meter: _Meter) -> list[dict[str, Any]]:
    is_read = name in _READS
    is_transaction = name.startswith("transact")
    units: dict[str, float] = defaultdict(float)
    for table, size in meter.reads if is_read else meter.writes:
        if is_read:
            is_consistent = is_transaction or _is_consistent(body, table)
            cost = _blocks(size, _READ_UNIT) * (1.0 if is_consistent else 0.5)
        else:
            cost = float(_blocks(size, _WRITE_UNIT))
        units[table] += cost * (_IN_TRANSACTION if is_transaction else 1)
    told = [{"TableName": table, "CapacityUnits": cost} for table, cost in units.items()]
    for one in told:
        if is_transaction:
            one["ReadCapacityUnits" if is_read else "WriteCapacityUnits"] = one["CapacityUnits"]
        if body["ReturnConsumedCapacity"] == "INDEXES":
            one.update(_broken_down(one["CapacityUnits"], meter))
    return told


def _blocks(size: int, unit: int) -> int:
    return max(1, -(-size // unit))


def _is_consistent(body: Mapping[str, Any], table: str) -> bool:
    asked = body.get("RequestItems", {}).get(table, body)
    return bool(asked.get("ConsistentRead"))


def _broken_down(units: Any, meter: _Meter) -> dict[str, Any]:
    parts: dict[str, Any] = {"Table": {"CapacityUnits": 0.0 if meter.index_kinds else units}}
    for index, kind in meter.index_kinds.items():
        parts[kind] = {index: {"CapacityUnits": units}}
    return parts


def _meter_item_reads() -> None:
    backend: Any = DynamoDBBackend
    stock = backend.get_item

    def get_item(self: Any, table_name: str, keys: dict[str, Any], *paths: Any) -> Any:
        item = stock(self, table_name, keys, *paths)
        if (meter := _METER.get()) is not None:
            meter.reads.append((table_name, _size_there(self.get_table(table_name), keys)))
        return item

    backend.get_item = get_item


def _meter_searches() -> None:
    _meter_search("query", "projection_expressions")
    _meter_search("scan", "projection_expression")


def _meter_search(name: str, projection: str) -> None:
    backend: Any = DynamoDBBackend
    stock = getattr(backend, name)
    signature = inspect.signature(stock)

    @functools.wraps(stock)
    def metered(self: Any, table_name: str, *rest: Any, **more: Any) -> Any:
        found = stock(self, table_name, *rest, **more)
        meter = _METER.get()
        if meter is None:
            return found
        asked = signature.bind(self, table_name, *rest, **more)
        items = found[0]
        if asked.arguments.get("filter_expression") or asked.arguments.get(projection):
            # What was read is what is found without a filter and in full.
            asked.arguments.update({"filter_expression": None, projection: None})
            items = stock(*asked.args, **asked.kwargs)[0]
        meter.reads.append((table_name, sum(map(item_size, items))))
        if index := asked.arguments.get("index_name"):
            is_local = any(one.name == index for one in self.get_table(table_name).indexes)
            meter.index_kinds[index] = _LOCAL_INDEXES if is_local else _GLOBAL_INDEXES
        return found

    setattr(backend, name, metered)


def _meter_writes() -> None:
    for name in ("put_item", "update_item", "delete_item"):
        _meter_write(name)


def _meter_write(name: str) -> None:
    backend: Any = DynamoDBBackend
    stock = getattr(backend, name)

    @functools.wraps(stock)
    def metered(self: Any, table_name: str, keys: dict[str, Any], *rest: Any, **more: Any) -> Any:
        meter = _METER.get()
        if meter is None:
            return stock(self, table_name, keys, *rest, **more)
        table = self.get_table(table_name)
        before = _size_there(table, keys)
        result = stock(self, table_name, keys, *rest, **more)
        meter.writes.append((table_name, max(before, _size_there(table, keys))))
        return result

    setattr(backend, name, metered)


def _size_there(table: Any, keys: Mapping[str, Any]) -> int:
    names = table.table_key_attrs
    if any(name not in keys for name in names):
        return 0  # the call is about to be refused
    return item_size(table.get_item(*(DynamoType(keys[name]) for name in names)))


def _meter_transactions() -> None:
    backend: Any = DynamoDBBackend
    stock = backend.transact_write_items

    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> Any:
        result = stock(self, transact_items)
        if (meter := _METER.get()) is not None:
            for check in (
                one["ConditionCheck"] for one in transact_items if "ConditionCheck" in one
            ):
                size = _size_there(self.get_table(check["TableName"]), check["Key"])
                meter.writes.append((check["TableName"], size))
        return result

    backend.transact_write_items = transact_write_items
