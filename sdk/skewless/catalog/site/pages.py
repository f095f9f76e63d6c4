"""The pages of a catalog, as HTML."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from skewless.catalog.document import FeatureRow
from skewless.catalog.site import charts, texts
from skewless.catalog.site.addresses import Addresses, anchor
from skewless.catalog.site.indexes import graph, script, searched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from skewless.catalog.document import (
        Catalog,
        MarkRow,
        ServicePage,
        ViewPage,
        Words,
    )

_ROOM = Path(__file__).parent


class Site:
    """Makes the pages of one catalog."""

    def __init__(self, document: Catalog) -> None:
        self.document = texts.printable(document)
        self.at = Addresses(self.document)
        self._scripts = {
            "data/search.js": script("skewlessSearch", searched(self.document, self.at)),
            "data/graph.js": script("skewlessGraph", graph(self.document, self.at)),
        }

    def pages(self) -> Iterator[tuple[str, str]]:
        """Yield each file that is made of the document: its path and its text."""
        yield from self._scripts.items()
        yield from self._things()
        for name in ("views", "features", "services", "models", "sources", "entities"):
            yield f"{name}.html", self._page(f"{name}.html", here=name)
        yield "log.html", self._page("log.html", here="log")
        yield "lineage.html", self._page("lineage.html", here="lineage")
        yield "index.html", self._page("index.html", here="index")

    def _things(self) -> Iterator[tuple[str, str]]:
        document, at = self.document, self.at
        for entity in document.entities:
            yield self._thing("entity", at.entity(entity.name), entity, "entities")
        for source in document.sources:
            yield self._thing("source", at.source(source.name), source, "sources")
        for view in document.views:
            yield self._thing("view", at.view(view.id), view, "views")
        for service in document.services:
            yield self._thing("service", at.service(service.id), service, "services")
        for model in document.models:
            yield self._thing("model", at.model(model.name), model, "models")
        for folder, things in (("views", document.views), ("services", document.services)):
            for name, majors in _majors(things).items():
                path = at.comparison(folder, name)
                page = self._page(
                    "compare.html", root="../", here=folder, it=majors[-1], majors=majors
                )
                yield path, page

    def _thing(self, template: str, path: str | None, it: object, here: str) -> tuple[str, str]:
        return str(path), self._page(f"{template}.html", root="../", here=here, it=it)

    def _page(self, template: str, *, here: str, root: str = "", **more: object) -> str:
        page = self._templates.get_template(template)
        return page.render(root=root, here=here, **more)

    @cached_property
    def _templates(self) -> jinja2.Environment:
        templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_ROOM / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        templates.filters |= {
            "anchor": anchor,
            "became": texts.became,
            "exact": texts.exact,
            "grouped": texts.grouped,
            "instant": texts.instant,
            "number": texts.number,
            "person": texts.person,
            "rounded": texts.rounded,
            "short": texts.short,
            "size": texts.size,
        }
        templates.globals |= {
            "at": self.at,
            "between": texts.between,
            "clamped": texts.clamped,
            "catalog": self.document,
            "edge": texts.seconds,
            "histogram": charts.histogram,
            "is_plain": texts.is_plain,
            "models_on": self._models,
            "people": people(self._words()),
            "share": texts.share,
            "stamp": self._stamp,
            "standing": standing,
            "table": compared,
            "view_of": {view.id: view for view in self.document.views},
        }
        return templates

    def _words(self) -> Iterator[Words]:
        document = self.document
        for things in (document.entities, document.sources, document.views, document.services):
            yield from (thing.words for thing in things)

    @cached_property
    def _models(self) -> dict[str, list[str]]:
        """The models that stand on a feature, or on any feature of a view, by its id."""
        models: dict[str, dict[str, None]] = defaultdict(dict)
        for model in self.document.models:
            for feature in model.features:
                models[feature][model.name] = None
                models[feature.partition(":")[0]][model.name] = None
        return {name: list(found) for name, found in models.items()}

    @cached_property
    def _stamp(self) -> str:
        """A few digits that change with what pages load: no browser keeps an old one."""
        digest = hashlib.sha256("".join(self._scripts.values()).encode())
        for path in sorted((_ROOM / "assets").glob("*.*")):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:8]


def standing(it: ViewPage | ServicePage) -> MarkRow | None:
    """Return the mark of the newest version, which stands for the whole major version."""
    major = it.latest.partition(".")[0]
    return next((mark for mark in it.marks if mark.version in (it.latest, major)), None)


def people(words: Iterable[Words]) -> dict[str, list[str]]:
    """Return the owners and tags of what is published, sorted; tags as `key` or `key=value`."""
    owners, tags = set(), set()
    for said in words:
        owners.add(said.owner)
        tags |= {f"{key}={value}" if value else key for key, value in said.tags.items()}
    return {"owners": sorted(owners - {""}), "tags": sorted(tags)}


def compared(majors: Sequence[ViewPage | ServicePage]) -> list[dict[str, Any]]:
    """Return rows to lay major versions side by side: a name, and a text for each version.

    A text is None where the version has no such thing.
    """
    rows: dict[tuple[str, str], list[str | None]] = defaultdict(lambda: [None] * len(majors))
    for column, major in enumerate(majors):
        for key, text in _told(major):
            rows[key][column] = text
    return [
        {"kind": kind, "name": name, "texts": said, "differs": len(set(said)) > 1}
        for (kind, name), said in sorted(rows.items(), key=lambda row: row[0][0] == "feature")
    ]


def _told(major: ViewPage | ServicePage) -> Iterator[tuple[tuple[str, str], str]]:
    for name in ("entity", "source", "refresh", "where", "ttl"):
        if getattr(major, name, ""):
            yield ("view", name), getattr(major, name)
    for feature in major.features:
        if isinstance(feature, FeatureRow):
            yield ("feature", feature.name), feature.code or feature.meaning
        else:
            yield ("feature", feature.output), feature.feature


def _majors(things: Iterable[Any]) -> dict[str, list[Any]]:
    """Return what has more than one major version, by name, the oldest first."""
    named = defaultdict(list)
    for thing in things:
        named[thing.name].append(thing)
    return {
        name: sorted(majors, key=lambda it: _number(it.id))
        for name, majors in named.items()
        if len(majors) > 1
    }


def _number(name: str) -> tuple[int, str]:
    digits = name.rpartition("@")[2].partition(".")[0]
    return (int(digits) if digits.isdecimal() else 0), name
