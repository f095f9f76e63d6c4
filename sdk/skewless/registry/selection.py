"""Selections: what a caller may write for `features=`, found among the published definitions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from skewless.compiler.plan import plan_selection
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.service import FeatureService
from skewless.definitions.version import Version
from skewless.definitions.view import FeatureRef, FeatureView, Role, view_behind
from skewless.errors import InputError, UnknownNameError, shown
from skewless.registry.differences import differences

if TYPE_CHECKING:
    from skewless.compiler.plan import SelectionPlan
    from skewless.definitions.service import AnyView
    from skewless.registry.published import Published

Selection: TypeAlias = "tuple[tuple[AnyView, str], ...]"
Item = TypeVar("Item", FeatureView, FeatureView | OnDemandView, FeatureService)

_TEXT = re.compile(r"(?P<name>\w+)(@(?P<version>[\d.]+))?(:(?P<feature>\w+))?", re.ASCII)


def resolve(published: Published, features: object) -> Selection | FeatureService:
    """Find what `features` names, as it is published.

    Args:
        published: what to search.
        features: a FeatureService, a view, `view["feature"]`; `"service"`, `"view"`,
            `"view:feature"`, each with `@version` after the name if not the latest is meant
            (`"view@2:feature"`); or any nesting of lists of these.

    Raises:
        InputError: a definition that is not published, or differs from what is; no feature at all.
        UnknownNameError: nothing has the name.
    """
    found = _resolve(published, features)
    if not found:
        raise InputError("features is empty; name at least one view, feature or service")
    return found


def planned(published: Published, features: object, *, full_names: bool = False) -> SelectionPlan:
    """Compile what `features` names, of plans that are compiled once for what is published.

    Args:
        published: what to search.
        features: as for `resolve`.
        full_names: name every output `view__feature`.

    Raises:
        InputError: as for `resolve`.
        UnknownNameError: nothing has the name.
    """
    return plan_selection(
        resolve(published, features), full_names=full_names, planned=published.plan
    )


def find_view(published: Published, view: object) -> FeatureView:
    """Find a view that can be materialized: a view, `"view"` or `"view@version"`.

    Raises:
        InputError: it is something else, or differs from what is published.
        UnknownNameError: nothing has the name.
    """
    if isinstance(view, str):
        name, version, feature = named(view)
        if name is None or feature is not None:
            raise UnknownNameError("view", view, {item.name for item in published.views})
        found: object = published.view(name, version)
    else:
        pairs = resolve(published, view)
        found = pairs[0][0] if isinstance(pairs, tuple) else pairs
    if isinstance(found, Role):
        found = found.view
    if not isinstance(found, FeatureView):
        raise InputError(f"{shown(view)} has nothing to materialize; name a FeatureView")
    return found


def named(text: str) -> tuple[str | None, Version | None, str | None]:
    """Return the name, version and feature that a text gives; no name if it is none."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        return None, None, None
    try:
        version = None if match["version"] is None else Version.parse(match["version"])
    except ValueError:
        return None, None, None
    return match["name"], version, match["feature"]


def identity(features: object) -> object:
    """Return a key that identifies a selection without comparing definitions, while these live."""
    match features:
        case str() | None:
            return features
        case FeatureRef():
            return id(features.view), features.feature
        case list() | tuple():
            return tuple(identity(item) for item in features)
        case _:
            return id(features)


def name_of(definition: object) -> str:
    """Return the name of a definition, or the name itself."""
    if isinstance(definition, str):
        return definition
    return str(getattr(definition, "name", definition))


def _resolve(published: Published, features: object) -> Selection | FeatureService:
    match features:
        case FeatureService():
            return _same(features, published.definitions.services)
        case FeatureView() | OnDemandView():
            return _every_feature(_same(features, published.views))
        case Role():
            return _every_feature(_same_role(features, published))
        case FeatureRef(view=Role() as role):
            return ((_same_role(role, published), features.feature),)
        case FeatureRef():
            return ((_same(view_behind(features.view), published.views), features.feature),)
        case str():
            return _by_text(published, features)
        case Iterable():
            parts = [_resolve(published, item) for item in features]
            return tuple(pair for part in parts for pair in _pairs(part))
        case _:
            raise InputError(
                f"{shown(features)} selects no features; give a FeatureService, views, "
                "view['feature'] or texts such as \"view:feature\""
            )


def _same(given: Item, items: Iterable[Item]) -> Item:
    """Return the published definition that the given one is."""
    known = {(item.name, item.version): item for item in items}
    found = known.get((given.name, given.version))
    if found is None:
        raise InputError(f"{given} is not published; run skewless apply")
    if given is found or given == found:
        return found
    different = differences(found, given)
    if different:
        raise InputError(
            f"{given} differs from the published version {given.version}: {'; '.join(different)}. "
            "Publish it under another version with skewless apply, or use what is published"
        )
    return found


def _same_role(given: Role, published: Published) -> Role:
    """Return the role of the published view."""
    view = _same(given.view, published.definitions.views)
    return given if view is given.view else Role(view, given.name, given.columns_of_keys)


def _by_text(published: Published, text: str) -> Selection | FeatureService:
    name, version, feature = named(text)
    if name is None:
        raise InputError(
            f'{text!r} selects no features; write "view:feature", "view", "service", or with a '
            'version "view@2:feature"'
        )
    if feature is not None:
        ref = published.view(name, version)[feature]
        return ((ref.view, ref.feature),)
    is_view = name in {view.name for view in published.views}
    is_service = name in {service.name for service in published.definitions.services}
    if is_view and is_service:
        raise InputError(
            f"{text!r} is a view and a service; give the object, or rename one of them"
        )
    if is_service:
        return published.service(name, version)
    if is_view:
        return _every_feature(published.view(name, version))
    known = (*published.views, *published.definitions.services)
    raise UnknownNameError("view or service", name, {item.name for item in known})


def _every_feature(view: AnyView) -> Selection:
    return tuple((view, feature) for feature in view.feature_types)


def _pairs(part: Selection | FeatureService) -> Selection:
    return part.features if isinstance(part, FeatureService) else part
