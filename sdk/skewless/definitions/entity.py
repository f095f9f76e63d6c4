"""Entity: what a feature describes, and the key that finds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from skewless.definitions.foreign import DEFINED, answering
from skewless.definitions.frozen import FrozenMapping
from skewless.definitions.names import (
    column_name_problems,
    object_name_problems,
    text_problems,
)
from skewless.definitions.types import KEY_TYPES, Scalar, ValueType
from skewless.errors import DefinitionError, shown
from skewless.quick import dataclass


@answering(DEFINED)
@dataclass(frozen=True, slots=True)
class Entity:
    """A thing with a key of one or more columns.

    Args:
        name: lower case identifier.
        keys: the key columns and their types, in order; String, Int64, Bool, Timestamp, Date
            or Bytes. Every view of the entity must find them in its source.

    Examples:
        >>> from skewless.types import String
        >>> Entity("route", keys={"origin": String, "dest": String}).keys["dest"]
        String
    """

    name: str
    keys: Mapping[str, ValueType] = field(kw_only=True)
    description: str = field(default="", kw_only=True, compare=False)
    owner: str = field(default="", kw_only=True, compare=False)
    tags: Mapping[str, str] = field(default_factory=dict, kw_only=True, compare=False)

    def __post_init__(self) -> None:
        if self.tags is None:
            object.__setattr__(self, "tags", {})
        problems = list(self._problems())
        if problems:
            raise DefinitionError(f"Entity {self.name!r}", problems)
        object.__setattr__(self, "keys", FrozenMapping(self.keys))
        object.__setattr__(self, "tags", FrozenMapping(self.tags))

    def _problems(self) -> Iterator[str]:
        yield from object_name_problems(self.name)
        yield from text_problems(self.description, self.owner, self.tags)
        if not isinstance(self.keys, Mapping) or not self.keys:
            yield "keys must map at least one column to its type, for example {'carrier': String}"
            return
        yield from column_name_problems("key", self.keys)
        for name, type_ in self.keys.items():
            # Compare classes first: `==` on an expression builds another expression.
            if not isinstance(type_, Scalar) or type_ not in KEY_TYPES:
                allowed = ", ".join(map(str, KEY_TYPES))
                yield f"the key {name!r} is {shown(type_)}; a key is one of {allowed}"

    def __str__(self) -> str:
        if not self.keys:
            return "no entity"
        keys = ", ".join(f"{name!r}: {type_}" for name, type_ in self.keys.items())
        return f"Entity({self.name!r}, keys={{{keys}}})"

    __repr__ = __str__


def _of_nothing() -> Entity:
    found = object.__new__(Entity)
    for label, value in {
        "name": "",
        "keys": FrozenMapping({}),
        "description": "",
        "owner": "",
        "tags": FrozenMapping({}),
    }.items():
        object.__setattr__(found, label, value)
    return found


# What stands for `entity=None`: all rows are of one entity, whose key has no columns.
NO_ENTITY = _of_nothing()
