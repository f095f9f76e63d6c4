"""The bytes that DynamoDB counts for an item, and the units that reading and writing it take.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_READ_BYTES, _WRITE_BYTES = 4_096, 1_024
_COLLECTION, _ELEMENT = 3, 1


def item_bytes(item: Mapping[str, Any]) -> int:
    """Return the bytes of an item's plain attributes, its key among them.

    `attribute.size_of` is quicker, and counts numbers at their largest.
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def read_units(size: int, *, is_consistent: bool = False) -> float:
    """Return the units that reading an item takes; one that is not there takes as few as any."""
    units = max(-(-size // _READ_BYTES), 1)
    return float(units) if is_consistent else units / 2


def write_units(before: int, after: int) -> int:
    """Return the units that replacing an item takes: the larger one counts."""
    return max(-(-max(before, after) // _WRITE_BYTES), 1)


def _value_bytes(value: Any) -> int:
    match value:
        case str():
            return len(value.encode())
        case bytes():
            return len(value)
        case int():
            return _number_bytes(value)
        case frozenset():
            return sum(map(_value_bytes, value))
        case _:
            return _COLLECTION + sum(
                _ELEMENT + len(name.encode()) + _value_bytes(item) for name, item in value.items()
            )


def _number_bytes(value: int) -> int:
    """Return one byte, one for each two digits (in pairs from the end), and one for a minus."""
    text = str(abs(value))
    digits = text.rstrip("0")
    if not digits:
        return 1
    is_split = len(digits) % 2 == 0 and len(text) % 2 == 1
    return 1 + (len(digits) + 1) // 2 + is_split + (value < 0)
