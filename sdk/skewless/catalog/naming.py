"""How the catalog names things, and what people say of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from skewless.catalog.document import TypedName, Words
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.service import FeatureService
from skewless.definitions.version import Version
from skewless.definitions.view import FeatureView, view_behind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skewless.definitions.collection import Definition
    from skewless.definitions.service import AnyView
    from skewless.definitions.types import ValueType

Versioned = TypeVar("Versioned", FeatureView, FeatureView | OnDemandView, FeatureService)

PERSONAL = "personal"
_NOT = frozenset({"false", "no", "0"})


def major_id(item: AnyView | FeatureService) -> str:
    """Return the name of a view or service with its major version, as `spending@1`."""
    own = item if isinstance(item, FeatureService) else view_behind(item)
    return f"{own.name}@{own.version.major}"


def major_named(label: str) -> str:
    """Return `spending@1` of `spending@1.2`; a name without a version comes back as it is."""
    name, _, version = label.partition("@")
    return f"{name}@{Version.parse(version).major}" if version else label


def feature_id(view: AnyView, feature: str) -> str:
    """Return the name of a feature, as `spending@1:mean_30d`."""
    return f"{major_id(view)}:{feature}"


def majors(items: Iterable[Versioned]) -> list[list[Versioned]]:
    """Group versions by their majors, in order of names; in each the oldest comes first."""
    found: dict[tuple[str, int], list[Versioned]] = {}
    for item in sorted(items, key=lambda each: (each.name, each.version)):
        found.setdefault((item.name, item.version.major), []).append(item)
    return list(found.values())


def words_of(item: Definition) -> Words:
    """Return what people say of a definition."""
    return Words(description=item.description, owner=item.owner, tags=dict(item.tags))


def typed(fields: Mapping[str, ValueType]) -> tuple[TypedName, ...]:
    """Return names with their types."""
    return tuple(TypedName(name=name, type=str(type_)) for name, type_ in fields.items())


def is_personal(*items: Definition) -> bool:
    """Say whether one of them has the tag `personal`, unless its value is false, no or 0."""
    return any(
        PERSONAL in item.tags and item.tags[PERSONAL].strip().lower() not in _NOT for item in items
    )


def views_below(view: AnyView) -> tuple[FeatureView, ...]:
    """Return the feature views that are read for a view; of a feature view itself."""
    own = view_behind(view)
    if isinstance(own, FeatureView):
        return (own,)
    return tuple(dict.fromkeys(view_behind(read) for read in own.views))
