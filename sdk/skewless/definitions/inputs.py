"""The inputs that features need from a row: keys of entities and request fields.

A training frame and a request hold each name once, so all definitions must agree on its type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skewless.definitions.types import ValueType


@dataclass(frozen=True, slots=True)
class Input:
    """One name, and the definition that needs it.

    Attributes:
        asked_by: for a message, for example "a key of entity 'user'".
    """

    name: str
    type: ValueType
    asked_by: str


def input_problems(inputs: Iterable[Input]) -> Iterator[str]:
    """Check that each name stands for one column of one type."""
    first: dict[str, Input] = {}
    for item in dict.fromkeys(inputs):
        other = first.setdefault(item.name.lower(), item)
        if other.name != item.name:
            yield (
                f"{other.name!r} ({other.asked_by}) and {item.name!r} ({item.asked_by}) differ "
                "only by case, so they would be one column"
            )
        elif other.type != item.type:
            yield (
                f"{item.name!r} is {other.type} as {other.asked_by}, but {item.type} as "
                f"{item.asked_by}; a row gives it once, in one type"
            )
