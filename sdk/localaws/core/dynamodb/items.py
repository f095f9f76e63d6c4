"""DynamoDB's items: copied, cut down and measured without touching every value again.

Stock moto rebuilds an item once for every name of a projection (16 names over 10 items: 5 ms),
copies numbers and texts that nothing changes in place, adds the whole item up anew for every
attribute that it is made with, and sorts all items of a table to query one partition.
"""

from __future__ import annotations

import copy
import functools
import inspect
from typing import Any

from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import bytesize

_SIZE_LIMIT = 405_000  # where stock moto draws the line
_CHANGED_IN_PLACE = frozenset({"L", "M", "SS", "NS", "BS"})


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    _copy_only_what_changes()
    _measure_a_new_item_once()
    _project_names_directly()
    _query_one_partition()


def _copy_only_what_changes() -> None:
    kind: Any = DynamoType
    stock = kind.__deepcopy__

    def copied(self: Any, memo: dict[int, Any]) -> Any:
        return stock(self, memo) if self.type in _CHANGED_IN_PLACE else self

    kind.__deepcopy__ = copied


def _measure_a_new_item_once() -> None:
    def initialize(self: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
        self.hash_key = hash_key
        self.range_key = range_key
        self.attrs = LimitedSizeDict()
        for name, value in attrs.items():
            dict.__setitem__(self.attrs, name, DynamoType(value))
        if sum(bytesize(name) + value.size() for name, value in self.attrs.items()) > _SIZE_LIMIT:
            raise ItemSizeTooLarge

    item: Any = Item
    item.__init__ = initialize


def _project_names_directly() -> None:
    item: Any = Item
    stock = item.project

    def project(self: Any, paths: list[list[str]]) -> Any:
        if any(len(path) > 1 or "[" in path[0] for path in paths):
            return stock(self, paths)
        chosen = object.__new__(Item)
        chosen.hash_key, chosen.range_key = self.hash_key, self.range_key
        chosen.attrs = LimitedSizeDict()
        for (name,) in paths:
            if name in self.attrs:
                dict.__setitem__(chosen.attrs, name, self.attrs[name])
        return chosen

    item.project = project


def _query_one_partition() -> None:
    table: Any = Table
    stock = table.query

    @functools.wraps(stock)
    def query(self: Any, hash_key: Any, *rest: Any, **more: Any) -> Any:
        asked = signature.bind(self, hash_key, *rest, **more).arguments
        if asked.get("index_name") is not None:
            return stock(self, hash_key, *rest, **more)
        partition = copy.copy(self)
        found = self.items.get(hash_key)
        partition.items = {} if found is None else {hash_key: found}
        return stock(partition, hash_key, *rest, **more)

    signature = inspect.signature(stock)
    table.query = query
