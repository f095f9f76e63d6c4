"""An ordered mapping that cannot change and can be hashed: definitions hold it, not dicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

V = TypeVar("V")


class FrozenMapping(Mapping[str, V], Generic[V]):
    """Names to values, in the order they were written; order counts for equality."""

    __slots__ = ("_hash", "_items")

    def __init__(self, items: Mapping[str, V]) -> None:
        self._items = dict(items)
        self._hash: int | None = None

    def __getitem__(self, name: str) -> V:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        if isinstance(other, FrozenMapping):
            items: dict[str, object] = other._items
            return self._items == items and list(self._items) == list(items)
        return tuple(self.items()) == tuple(other.items())

    def __hash__(self) -> int:
        # A schema of a thousand columns is hashed for each of a thousand features.
        if self._hash is None:
            self._hash = hash(tuple(self._items.items()))
        return self._hash

    def __reduce__(self) -> tuple[type[FrozenMapping[V]], tuple[dict[str, V]]]:
        """Pickle the items alone: a text has another hash in another process."""
        return FrozenMapping, (self._items,)

    def __repr__(self) -> str:
        return repr(self._items)
