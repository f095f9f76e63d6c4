"""Attributes of items in DynamoDB's own notation, and as plain values."""

from __future__ import annotations

from binascii import a2b_base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.online.address import Address

_NUMBER_BYTES = 21  # the largest size of a number
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
            return {"M": wired(value)}


def wired(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write values by name, each as `wire` does."""
    return {name: wire(value) for name, value in values.items()}


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """Read an item's attributes; bytes may be text in base64, as they are in JSON."""
    found = {}
    for name, attribute in item.items():
        ((kind, value),) = attribute.items()
        if kind == "B":
            value = a2b_base64(value) if isinstance(value, str) else bytes(value)
        elif kind == "N":
            value = int(value)
        elif kind == "M":
            value = plain(value)
        found[name] = value
    return found


def address_key(address: Address) -> dict[str, Any]:
    """Write an address as an item's key."""
    return {"pk": {"S": address[0]}, "sk": {"S": address[1]}}


def whole(address: Address, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Write an item: its key and plain attributes."""
    return address_key(address) | wired(fields)


def names(*attributes: str) -> dict[str, str]:
    """Write `#c` for `c` and so on, because DynamoDB reserves many words."""
    return {f"#{name}": name for name in attributes}


def size_of(item: Mapping[str, Any]) -> int:
    """Return about how many bytes DynamoDB counts for an item's plain attributes."""
    size = 0
    for name, value in item.items():
        size += len(name)
        if isinstance(value, bytes):
            size += len(value)
        elif isinstance(value, int):
            size += _NUMBER_BYTES
        else:
            size += len(value.encode()) if isinstance(value, str) else 3 + size_of(value)
    return size
