"""Selections: what a caller may write for `features=`, found among the published definitions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from skewless.compiler.plan import plan_selection
from skewless.definitions.collection import Definitions
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.service import FeatureService
from skewless.definitions.version import Version
from skewless.definitions.view import FeatureRef, FeatureView, Role, view_behind
from skewless.errors import InputError, UnknownNameError, shown
from skewless.registry.differences import differences
from skewless.registry.identity import Identity
from skewless.registry.parts import parts_of, take_apart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.compiler.plan import SelectionPlan
    from skewless.definitions.collection import Definition
    from skewless.definitions.service import AnyView, View
    from skewless.registry.parts import Apart
    from skewless.registry.published import Published

Selection: TypeAlias = "tuple[tuple[AnyView, str], ...]"

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


def versions_of(published: Published, name: str) -> list[Identity]:
    """Find the versions that `name@version` means: of a major version all that was added to it.

    Args:
        published: what to search.
        name: as `spending@1` or `spending@1.2`; as `view spending@1` or `service spending@1` where
            a view and a service have the name.

    Raises:
        InputError: the name has no version, or two kinds have it.
        UnknownNameError: nothing has the name.
    """
    kind, rest = _kind_of(name)
    own, version, feature = named(rest)
    if own is None or version is None or feature is not None:
        raise InputError(f'{name!r} names no version; write "view@1" or "service@1.2"')
    services = published.definitions.services
    is_service = own in {service.name for service in services}
    if is_service and not kind and own in {view.name for view in published.views}:
        raise InputError(
            f'{name!r} is a view and a service; write "view {rest}" or "service {rest}"'
        )
    if kind == "view" or (not is_service and not kind):
        exact = [published.view(own, version)] if "." in version else published.parts(own, version)
        return [Identity.of(view) for view in exact]
    major = Version.parse(version).major
    found = [item for item in services if item.name == own and item.version.major == major]
    if "." in version or not found:
        found = [published.service(own, version)]
    return [Identity.of(service) for service in found]


def _kind_of(text: str) -> tuple[str, str]:
    """Return the kind that a text begins with, and the rest; no kind if there is none."""
    first, _, rest = text.strip().partition(" ")
    return (first, rest.strip()) if rest and first in ("view", "service") else ("", text.strip())


def find_view(published: Published, view: object) -> FeatureView:
    """Find a view that can be materialized: a view, `"view"` or `"view@version"`.

    Raises:
        InputError: it is something else, or differs from what is published.
        UnknownNameError: nothing has the name.
    """
    if isinstance(view, str):
        name, version = _named_view(published, view)
        return _with_state(published.view(name, version and Version.parse(version)), view)
    return find_parts(published, view)[-1]


def find_parts(published: Published, view: object) -> tuple[FeatureView, ...]:
    """Find the parts of a view that can be materialized; see `registry.parts`.

    Args:
        published: what to search.
        view: a view; `"view"`, its latest major; `"view@1"`; or `"view@1.2"`, what that one has.

    Raises:
        InputError: it is something else, or differs from what is published.
        UnknownNameError: nothing has the name.
    """
    if isinstance(view, str):
        found: Iterable[object] = published.parts(*_named_view(published, view))
    else:
        pairs = resolve(published, view)
        is_whole = isinstance(view, FeatureView | OnDemandView | Role | FeatureRef)
        found = [part for part, _ in pairs] if isinstance(pairs, tuple) and is_whole else [view]
    return tuple(dict.fromkeys(_with_state(part, view) for part in found))


def _named_view(published: Published, text: str) -> tuple[str, str | None]:
    """Return the name and version of a view that a text gives."""
    name, version, feature = named(text)
    if name is None or feature is not None:
        raise UnknownNameError("view", text, {item.name for item in published.views})
    return name, version


def _with_state(found: object, given: object) -> FeatureView:
    if isinstance(found, Role):
        found = found.view
    if not isinstance(found, FeatureView):
        raise InputError(f"{shown(given)} has nothing to materialize; name a FeatureView")
    return found


def named(text: str) -> tuple[str | None, str | None, str | None]:
    """Return the name, version and feature that a text gives; no name if it is none."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        return None, None, None
    version = match["version"]
    if version is not None:
        try:
            Version.parse(version)
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
            return _same_service(features, published)
        case FeatureView() | OnDemandView() | Role():
            return tuple(
                (part, name) for part in _same(features, published) for name in part.feature_types
            )
        case FeatureRef():
            parts = _same(features.view, published)
            name = features.feature
            return ((next(part for part in parts if name in part.feature_types), name),)
        case str():
            return _by_text(published, features)
        case Iterable():
            parts_of_list = [_resolve(published, item) for item in features]
            return tuple(pair for part in parts_of_list for pair in _pairs(part))
        case _:
            raise InputError(
                f"{shown(features)} selects no features; give a FeatureService, views, "
                "view['feature'] or texts such as \"view:feature\""
            )


def _same(given: AnyView, published: Published) -> tuple[AnyView, ...]:
    """Return the published parts that the given view is."""
    view = view_behind(given)
    known = {Identity.of(item): item for item in published.views}
    there = parts_of(published.views, view.name, view.version.major)
    if not there:
        raise InputError(f"{view} is not published; run skewless apply")
    if (exact := known.get(Identity.of(view))) is not None and (view is exact or view == exact):
        found: tuple[FeatureView | OnDemandView, ...] = (exact,)
    else:
        apart = take_apart(published.definitions, Definitions.collect(view))
        _check_not_refused(view, apart)
        found = tuple(_known(part, view, known) for part in apart.parts[id(view)])
    if not isinstance(given, Role):
        return found
    if found == (view,):
        return (given,)
    return tuple(
        Role(part, given.name, given.columns_of_keys)
        for part in found
        if isinstance(part, FeatureView)
    )


def _known(part: View, given: View, known: Mapping[Identity, View]) -> View:
    found = known.get(Identity.of(part))
    if found is None:
        names = ", ".join(map(repr, part.feature_types))
        raise InputError(f"{given} is not published with {names}; run skewless apply")
    _check_same(found, part, given)
    return found


def _same_service(given: FeatureService, published: Published) -> FeatureService:
    known = {Identity.of(item): item for item in published.definitions.services}
    found = known.get(Identity.of(given))
    if found is None:
        raise InputError(f"{given} is not published; run skewless apply")
    if given is found or given == found:
        return found
    apart = take_apart(published.definitions, Definitions.collect(given))
    _check_not_refused(given, apart)
    _check_same(found, apart.services[id(given)], given)
    return found


def _check_not_refused(given: View | FeatureService, apart: Apart) -> None:
    refusal = apart.refusals.get(Identity.of(given))
    if refusal is not None:
        old = refusal.published
        _refuse(given, refusal.reasons if old is None else differences(old, given))


def _check_same(found: Definition, part: Definition, given: View | FeatureService) -> None:
    if found != part and (different := differences(found, part)):
        _refuse(given, different)


def _refuse(given: View | FeatureService, different: Iterable[object]) -> NoReturn:
    raise InputError(
        f"{given} differs from the published version {given.version}: "
        f"{'; '.join(map(str, different))}. "
        "Publish it under another version with skewless apply, or use what is published or tried "
        f"by its name: {given.name!r}"
    )


def _by_text(published: Published, text: str) -> Selection | FeatureService:
    name, version, feature = named(text)
    if name is None:
        raise InputError(
            f'{text!r} selects no features; write "view:feature", "view", "service", or with a '
            'version "view@2:feature"'
        )
    if feature is not None:
        parts = published.parts(name, version)
        for part in parts:
            if feature in part.feature_types:
                return ((part, feature),)
        known_features = [known for part in parts for known in part.feature_types]
        raise UnknownNameError("feature", feature, known_features, owner=f"view {name!r}")
    is_view = name in {view.name for view in published.views}
    is_service = name in {service.name for service in published.definitions.services}
    if is_view and is_service:
        raise InputError(
            f"{text!r} is a view and a service; give the object, or rename one of them"
        )
    if is_service:
        return published.service(name, version)
    if is_view:
        parts = published.parts(name, version)
        return tuple((part, each) for part in parts for each in part.feature_types)
    known = (*published.views, *published.definitions.services)
    raise UnknownNameError("view or service", name, {item.name for item in known})


def _pairs(part: Selection | FeatureService) -> Selection:
    return part.features if isinstance(part, FeatureService) else part
