"""Dictionaries with what is in them, whatever their classes say of it.

Some of moto's classes show less than they hold: a bucket's objects show the latest version alone.
Others take arguments, or make missing values by a function without a name.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from typing import Any

State = tuple[list[tuple[Any, Any]], dict[str, Any]]
_KNOWN: tuple[type, ...] = (dict, OrderedDict, defaultdict)


def is_own_kind(found: object) -> bool:
    """Whether it is a dictionary of a class that pickle does not know."""
    return isinstance(found, dict) and type(found) not in _KNOWN


def reduce(mapping: Any) -> Any:
    """What pickle writes for a dictionary of a class of its own."""
    factory = getattr(mapping, "default_factory", None)
    return new, (type(mapping),), (state_of(mapping), factory), None, None, restore


def new(kind: Any) -> Any:
    """An empty dictionary of a class, by no function of the class's own."""
    return kind.__new__(kind)


def restore(mapping: Any, state: tuple[State, Any]) -> None:
    """Fill a new dictionary with what was written."""
    content, factory = state
    if factory is not None:
        mapping.default_factory = factory
    fill(mapping, content)


def state_of(mapping: Any) -> State:
    """What is in a dictionary, and its attributes."""
    kind = OrderedDict if isinstance(mapping, OrderedDict) else dict
    return list(kind.items(mapping)), dict(getattr(mapping, "__dict__", {}))


def fill(mapping: Any, state: State) -> None:
    """Give a dictionary this content, in place of its own."""
    items, attributes = state
    kind: Any = OrderedDict if isinstance(mapping, OrderedDict) else dict
    kind.clear(mapping)
    for key, value in items:
        kind.__setitem__(mapping, key, value)
    if attributes:
        vars(mapping).update(attributes)
