"""The version that a bare name means in serving: the newest one that has been cut.

Publishing a version and filling it are two steps. In between its values are null. If the name moved
at once, every reader would get nulls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.definitions.service import FeatureService
from skewless.definitions.view import FeatureView, Role
from skewless.registry.parts import parts_of
from skewless.registry.selection import named

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.definitions.service import AnyView
    from skewless.registry.published import Published

    IsCut = Callable[[FeatureView], bool]


def current(published: Published, features: object, is_cut: IsCut) -> tuple[object, bool]:
    """Give names without a version the newest version of which every view has been cut.

    If no version of a name has been cut, the name means the newest; likewise if none was since one
    was retired. Definitions and names with a version are returned unchanged.

    Args:
        published: where the names are found.
        features: as for `selection.resolve`.
        is_cut: says whether a view has a committed cut.

    Returns:
        The features, and whether that is final: if not, a later cut can change them.
    """
    match features:
        case str():
            return _current_name(published, features, is_cut)
        case list() | tuple():
            found = [current(published, item, is_cut) for item in features]
            return [item for item, _ in found], all(is_settled for _, is_settled in found)
        case _:
            return features, True


def _current_name(published: Published, text: str, is_cut: IsCut) -> tuple[str, bool]:
    name, version, feature = named(text)
    if name is None or version is not None:
        return text, True
    known = (*published.definitions.services, *published.views)
    versions = [item for item in known if item.name == name]
    if len({type(item) is FeatureService for item in versions}) > 1 or len(versions) == 1:
        return text, True  # one version, or an ambiguous name, which is an error
    newest_first = sorted(versions, key=lambda item: item.version, reverse=True)
    if newest_first and published.retired(newest_first[0]) is not None:
        return text, True  # an error: to serve an older version instead would be another number
    for item in newest_first:
        if published.retired(item) is not None:
            break  # an older version would be another number than the name meant
        if all(is_cut(view) for view in _views(item, published)):
            suffix = "" if feature is None else f":{feature}"
            exact = f"{item.version.major}.{item.version.minor}"
            return f"{name}@{exact}{suffix}", item is newest_first[0]
    return text, False


def _views(item: AnyView | FeatureService, published: Published) -> list[FeatureView]:
    """Return the feature views that are read for a version of a definition."""
    match item:
        case Role():
            return [item.view]
        case FeatureService():
            read = dict.fromkeys(view for view, _ in item.features)
        case _:
            parts = parts_of(published.views, item.name, item.version.major)
            read = dict.fromkeys(part for part in parts if part.version <= item.version)
    return [found for view in read for found in _read_by(view)]


def _read_by(view: AnyView) -> list[FeatureView]:
    match view:
        case FeatureView():
            return [view]
        case Role():
            return [view.view]
        case _:
            return [found for read in view.views for found in _read_by(read)]
