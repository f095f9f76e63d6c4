"""The size of a DynamoDB item, by the rules which AWS documents and dynalite measured.

docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moto.dynamodb.models.dynamo_type import DynamoType, Item

_COLLECTION = 3  # bytes of a list or a map, whatever is in it
_ELEMENT = 1  # and of each element


def item_size(item: Item | None) -> int:
    """Return the bytes that DynamoDB counts for an item; 0 for none."""
    return 0 if item is None else sum(map(_named, item.attrs, item.attrs.values()))


def _named(name: str, value: DynamoType) -> int:
    return len(name.encode()) + _value_size(value.type, value.value)


def _value_size(kind: str, value: Any) -> int:
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return _number_size(value)
        case "B":
            return len(value if isinstance(value, bytes) else base64.b64decode(value))
        case "SS" | "NS" | "BS":
            return sum(_value_size(kind[0], element) for element in value)
        case "L":
            return _COLLECTION + sum(
                _ELEMENT + _value_size(element.type, element.value) for element in value
            )
        case "M":
            return _COLLECTION + sum(
                _ELEMENT + _named(name, element) for name, element in value.items()
            )
        case _:
            return 1


def _number_size(text: str) -> int:
    """Return one byte, one for each two digits (in pairs from the point), and one for a minus."""
    number = Decimal(text)
    if not number:
        return 1
    significant = len("".join(map(str, number.as_tuple().digits)).strip("0"))
    is_split = significant % 2 == 0 and number.adjusted() % 2 == 0
    return 1 + (significant + 1) // 2 + is_split + number.is_signed()
