"""Attributes of items in DynamoDB's own notation, and as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.online.address import Address

NEVER = -(2**63)  # an instant before all others


def wire(value: Any) -> dict[str, Any]:
    """Write a str, int, bytes, set of texts, or mapping of these, as an attribute."""
    match value:
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case frozenset():
            return {"SS": sorted(value)}
        case _:
            return {"M": {name: wire(item) for name, item in value.items()}}


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """Read an item's attributes."""
    return {name: _plain(attribute) for name, attribute in item.items()}


def address_key(address: Address) -> dict[str, Any]:
    """Write an address as an item's key."""
    return {"pk": {"S": address[0]}, "sk": {"S": address[1]}}


def names(*attributes: str) -> dict[str, str]:
    """Write `#c` for `c` and so on, because DynamoDB reserves many words."""
    return {f"#{name}": name for name in attributes}


def size_of(item: Mapping[str, Any]) -> int:
    """Return about how many bytes DynamoDB counts for an item's plain attributes."""
    return sum(len(name) + _size(value) for name, value in item.items())


def _plain(attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            return int(value)
        case "B":
            return bytes(value)
        case "M":
            return plain(value)
        case _:
            return value


def _size(value: Any) -> int:
    match value:
        case str():
            return len(value.encode())
        case bytes():
            return len(value)
        case int():
            return 21  # the largest size of a number
        case _:
            return 3 + size_of(value)
