"""DynamoDB's items as plain values, and back: a table has many, of objects for every attribute."""

from __future__ import annotations

from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict


def reduce(item: Any) -> Any:
    """What pickle writes for an item."""
    keys = [None if key is None else _plain(key) for key in (item.hash_key, item.range_key)]
    attributes = [(name, _plain(value)) for name, value in item.attrs.items()]
    return again, (keys, attributes)


def again(keys: list[Any], attributes: list[tuple[str, Any]]) -> Any:
    """The item of what was written."""
    item: Any = Item.__new__(Item)
    item.hash_key, item.range_key = [None if key is None else _value(key) for key in keys]
    item.attrs = LimitedSizeDict()
    for name, plain in attributes:
        # Its own way measures the whole item at each attribute.
        dict.__setitem__(item.attrs, name, _value(plain))
    return item


def _plain(value: Any) -> tuple[str, Any]:
    kind, content = value.type, value.value
    if kind == "L":
        content = [_plain(element) for element in content]
    elif kind == "M":
        content = {name: _plain(element) for name, element in content.items()}
    return kind, content


def _value(plain: tuple[str, Any]) -> Any:
    kind, content = plain
    if kind == "L":
        content = [_value(element) for element in content]
    elif kind == "M":
        content = {name: _value(element) for name, element in content.items()}
    value: Any = DynamoType.__new__(DynamoType)
    value.type, value.value = kind, content
    return value
