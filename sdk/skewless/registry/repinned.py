"""What a lock pins, found again among the published definitions, and what is newer. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skewless.definitions.collection import Definitions
from skewless.definitions.names import versioned
from skewless.definitions.service import FeatureService
from skewless.definitions.view import FeatureView, Role, view_behind
from skewless.errors import InputError
from skewless.registry.identity import Identity
from skewless.registry.lock import SELECTION
from skewless.registry.marked import is_lockable
from skewless.registry.parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from skewless.definitions.service import AnyView, View
    from skewless.definitions.version import Version
    from skewless.registry.lock import Lock
    from skewless.registry.marks import Mark
    from skewless.registry.published import Published
    from skewless.registry.selection import Selection

GONE = "gone"  # no longer published


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedVersion:
    """A view or service that a lock pins, beside the versions that there are.

    Attributes:
        lock: the lock's file.
        kind: view or service.
        locked: the version; of a view in parts the last one that is pinned.
        minor: the newest version of the same major that may be locked.
        newest: the newest version of all that may be locked.
        state: what is said of the locked version: deprecated, yanked, or that it is gone; empty if
            nothing is.
        why: the reason and the successor.
    """

    lock: str
    kind: str
    name: str
    locked: Version
    minor: Version
    newest: Version
    state: str
    why: str

    @property
    def is_outdated(self) -> bool:
        """Whether there is a newer version, or something is said of this one."""
        return self.newest > self.locked or bool(self.state)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a document."""
        return {label: getattr(self, label) for label in self.__slots__}


def pins(path: str, lock: Lock, published: Published) -> Iterator[PinnedVersion]:
    """Yield what a lock pins, the service first."""
    found = Definitions.collect(lock.service)
    locked: dict[tuple[str, str, int], list[Identity]] = {}
    items: list[FeatureService | View] = [
        *found.services,
        *found.views,
        *found.on_demand_views,
    ]
    for item in items:
        identity = Identity.of(item)
        key = identity.kind, identity.name, identity.version.major
        if identity.name != SELECTION:
            locked.setdefault(key, []).append(identity)
    known = {Identity.of(item) for item in (*published.definitions.services, *published.views)}
    for (kind, name, major), identities in locked.items():
        last = max(identity.version for identity in identities)
        there = [
            each.version
            for each in known
            if (each.kind, each.name) == (kind, name) and is_lockable(published, each)
        ]
        marks = [published.marks[each] for each in identities if each in published.marks]
        is_gone = not known.issuperset(identities)
        yield PinnedVersion(
            lock=path,
            kind=kind,
            name=name,
            locked=last,
            minor=max([last, *(each for each in there if each.major == major)]),
            newest=max([last, *there]),
            state=GONE if is_gone else marks[0].state.value if marks else "",
            why=_why(marks),
        )


def _why(marks: Sequence[Mark]) -> str:
    if not marks:
        return ""
    instead = f"use {marks[0].successor}" if marks[0].successor else ""
    return "; ".join(filter(None, (marks[0].reason, instead)))


def is_selection(item: object) -> bool:
    """Say whether a lock's service stands for loose features."""
    return isinstance(item, FeatureService) and item.name == SELECTION


def repinned(published: Published, lock: Lock) -> FeatureService | Selection | None:
    """Return what a lock pins, as it is published; None if a part of it is not there."""
    if not is_selection(lock.service):
        identity = Identity.of(lock.service)
        of_name = {Identity.of(item): item for item in published.definitions.services}
        return of_name.get(identity)
    known = {Identity.of(view): view for view in published.views}
    pairs: list[tuple[AnyView, str]] = []
    for view, feature in lock.service.features:
        found = known.get(Identity.of(view_behind(view)))
        if found is None or feature not in found.feature_types:
            return None
        pairs.append((_in_role(found, view), feature))
    return tuple(pairs)


def newest(published: Published, lock: Lock, *, major: bool) -> FeatureService | Selection:
    """Return the newest version of what a lock pins that may be locked.

    Args:
        published: what to search.
        lock: the lock.
        major: take another major version too.

    Raises:
        InputError: it is not published any more, or a newer major lacks a feature that is pinned.
    """
    if is_selection(lock.service):
        return _newest_features(published, lock.service, major=major)
    service = lock.service
    found = [
        item
        for item in published.definitions.services
        if item.name == service.name
        and item.version >= service.version.without_patch
        and (major or item.version.major == service.version.major)
        and is_lockable(published, Identity.of(item))
    ]
    if found:
        return max(found, key=lambda item: item.version)
    here = repinned(published, lock)
    if here is None:
        raise _gone(Identity.of(service), (item.version for item in _of_name(published, service)))
    return here  # it is yanked; `lock` tells why


def _of_name(published: Published, service: FeatureService) -> Iterator[FeatureService]:
    yield from (item for item in published.definitions.services if item.name == service.name)


def _newest_features(published: Published, service: FeatureService, *, major: bool) -> Selection:
    """Return the same features of newer versions; all features where all were pinned."""
    pairs: dict[tuple[AnyView, str], None] = {}
    groups: dict[tuple[str, int], list[tuple[AnyView, str]]] = {}
    for view, feature in service.features:
        groups.setdefault((view.name, view.version.major), []).append((view, feature))
    for mine in groups.values():
        first = mine[0][0]
        behind = view_behind(first)
        parts = _parts(published, behind, is_major=major)
        names = [feature for _, feature in mine]
        if _is_whole(published, mine):
            names = [name for part in parts for name in part.feature_types]
        by_name: dict[str, View] = {name: part for part in parts for name in part.feature_types}
        if missing := [name for name in names if name not in by_name]:
            told = versioned(behind.name, parts[-1].version)
            raise InputError(
                f"{told} has no feature {missing[0]!r}, which the lock pins: lock the features "
                "that the model takes from it with skewless lock"
            )
        pairs.update({(_in_role(by_name[name], first), name): None for name in names})
    return tuple(pairs)


def _parts(published: Published, view: View, *, is_major: bool) -> Sequence[View]:
    majors = {part.version.major for part in published.views if part.name == view.name}
    wanted = sorted(majors, reverse=True) if is_major else [view.version.major]
    for major in (each for each in wanted if each >= view.version.major):
        parts = parts_of(published.views, view.name, major)
        found = [part for part in parts if is_lockable(published, Identity.of(part))]
        if found and found[0] is parts[0]:
            return found
        if major == view.version.major and parts:
            return parts  # they are yanked; `lock` tells why
    there = (part.version for part in published.views if part.name == view.name)
    raise _gone(Identity.of(view), there)


def _is_whole(published: Published, pinned: Sequence[tuple[AnyView, str]]) -> bool:
    """Say whether all features were pinned that the view had at the version of the last."""
    view = view_behind(pinned[0][0])
    last = max(each.version for each, _ in pinned)
    parts = parts_of(published.views, view.name, view.version.major)
    had = [name for part in parts if part.version <= last for name in part.feature_types]
    return had == [feature for _, feature in pinned]


def _in_role(view: View, read: AnyView) -> AnyView:
    if isinstance(read, Role) and isinstance(view, FeatureView):
        return Role(view, read.name, read.columns_of_keys)
    return view


def _gone(identity: Identity, there: Iterable[Version]) -> InputError:
    versions = ", ".join(map(str, sorted(set(there)))) or "none"
    return InputError(
        f"{identity}, which the lock pins, is not published in this store any more (versions that "
        f"are: {versions}); lock another with skewless lock {identity.name} --force"
    )
