"""Changes: what publishing would do, decided before anything is written. Pure.

A published name and version keeps its meaning for good. Only descriptions, owners and tags may
change, and a source may gain columns, which no published view reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from skewless.definitions.names import TOMBSTONE, versioned
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.service import FeatureService
from skewless.definitions.source import Source
from skewless.definitions.version import Version
from skewless.definitions.view import FeatureView
from skewless.registry.alike import Alike
from skewless.registry.change import Action, Change
from skewless.registry.differences import (
    FieldChange,
    added_features,
    differences,
    gained,
    gained_columns,
    lost_or_changed,
    prose_differences,
)
from skewless.registry.identity import Identity, meaning, reads
from skewless.registry.parts import parts_of, take_apart, whole
from skewless.registry.plan import Month, Plan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from skewless.definitions.collection import Definition, Definitions
    from skewless.definitions.service import View
    from skewless.registry.parts import Apart, Refusal

__all__ = ["Action", "Change", "Month", "Plan", "compare"]

Items: TypeAlias = "dict[Identity, Definition]"


class Decided(NamedTuple):
    """What is to be done with one definition.

    Attributes:
        action: what publishing does.
        differences: from what is published under its name.
        compared_with: the version that they are from; None if it is its own.
        way_out: of a refusal; else empty.
        details: what is told of it, where that is not the differences.
    """

    action: Action
    differences: tuple[FieldChange, ...] = ()
    compared_with: Identity | None = None
    way_out: str = ""
    details: tuple[str, ...] | None = None


def compare(
    published: Definitions, wanted: Definitions, *, marked: Collection[Identity] = ()
) -> Plan:
    """Say what publishing `wanted` would do to what is published; nothing is ever removed.

    Args:
        published: what is there.
        wanted: what is to be published.
        marked: versions that are not offered for reuse.
    """
    return plan_of(published, take_apart(published, wanted), marked=marked)


def plan_of(published: Definitions, apart: Apart, *, marked: Collection[Identity] = ()) -> Plan:
    """Say what publishing definitions that are taken apart would do to what is published."""
    before = {Identity.of(item): item for item in published}
    after = {Identity.of(item): item for item in apart.definitions}
    views: tuple[View, ...] = (*published.views, *published.on_demand_views)
    there = Alike(tuple(view for view in views if Identity.of(view) not in marked))
    changes = (_change(item, before, after, apart, there) for item in after.values())
    return Plan(tuple(changes), definitions=apart.definitions, published=published)


def _change(item: Definition, before: Items, after: Items, apart: Apart, there: Alike) -> Change:
    identity = Identity.of(item)
    old = before.get(identity)
    refusal = apart.refusals.get(identity)
    if refusal is not None:
        decided = _refused(refusal, item)
    elif old is None:
        decided = _created(item, before, apart)
    else:
        decided = _decide(old, item, before, after)
    details = decided.details
    if details is None:
        details = (*map(str, decided.differences), *filter(None, [decided.way_out]))
    creates, is_refused = decided.action is Action.CREATE, decided.action is Action.REFUSE
    return Change(
        kind="on_demand_view" if isinstance(item, OnDemandView) else identity.kind,
        name=identity.name,
        version=identity.version,
        action=decided.action,
        details=details,
        warnings=tuple(_warnings(item, before, after, there)) if creates else (),
        meaning=meaning(item),
        published=None if old is None else meaning(old),
        needed=_needed(item, refusal, before, after) if is_refused else None,
        differences=decided.differences,
        compared_with=decided.compared_with,
    )


def _created(item: Definition, before: Items, apart: Apart) -> Decided:
    """Say what a new definition has that the version before it, if there is one, has not."""
    identity = Identity.of(item)
    if identity in apart.added:
        names = apart.added[identity]
        told = tuple(f"feature {name!r} is added" for name in names)
        return Decided(Action.CREATE, _added(item, names), details=told)
    earlier = _earlier(item, before)
    if earlier is None:
        return Decided(Action.CREATE)
    found = differences(earlier, item)
    if type(earlier) is not type(item):
        kinds = type(earlier).__name__, type(item).__name__
        found = (FieldChange("kind", *kinds),)
    return Decided(Action.CREATE, found, Identity.of(earlier), details=())


def _added(item: Definition, names: Iterable[str]) -> tuple[FieldChange, ...]:
    if isinstance(item, FeatureView | OnDemandView | FeatureService):
        return added_features(item, names)
    return ()


def _earlier(item: Definition, before: Items) -> View | FeatureService | None:
    """Return what is published of the last major version before a new one, whole."""
    if not isinstance(item, FeatureView | OnDemandView | FeatureService):
        return None
    identity = Identity.of(item)
    of_name = [
        (known, there)
        for known, there in before.items()
        if (known.kind, known.name) == (identity.kind, identity.name)
        and known.version.major < identity.version.major
    ]
    if not of_name:
        return None
    last, found = max(of_name, key=lambda pair: pair[0].version)
    if isinstance(found, FeatureService):
        return found
    views = [there for _, there in of_name if type(there) is type(found)]
    return whole(parts_of(cast("list[FeatureView]", views), last.name, last.version.major))


def _needed(
    item: Definition, refusal: Refusal | None, before: Items, after: Items
) -> Version | None:
    if refusal is not None:
        return refusal.needed
    identity = Identity.of(item)
    return _next_major(identity, before, after) if identity.kind in ("view", "service") else None


def _decide(old: Definition, item: Definition, before: Items, after: Items) -> Decided:
    found = differences(old, item)
    prose = prose_differences(old, item)
    if not found:
        return Decided(Action.DESCRIBE if prose else Action.UNCHANGED, prose)
    if isinstance(old, Source) and isinstance(item, Source):
        return _extension(old, item, prose)
    way_out = _way_out(item, before, after)
    return Decided(Action.REFUSE, found, way_out=way_out, details=_taken(old, item, found, way_out))


def _taken(
    old: Definition, item: Definition, found: Iterable[FieldChange], way_out: str
) -> tuple[str, ...]:
    """Return what is told of a refusal, and whose the name is if others have it."""
    others = old.owner and old.owner != item.owner
    told = [f"what is published is owned by {old.owner!r}"] if others else []
    return (*map(str, found), *told, way_out)


def _extension(old: Source, item: Source, prose: tuple[FieldChange, ...]) -> Decided:
    columns = gained_columns(old, item)
    lost = list(lost_or_changed(old, item))
    corrected: list[FieldChange] = []
    if old.delay != item.delay and item.table is None:
        # A log holds ingest times. Only what is loaded from now on takes them from the new delay.
        (told,) = (one for one in lost if one.what == "delay")
        lost.remove(told)
        said = (
            f"{told}: rows that are backfilled from now on count as known that long after their "
            "event time; rows in the log stay as they are"
        )
        corrected.append(told._replace(said=said))
    if TOMBSTONE in columns:
        said = f"column {TOMBSTONE!r} is new, and would mark tombstones for views published without"
        lost.append(gained(TOMBSTONE, columns[TOMBSTONE])._replace(said=said))
    if lost:
        way_out = "a published source only gains columns: publish it under another name"
        reasons = _taken(old, item, lost, way_out)
        return Decided(Action.REFUSE, tuple(lost), way_out=way_out, details=reasons)
    come = [gained(name, type_) for name, type_ in columns.items()]
    details = (f"gains column {name!r}: {type_}" for name, type_ in columns.items())
    rest = (*corrected, *prose)
    return Decided(Action.EXTEND, (*come, *rest), details=(*details, *map(str, rest)))


def _way_out(item: Definition, before: Items, after: Items) -> str:
    identity = Identity.of(item)
    if identity.kind == "entity":
        return "the keys of a published entity never change: publish it under another name"
    return _as_version(_next_major(identity, before, after), item)


def _next_major(identity: Identity, before: Items, after: Items) -> Version:
    named = (identity.kind, identity.name)
    versions = [each.version for each in (*before, *after) if (each.kind, each.name) == named]
    return Version(max(versions).major + 1)


def _as_version(needed: Version, item: Definition) -> str:
    own = Identity.of(item).version
    if needed < own:
        return f"write version={needed.written!r}, which is the last one"
    return f"what version {own} means never changes: publish it as version={needed.written!r}"


def _refused(refusal: Refusal, item: Definition) -> Decided:
    way_out = _as_version(refusal.needed, item)
    if refusal.published is not None:
        found = differences(refusal.published, item)
        details = _taken(refusal.published, item, found, way_out)
        before = Identity.of(refusal.published)
        return Decided(Action.REFUSE, found, before, way_out, details)
    return Decided(Action.REFUSE, way_out=way_out, details=(*refusal.reasons, way_out))


def _warnings(item: Definition, before: Items, after: Items, there: Alike) -> Iterator[str]:
    identity = Identity.of(item)
    if isinstance(item, FeatureView | OnDemandView):
        yield from there.told(item)
    yield from _out_of_order(identity, before)
    yield from _still_read(identity, before | after)
    yield from _not_yet_served(item, before)


def _out_of_order(identity: Identity, before: Items) -> Iterator[str]:
    """Warn of a major version that is not the next one; a typing error would stay for good."""
    majors = {
        known.version.major
        for known in before
        if (known.kind, known.name) == (identity.kind, identity.name)
    }
    own, last = identity.version.major, max(majors, default=0)
    if majors and own > last + 1:
        yield f"the last one is version {last}, and this skips to {own}"
    elif majors and own < last and own not in majors:
        yield f"version {last} is published already: the name alone never leads to this one"


def _not_yet_served(item: Definition, before: Items) -> Iterator[str]:
    """Name the views to be cut before readers of a new version get values."""
    identity = Identity.of(item)
    earlier = [
        known.version
        for known in before
        if (known.kind, known.name) == (identity.kind, identity.name)
        and known.version < identity.version
    ]
    read = {identity} if isinstance(item, FeatureView) else set()
    if isinstance(item, OnDemandView | FeatureService):
        views = (view for view in _all_read(item) if isinstance(view, FeatureView))
        read = {Identity.of(view) for view in views} - before.keys()
    if earlier and read:
        named = " ".join(versioned(view.name, view.version) for view in sorted(read))
        yield (
            f"the name {identity.name!r} alone is served as version {max(earlier)} until this one "
            f"is cut, and @{identity.version} is null: skewless materialize {named}"
        )


def _still_read(identity: Identity, items: Items) -> Iterator[str]:
    """Name the services that, in their latest version, read an earlier version of a new view."""
    latest: dict[str, FeatureService] = {}
    for item in items.values():
        if isinstance(item, FeatureService):
            latest[item.name] = max(latest.get(item.name, item), item, key=lambda one: one.version)
    for service in latest.values():
        for read in sorted(map(Identity.of, _all_read(service))):
            if (read.kind, read.name) == (identity.kind, identity.name) and (
                read.version.major < identity.version.major
            ):
                yield f"{Identity.of(service)} still reads version {read.version}"


def _all_read(item: FeatureService | OnDemandView) -> set[FeatureView | OnDemandView]:
    found: set[FeatureView | OnDemandView] = set()
    for view in reads(item):
        found.add(view)
        if not isinstance(view, FeatureView):
            found |= _all_read(view)
    return found
