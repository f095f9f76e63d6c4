"""Every edit of one field of a JSON document, at every depth."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = frozenset({"description", "owner", "tags"})
Path = tuple[Any, ...]


def edits(document: Any) -> Iterator[tuple[str, Path, Any]]:
    """Yield what was done, where, and the document with that one edit."""
    for path, value in _fields(document, ()):
        for replacement in _instead(value):
            yield f"{path} = {replacement!r}", path, _with(document, path, replacement)
        yield f"{path} removed", path, _without(document, path)
        if isinstance(value, dict):
            yield f"{path} gains", path, _with(document, path, {**value, "extra": 1})
        if isinstance(value, list):
            yield f"{path} gains", path, _with(document, path, [*value, "extra"])
            if value:
                yield f"{path} repeats", path, _with(document, path, [*value, value[-1]])
    yield "gains a member", (), {**document, "extra": 1}


def _fields(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    match value:
        case dict():
            children = list(value.items())
        case list():
            children = list(enumerate(value))
        case _:
            return
    for key, child in children:
        yield (*path, key), child
        yield from _fields(child, (*path, key))


def _instead(value: Any) -> list[Any]:
    others: list[Any] = [None, True, 0, 1, 1.5, "", "x", [], {}, [1], {"x": 1}]
    match value:
        case bool():
            others += [not value, str(value)]
        case int() | float():
            others += [value + 1, -value, str(value), float(value) + 0.5]
        case str():
            others += [f"{value}x", value.upper(), value[:-1], [value]]
        case list() | dict():
            others += [[value], str(value)]
    return [other for other in others if type(other) is not type(value) or other != value]


def _with(document: Any, path: Path, value: Any) -> Any:
    edited = copy.deepcopy(document)
    _parent(edited, path)[path[-1]] = value
    return edited


def _without(document: Any, path: Path) -> Any:
    edited = copy.deepcopy(document)
    del _parent(edited, path)[path[-1]]
    return edited


def _parent(document: Any, path: Path) -> Any:
    for key in path[:-1]:
        document = document[key]
    return document
