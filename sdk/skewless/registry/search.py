"""Search among what is published: by words, and by filters. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from skewless.definitions.entity import Entity
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.service import FeatureService
from skewless.definitions.source import Source
from skewless.definitions.view import FeatureView, view_behind
from skewless.registry.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.definitions.collection import Definition
    from skewless.registry.marks import Mark
    from skewless.registry.published import Published


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a definition must have; None and no tags for anything.

    Attributes:
        owner: exactly this one.
        tags: each of these; an empty value for any value.
        entity: it is of this entity, or reads views that are.
        source: it is of this source, or reads views that are.
    """

    owner: str | None = None
    tags: Mapping[str, str] | None = None
    entity: str | None = None
    source: str | None = None

    def take(self, item: Definition) -> bool:
        """Say whether a definition has all of it."""
        return (
            self.owner in (None, item.owner)
            and all(
                key in item.tags and value in ("", item.tags[key])
                for key, value in (self.tags or {}).items()
            )
            and (self.entity is None or self.entity in _entities(item))
            and (self.source is None or self.source in _sources(item))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something that was found.

    Attributes:
        kind: entity, source, view, service, feature or column.
        name: as users write it: `view@1`, `view@1:feature`, `source:column`.
        where: the text in which the words were found.
        score: how well it fits; the greatest comes first.
    """

    kind: str
    name: str
    where: str
    score: int


def search(published: Published, words: str, filters: Filters | None = None) -> list[Hit]:
    """Find what has all words in its name, its features or columns, or what is said of it.

    Args:
        published: what to search.
        words: separated by spaces; upper and lower case, and `_` and spaces, are alike.
        filters: what the definition must have.

    Returns:
        Those with the words in their own name first, then by name.
    """
    wanted = _plain(words).split()
    if not wanted:
        return []
    filters = filters or Filters()
    hits = [
        _told(hit, published.marks.get(Identity.of(item)))
        for item in published.definitions
        if filters.take(item)
        for hit in _hits(item, wanted)
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.name))


def _told(hit: Hit, mark: Mark | None) -> Hit:
    """Return a hit that says what is said of its version."""
    return hit if mark is None else replace(hit, where=f"{mark.state.value}. {hit.where}".strip())


def _hits(item: Definition, wanted: list[str]) -> Iterator[Hit]:
    identity = Identity.of(item)
    label = item.name if isinstance(item, Entity | Source) else f"{item.name}@{item.version}"
    said = " ".join([item.description, item.owner, *item.tags, *item.tags.values()])
    if all(word in _plain(item.name) for word in wanted):
        yield Hit(kind=identity.kind, name=label, where=item.description, score=3)
    elif all(word in _plain(f"{item.name} {said}") for word in wanted):
        yield Hit(kind=identity.kind, name=label, where=said, score=1)
    for part, what, told in _parts(item):
        if all(word in _plain(f"{item.name} {part}") for word in wanted):
            is_own = all(word in _plain(part) for word in wanted)
            # The name of the view alone is a hit of the view, not of each of its features.
            if is_own or any(word in _plain(part) for word in wanted):
                yield Hit(kind=what, name=f"{label}:{part}", where=told, score=2 if is_own else 1)


def _parts(item: Definition) -> Iterator[tuple[str, str, str]]:
    match item:
        case Source():
            yield from ((name, "column", str(type_)) for name, type_ in item.columns.items())
        case FeatureView():
            for name, type_ in item.feature_types.items():
                yield name, "feature", str(item.aggregations.get(name) or f"the latest {type_}")
        case OnDemandView():
            yield from ((name, "feature", str(type_)) for name, type_ in item.feature_types.items())
        case _:
            return


def _plain(text: str) -> str:
    return text.lower().replace("_", " ")


def _views(item: Definition) -> Iterator[FeatureView]:
    """Yield the feature views that are read for a definition."""
    match item:
        case FeatureView():
            yield item
        case OnDemandView():
            for view in item.views:
                yield view_behind(view)
        case FeatureService():
            for read in dict.fromkeys(view_behind(view) for view, _ in item.features):
                yield from _views(read)
        case _:
            return


def _entities(item: Definition) -> set[str]:
    return {item.name} if isinstance(item, Entity) else {view.entity.name for view in _views(item)}


def _sources(item: Definition) -> set[str]:
    return {item.name} if isinstance(item, Source) else {view.source.name for view in _views(item)}
