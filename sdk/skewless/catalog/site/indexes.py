"""What the site's scripts read: the words to search, and the graph to walk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from skewless.catalog.site.texts import exact, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.catalog.document import Catalog, Words
    from skewless.catalog.site.addresses import Addresses

_LENGTH = 120
_LESS = r"\u003c"
_SEARCHED = 1000


def script(name: str, value: object) -> str:
    """Return a script that gives the page a value. It is ASCII, and no text can end it."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return f"window.{name} = {text.replace('<', _LESS)};\n"


def searched(document: Catalog, at: Addresses) -> list[list[str]]:
    """Return what can be found: kind, name, where it belongs, page, words, words not shown."""
    return [[*map(exact, found)] for found in _searched(document, at)]


def _searched(document: Catalog, at: Addresses) -> Iterator[list[str]]:
    for view in document.views:
        said = _said(view.words)
        yield _found("view", view.id, view.entity, at.view(view.id), view.words, said)
        for feature in view.features:
            more = f"{view.entity} {view.source} {view.words.owner} {' '.join(view.words.tags)}"
            page = at.part(feature.id) or ""
            yield ["feature", feature.name, view.id, page, short(feature.meaning, _LENGTH), more]
    for service in document.services:
        said = f"{_said(service.words)} {' '.join(service.models)}"
        yield _found("service", service.id, "", at.service(service.id), service.words, said)
    for model in document.models:
        stands_on = ", ".join(dict.fromkeys(lock.service for lock in model.locks))
        yield ["model", model.name, "", at.model(model.name) or "", stands_on[:_LENGTH], ""]
    for entity in document.entities:
        said = f"{_said(entity.words)} {' '.join(key.name for key in entity.keys)}"
        yield _found("entity", entity.name, "", at.entity(entity.name), entity.words, said)
    for source in document.sources:
        said = _said(source.words)
        yield _found("source", source.name, "", at.source(source.name), source.words, said)
        for column in source.columns:
            page = at.part(f"{source.name}:{column.name}") or ""
            told = f"{column.type} {column.role}".strip()
            yield ["column", column.name, source.name, page, told, ""]


def _found(
    kind: str, name: str, where: str, page: str | None, words: Words, said: str
) -> list[str]:
    return [kind, name, where, page or "", short(words.description, _LENGTH), said[:_SEARCHED]]


def _said(words: Words) -> str:
    tags = " ".join(f"{key} {value}" for key, value in words.tags.items())
    return f"{words.owner} {tags} {words.description[_LENGTH:_SEARCHED]}"


def graph(document: Catalog, at: Addresses) -> dict[str, Any]:
    """Return the lineage: nodes as id, kind, owner, name and page; edges as pairs of numbers."""
    numbers = {node.id: number for number, node in enumerate(document.nodes)}
    return {
        "nodes": [
            [exact(part) for part in (node.id, node.kind, node.owner, node.name)]
            + [at.node(node.kind, node.owner, node.name) or ""]
            for node in document.nodes
        ],
        "edges": [
            [numbers[read], numbers[reader]]
            for read, reader in document.edges
            if read in numbers and reader in numbers
        ],
    }
