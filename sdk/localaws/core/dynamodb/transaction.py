"""How a failed DynamoDB transaction is undone: the items it names are put back as they were."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models.dynamo_type import DynamoType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Saved:
    """One item before the transaction, and the length of its table's stream."""

    table: Any
    hash_key: DynamoType
    range_key: DynamoType | None
    item: Any
    stream_length: int | None

    def restore(self) -> None:
        """Put the item back, and take what the transaction wrote off the stream."""
        items, key = self.table.items, self.hash_key
        if self.range_key is not None:
            items, key = items.get(self.hash_key, {}), self.range_key
        if self.item is not None:
            items[key] = self.item
        else:
            items.pop(key, None)
        if self.stream_length is not None:
            del self.table.stream_shard.items[self.stream_length :]


@dataclass(frozen=True, slots=True)
class Undo:
    """The way back to before a transaction."""

    saved: tuple[_Saved, ...]

    @classmethod
    def of(cls, tables: Mapping[str, Any], operations: Sequence[Mapping[str, Any]]) -> Undo:
        """Remember the items that the operations may change."""
        saved = (_saved(tables, operation) for operation in operations)
        return cls(tuple(one for one in saved if one is not None))

    def run(self) -> None:
        """Restore every item, the last one first."""
        for one in reversed(self.saved):
            one.restore()


def _saved(tables: Mapping[str, Any], operation: Mapping[str, Any]) -> _Saved | None:
    kind, asked = next(iter(operation.items()))
    table = tables.get(asked.get("TableName", ""))
    key = asked.get("Key") or asked.get("Item") or {}
    if table is None or kind == "ConditionCheck" or table.hash_key_attr not in key:
        return None
    hash_key = DynamoType(key[table.hash_key_attr])
    by_range = table.range_key_attr is not None and table.range_key_attr in key
    range_key = DynamoType(key[table.range_key_attr]) if by_range else None
    item = table.items.get(hash_key)
    if range_key is not None:
        item = item.get(range_key) if item is not None else None
    return _Saved(
        table=table,
        hash_key=hash_key,
        range_key=range_key,
        item=copy.deepcopy(item),
        stream_length=len(table.stream_shard.items) if table.stream_shard else None,
    )
