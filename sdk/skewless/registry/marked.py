"""What is marked of that which a selection or a plan reads. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skewless.definitions.collection import Definitions
from skewless.errors import InputError
from skewless.registry.change import Action
from skewless.registry.identity import Identity
from skewless.registry.marks import State, is_retired
from skewless.registry.plan import MarkedRead

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from skewless.registry.change import Change
    from skewless.registry.marks import Mark
    from skewless.registry.plan import Plan
    from skewless.registry.published import Published


def with_marks(plan: Plan, published: Published) -> Plan:
    """Return the plan with the marked versions that it reads, and a warning at what is new."""
    if not published.marks:
        return plan
    wanted = {Identity.of(item): item for item in plan.definitions}
    changes = []
    readers: dict[Identity, list[Identity]] = {}
    for change in plan.changes:
        # A marked version may read others: whoever reads it is told of all of them.
        own = change.identity
        read = [] if own in published.marks else [*marks_read(published, [wanted[own]])]
        for identity, _ in read:
            readers.setdefault(identity, []).append(own)
        told = [f"it reads {identity}, which {mark}" for identity, mark in read]
        if change.action is not Action.CREATE:
            told = []
        told += [f"it {mark}" for mark in [published.marks.get(own)] if is_retired(mark)]
        changed = replace(change, warnings=(*_as_served(change, published), *told))
        changes.append(_refused(changed, read, published))
    marked = tuple(
        MarkedRead(identity, published.marks[identity], tuple(found))
        for identity, found in readers.items()
    )
    return replace(plan, changes=tuple(changes), marked=marked)


def _as_served(change: Change, published: Published) -> Iterator[str]:
    """Yield a change's warnings; a name alone is not served as a version that is retired."""
    own = change.identity
    known = (*published.views, *published.definitions.services)
    earlier = [
        identity
        for identity in map(Identity.of, known)
        if (identity.kind, identity.name) == (own.kind, own.name) and identity < own
    ]
    last = max(earlier, default=None)
    for text in change.warnings:
        if last is not None and is_retired(published.marks.get(last)):
            served = f"is served as version {last.version} until this one is cut, and"
            null = f"is null until this one is cut, since version {last.version} is retired; also"
            yield text.replace(served, null)
        else:
            yield text


def _refused(change: Change, read: Iterable[tuple[Identity, Mark]], published: Published) -> Change:
    """Refuse what is new and would stand on a retired version, or add to one."""
    if change.action is not Action.CREATE:
        return change
    reasons = [
        f"it reads {identity}, which {mark}: read another version, or none"
        for identity, mark in read
        if is_retired(mark)
    ]
    own = change.identity
    reasons += [
        f"{identity} {mark}, and nothing is added to it: publish version {own.version.major + 1}"
        for identity, mark in published.marks.items()
        if (identity.kind, identity.name, identity.version.major)
        == (own.kind, own.name, own.version.major)
        and own.kind == "view"
        and is_retired(mark)
    ][:1]
    if not reasons:
        return change
    return replace(change, action=Action.REFUSE, details=(*change.details, *reasons))


def marks_read(published: Published, chosen: Iterable[object]) -> Iterator[tuple[Identity, Mark]]:
    """Yield what is marked of these definitions and of all that they read."""
    items = [*chosen]
    if not published.marks or not items:
        return
    for item in Definitions.collect(items):
        identity = Identity.of(item)
        if identity in published.marks:
            yield identity, published.marks[identity]


def marks_taken(
    marks: Mapping[Identity, Mark], here: Published
) -> tuple[dict[Identity, Mark], dict[Identity, Mark]]:
    """Return the marks of another registry that are taken over, and those that are left out.

    Marks that are here stay. What is served here is not retired by a mark alone: its models may
    read on by their locks, while producers and cuts leave it. Of a view the major counts.
    """
    identities = map(Identity.of, here.definitions)
    live = {_retired_with(one) for one in identities if not is_retired(here.marks.get(one))}
    left = {
        identity: mark
        for identity, mark in marks.items()
        if is_retired(mark)
        and _retired_with(identity) in live
        and not is_retired(here.marks.get(identity))
    }
    taken = {
        identity: mark
        for identity, mark in marks.items()
        if identity not in here.marks and identity not in left
    }
    return taken, left


def _retired_with(identity: Identity) -> tuple[str, str, object]:
    """Return what is retired as a whole: of a view a major, of a service a version."""
    version = identity.version
    return identity.kind, identity.name, version.major if identity.kind == "view" else version


def is_lockable(published: Published, identity: Identity) -> bool:
    """Say whether something new may be locked to a version: nothing is said of it but a warning."""
    mark = published.marks.get(identity)
    return mark is None or mark.state is State.DEPRECATED


def check_lockable(marked: Iterable[tuple[Identity, Mark]]) -> None:
    """Refuse to lock to a version that is yanked or retired. It is told here for all that locks.

    Raises:
        InputError: there is one.
    """
    for identity, mark in marked:
        if mark.is_retired:
            raise InputError(f"nothing is locked to {identity}, which {mark}")
        if mark.state is not State.DEPRECATED:
            raise InputError(
                f"nothing new is locked to {identity}, which {mark}. Locks that are there keep "
                "serving"
            )
