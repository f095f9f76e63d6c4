"""Definitions: everything that one apply publishes, collected from a module or a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import TypeAlias

from skewless.definitions.entity import Entity
from skewless.definitions.on_demand import OnDemandView, views_read
from skewless.definitions.service import FeatureService, once
from skewless.definitions.source import Source
from skewless.definitions.view import FeatureView, Role, view_behind
from skewless.errors import DefinitionError, shown
from skewless.quick import dataclass

Definition: TypeAlias = Entity | Source | FeatureView | OnDemandView | FeatureService


@dataclass(frozen=True, slots=True)
class Definitions:
    """Definitions in order of dependency, each once, with all that they refer to."""

    entities: tuple[Entity, ...] = ()
    sources: tuple[Source, ...] = ()
    views: tuple[FeatureView, ...] = ()
    on_demand_views: tuple[OnDemandView, ...] = ()
    services: tuple[FeatureService, ...] = ()

    @classmethod
    def collect(cls, given: object) -> Definitions:
        """Collect from a module, from definitions, or from any nesting of lists of them.

        Raises:
            DefinitionError: two different definitions have one name, or an item is no definition.
        """
        if isinstance(given, Definitions):
            return given
        found: dict[Definition, None] = {}
        for item in _flat(given):
            found.update(dict.fromkeys(_closure(item)))
        problems = list(_duplicates(found))
        if not found:
            problems.append("there is nothing to publish: no Entity, Source, view or service")
        if problems:
            raise DefinitionError("definitions", problems)
        return cls(
            tuple(item for item in found if isinstance(item, Entity)),
            tuple(item for item in found if isinstance(item, Source)),
            tuple(item for item in found if isinstance(item, FeatureView)),
            tuple(item for item in found if isinstance(item, OnDemandView)),
            tuple(item for item in found if isinstance(item, FeatureService)),
        )

    def __str__(self) -> str:
        kinds: Mapping[str, tuple[Definition, ...]] = {
            "entities": self.entities,
            "sources": self.sources,
            "views": self.views,
            "on-demand views": self.on_demand_views,
            "services": self.services,
        }
        named = (
            f"{kind}: {', '.join(item.name for item in some)}"
            for kind, some in kinds.items()
            if some
        )
        return f"Definitions({'; '.join(named)})"

    __repr__ = __str__

    def __iter__(self) -> Iterator[Definition]:
        yield from self.entities
        yield from self.sources
        yield from self.views
        yield from self.on_demand_views
        yield from self.services


def _flat(given: object) -> Iterator[Definition]:
    match given:
        case ModuleType():
            kinds = Entity | Source | FeatureView | OnDemandView | FeatureService | Role
            for value in vars(given).values():
                if isinstance(value, kinds):
                    yield from _flat(value)
        case Entity() | Source() | FeatureView() | OnDemandView() | FeatureService():
            yield given
        case Role():
            yield given.view
        case Iterable() if not isinstance(given, str | bytes):
            for item in given:
                yield from _flat(item)
        case _:
            raise DefinitionError(
                "definitions",
                [f"{shown(given)} is no definition, no module of definitions and no list of them"],
            )


def _closure(item: Definition) -> Iterator[Definition]:
    match item:
        case FeatureView():
            if item.entity.keys:
                yield item.entity
            yield item.source
        case OnDemandView():
            for view in views_read(item):
                yield from _closure(view_behind(view))
        case FeatureService():
            for view in once(view for view, _ in item.features):
                yield from _closure(view_behind(view))
        case Entity() | Source():
            pass
    yield item


def _duplicates(found: Iterable[Definition]) -> Iterator[str]:
    seen: dict[tuple[str, str, object], Definition] = {}
    for item in found:
        kind = "view" if isinstance(item, FeatureView | OnDemandView) else type(item).__name__
        version = getattr(item, "version", 1)
        key = (kind, item.name, version)
        if key in seen:
            yield (
                f"two different definitions are called {item.name!r} ({seen[key]} and {item}); "
                "rename one, or give it another version"
            )
        seen[key] = item
