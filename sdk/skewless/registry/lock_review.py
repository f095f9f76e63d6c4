"""A lock beside what `lock` would write now: what differs, by name. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skewless.definitions.collection import Definitions
from skewless.definitions.names import versioned
from skewless.definitions.view import view_behind
from skewless.registry.differences import differences, prose_differences
from skewless.registry.identity import Identity
from skewless.registry.lock import SELECTION, content_of, digest_of, service_of
from skewless.registry.lock_shape import parsed
from skewless.registry.marked import marks_read
from skewless.registry.marks import State
from skewless.registry.pinned import pinned_as
from skewless.registry.repinned import GONE, is_selection, pins, repinned
from skewless.registry.selection import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.definitions.collection import Definition
    from skewless.definitions.service import FeatureService
    from skewless.registry.lock import Lock, LockedResources
    from skewless.registry.marks import Mark
    from skewless.registry.published import Published
    from skewless.registry.selection import Selection

_OF_RESOURCES = ("online_table", "online_table_arn", "region", "store")


@dataclass(frozen=True, slots=True)
class LockDifference:
    """One thing that differs.

    Attributes:
        what: a definition, or a member of the lock.
        details: how, one sentence each.
    """

    what: str
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"    {detail}" for detail in self.details)])


@dataclass(frozen=True, slots=True, kw_only=True)
class LockCheck:
    """What a check of a lock found.

    Attributes:
        lock: the file.
        pinned: what it pins, in words.
        differences: what `lock` would write otherwise.
        words: descriptions, owners and tags that are others now; a lock may have old ones.
        marks: what is said of versions that it pins.
    """

    lock: str
    pinned: str
    differences: tuple[LockDifference, ...]
    words: tuple[LockDifference, ...]
    marks: tuple[tuple[Identity, Mark], ...]

    @property
    def refused(self) -> tuple[str, ...]:
        """What `lock` would refuse to pin now."""
        return tuple(f"{identity} {mark}" for identity, mark in self.marks if not _is_warning(mark))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is deprecated of that which is pinned."""
        return tuple(f"{identity} {mark}" for identity, mark in self.marks if _is_warning(mark))

    @property
    def is_current(self) -> bool:
        """Whether the lock is what `lock` would write now; words do not count."""
        return not self.differences and not self.refused

    def to_dict(self) -> dict[str, Any]:
        """Return it as a document."""
        return {
            "lock": self.lock,
            "pinned": self.pinned,
            "is_current": self.is_current,
            "differences": [_document(each) for each in self.differences],
            "words": [_document(each) for each in self.words],
            "refused": list(self.refused),
            "warnings": list(self.warnings),
        }

    def __str__(self) -> str:
        return "\n".join([*map(str, self.differences), *self.refused])


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """What an upgrade changed.

    Attributes:
        lock: the file.
        before: what it pinned, as `model@1`.
        after: what it pins now.
        changes: what differs, by name.
        uncut: views that it pins now and that were never cut: their features are null until then.
    """

    lock: str
    before: str
    after: str
    changes: tuple[LockDifference, ...]
    uncut: tuple[str, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether the file was written anew."""
        return bool(self.changes)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a document."""
        return {
            "lock": self.lock,
            "before": self.before,
            "after": self.after,
            "is_changed": self.is_changed,
            "changes": [_document(each) for each in self.changes],
            "uncut": list(self.uncut),
        }


def named(service: FeatureService | Selection) -> str:
    """Return what is pinned, as users write it."""
    found = service_of(service)
    if found.name != SELECTION:
        return versioned(found.name, found.version)
    views = dict.fromkeys((view.name, view.version) for view, _ in found.features)
    return ", ".join(versioned(*view) for view in views)


def check(
    path: str, lock: Lock, features: object, published: Published, own: LockedResources, region: str
) -> LockCheck:
    """Compare a lock with what `lock` would write now.

    Args:
        path: the lock's file.
        lock: what it holds.
        features: what it is to pin; the versions that it pins if None.
        published: what is published.
        own: the resources of the store.
        region: of the store.
    """
    now = repinned(published, lock) if features is None else resolve(published, features)
    if now is None:
        found = tuple(_gone(path, lock, published))
    else:
        found = lock_differences(path, lock, now, own, region)
    chosen = lock.service if now is None else service_of(now)
    views = [view_behind(view) for view, _ in chosen.features]
    read = views if is_selection(chosen) else [chosen]
    return LockCheck(
        lock=path,
        pinned=f"{pinned_as(chosen if now is None else now)} of store {own.store!r}",
        differences=found,
        words=tuple(_words(lock.service, chosen)),
        marks=tuple(marks_read(published, read)),
    )


def _gone(path: str, lock: Lock, published: Published) -> Iterator[LockDifference]:
    told = ("it is not published in this store any more",)
    for pin in pins(path, lock, published):
        if pin.state == GONE:
            yield LockDifference(f"{pin.kind} {pin.name!r} version {pin.locked}", told)


def lock_differences(
    path: str,
    lock: Lock,
    now: FeatureService | Selection,
    own: LockedResources,
    region: str,
) -> tuple[LockDifference, ...]:
    """Say how a lock differs from the one that would be written now; see `check`."""
    content = parsed(path)
    wanted = content_of(now, own, region)
    mine = {label: content[label] for label in wanted if label in content}
    if "digest" in content and digest_of(mine) == digest_of(wanted):
        return ()
    found = [*changes(lock.service, service_of(now))]
    for label in _OF_RESOURCES:
        if content.get(label) != wanted.get(label):
            told = f"{content.get(label)!r} becomes {wanted.get(label)!r}"
            found.append(LockDifference(f"its {label}", (told,)))
    if "digest" not in content:
        found.append(LockDifference("it has no digest, as locks of older releases"))
    return tuple(found) or (LockDifference("it is written otherwise, and means the same"),)


def changes(before: FeatureService, after: FeatureService) -> Iterator[LockDifference]:
    """Say what differs between what is pinned and what would be, definition by definition."""
    old, new = _items(before), _items(after)
    for identity, item in new.items():
        if identity in old:
            if details := differences(old[identity], item):
                yield LockDifference(_shown(identity), (*map(str, details),))
            continue
        earlier = _earlier(identity, old)
        if earlier is None or earlier in new:
            yield LockDifference(f"{identity} is read as well", _features(item))
        else:
            told = f"{_shown(earlier)} becomes version {identity.version}"
            yield LockDifference(told, (*map(str, differences(old[earlier], item)),))
    followed = {_earlier(identity, old) for identity in new if identity not in old}
    for identity in old:
        if identity not in new and identity not in followed:
            yield LockDifference(f"{identity} is read no more")


def _words(before: FeatureService, after: FeatureService) -> Iterator[LockDifference]:
    """Say which words for people differ."""
    old, new = _items(before), _items(after)
    for identity, item in new.items():
        if identity in old and (details := prose_differences(old[identity], item)):
            yield LockDifference(_shown(identity), (*map(str, details),))


def _items(service: FeatureService) -> dict[Identity, Definition]:
    return {Identity.of(item): item for item in Definitions.collect(service)}


def _earlier(identity: Identity, old: dict[Identity, Definition]) -> Identity | None:
    """Return what was pinned under the same name: the last version before, or else the first."""
    same = [each for each in old if (each.kind, each.name) == (identity.kind, identity.name)]
    before = [each for each in same if each.version <= identity.version]
    return max(before, default=min(same, default=None))


def _features(item: Definition) -> tuple[str, ...]:
    names = getattr(item, "feature_types", {})
    return tuple(f"feature {name!r}: {type_}" for name, type_ in names.items())


def _shown(identity: Identity) -> str:
    return "the features" if identity.name == SELECTION else str(identity)


def _is_warning(mark: Mark) -> bool:
    return mark.state is State.DEPRECATED


def _document(difference: LockDifference) -> dict[str, Any]:
    return {"what": difference.what, "details": list(difference.details)}
