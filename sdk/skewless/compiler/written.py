"""Check, member by member, that a document is exactly what `encode` writes for a definition."""

from __future__ import annotations

from typing import Any

_PROSE = frozenset({"description", "owner", "tags"})  # description, owner and tags may be absent


def check_same(meant: dict[str, Any], found: dict[str, Any]) -> None:
    """Refuse a document that could be decoded but that `encode` would not write.

    Raises:
        ValueError: a member is unknown, or is not what `encode` writes.
    """
    if unknown := sorted(map(str, found.keys() - meant.keys())):
        raise ValueError(f"nothing has a member {unknown[0]!r}")
    for name, value in meant.items():
        if name not in found and name not in _PROSE:
            raise KeyError(name)
        if name in found and not _is_same(value, found[name]):
            raise ValueError(f"its {name} is none that is written so")


def _is_same(meant: Any, found: Any) -> bool:
    match meant:
        case dict():
            return (
                isinstance(found, dict)
                and meant.keys() == found.keys()
                and all(_is_same(value, found[key]) for key, value in meant.items())
            )
        case list():
            return (
                isinstance(found, list)
                and len(meant) == len(found)
                and all(map(_is_same, meant, found))
            )
        case int() | float():
            # JSON has one kind of number: 1.0 may come back as 1. But true is not 1.
            is_number = isinstance(found, int | float)
            return (
                is_number
                and isinstance(meant, bool) == isinstance(found, bool)
                and bool(meant == found)
            )
        case _:
            return type(meant) is type(found) and bool(meant == found)
