"""Carried: published definitions on their way into another registry, as they are. Pure.

A copy of a registry and a promotion bring documents, not a user's file. So nothing is evaluated or
taken apart: parts of views come as parts, with the fingerprints that they have.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skewless.compiler.document import UNREADABLE, Decoder, encode
from skewless.definitions.collection import Definitions
from skewless.definitions.names import versioned
from skewless.definitions.source import Source
from skewless.definitions.version import Version
from skewless.errors import InputError, UnknownNameError
from skewless.registry.apply_log import last_of
from skewless.registry.changes import Action, plan_of
from skewless.registry.identity import Identity, meaning
from skewless.registry.parts import Apart, Refusal, parts_of
from skewless.registry.published import Published
from skewless.registry.selection import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from skewless.compiler.document import Document
    from skewless.compiler.fingerprint import Known
    from skewless.definitions.collection import Definition
    from skewless.registry.apply_log import LogEntry
    from skewless.registry.changes import Change, Plan


def chosen(published: Published, names: Iterable[str]) -> Definitions:
    """Find what is to be carried, with all that it stands on.

    Args:
        published: what to search.
        names: views and services: `view`, its latest major; `view@1`, that major with all that was
            added; `view@1.2`, what that one has; `service`, `service@1` and `service@1.2` likewise.

    Raises:
        UnknownNameError: nothing has a name.
        InputError: a view and a service have it.
        DefinitionError: no name is given.
    """
    found: dict[Definition, None] = {}
    for name in names:
        found.update(dict.fromkeys(_named(published, name)))
    count = -1
    while count != len(found):
        # A part has a meaning only with those before it.
        count = len(found)
        for item in Definitions.collect([*found]):
            found[item] = None
            found.update(dict.fromkeys(_before(published, item)))
    return Published.of(item for item in published.definitions if item in found).definitions


def compare_carried(
    published: Definitions, carried: Definitions, log: Iterable[LogEntry] = ()
) -> Plan:
    """Say what publishing carried definitions would do to what is published.

    The rules are those of `compare`. Beside them, a part may only be added behind those that are
    there, and a source keeps the columns that only the other registry knows of.

    Args:
        published: what the other registry has.
        carried: what comes, in order of dependency.
        log: the other registry's, the newest entry first; it tells whose version is in the way.
    """
    moved, differing = _onto(published, carried)
    theirs, ours = _by_major(published), _by_major(carried)
    refusals: dict[Identity, Refusal] = {}
    for identity in map(Identity.of, moved):
        major = _major_of(identity)
        found = _refusal(identity, theirs.get(major, []), ours[major], differing)
        if found is not None:
            refusals[identity] = found
    added = {
        Identity.of(view): tuple(view.feature_types)
        for view in Published(moved).views
        if view.version.minor
    }
    plan = plan_of(published, Apart(moved, {}, {}, added, refusals))
    entries = [*log]
    changes = (with_publisher(change, entries) for change in plan.changes)
    return replace(plan, changes=tuple(changes))


def rebuilt(documents: Iterable[Document]) -> Iterator[Definition]:
    """Rebuild definitions from documents in order of dependency.

    Raises:
        the errors of `UNREADABLE`: a document is none, or refers to what does not come before it.
    """
    decoder = Decoder()
    yield from map(decoder.decode, documents)


def _named(published: Published, text: str) -> Iterator[Definition]:
    name, version, _ = named(text)
    services = {item.name for item in published.definitions.services}
    views = {item.name for item in published.views}
    if name in services and name in views:
        raise InputError(f"{text!r} is a view and a service; rename one of them")
    if name is not None and name in services:
        yield published.service(name, version)
    elif name is not None and name in views:
        yield from published.parts(name, version)
    else:
        raise UnknownNameError("view or service", text, services | views)


def _before(published: Published, item: Definition) -> Iterator[Definition]:
    identity = Identity.of(item)
    if identity.kind == "view":
        parts = parts_of(published.views, identity.name, identity.version.major)
        yield from (part for part in parts if part.version < identity.version)


def _onto(published: Definitions, carried: Definitions) -> tuple[Definitions, frozenset[Identity]]:
    """Return the definitions over the sources of the other registry, and which differ by that."""
    sources = {source.name: source for source in published.sources}
    documents = [encode(item) for item in carried]
    for item, document in zip(carried, documents, strict=True):
        if isinstance(item, Source) and item.name in sources:
            document["schema"] = _columns(encode(sources[item.name])["schema"], document["schema"])
    try:
        moved = [*rebuilt(documents)]
    except UNREADABLE:
        return carried, frozenset()  # two sources that cannot be one: the comparison says why
    known: Known = {}
    pairs = zip(moved, carried, strict=True)
    differing = [
        Identity.of(old)
        for new, old in pairs
        if not isinstance(old, Source) and meaning(new, known) != meaning(old, known)
    ]
    return Published.of(moved).definitions, frozenset(differing)


def _columns(theirs: list[list[str]], ours: list[list[str]]) -> list[list[str]]:
    """Return both schemas as one, in the order of that which has all."""
    if all(pair in ours for pair in theirs):
        return ours
    types = dict(theirs)
    if any(types.get(name, type_) != type_ for name, type_ in ours):
        return ours  # what changed its type is refused
    return [*theirs, *(pair for pair in ours if pair not in theirs)]


def _refusal(
    identity: Identity,
    there: Sequence[Identity],
    ours: Sequence[Identity],
    differing: frozenset[Identity],
) -> Refusal | None:
    """Say why a definition cannot be put beside the others of its major.

    Args:
        identity: the definition's.
        there: what is published of its major.
        ours: what is carried of it.
        differing: what would mean something else over the other registry's sources.
    """
    if identity in differing:
        reason = "its source has other columns there, or these in another order"
        return Refusal(Version(identity.version.major + 1), (reason,))
    if not there or identity in there:
        return None
    last = max(there).version
    if identity.kind == "view" and last > identity.version:
        label = versioned(identity.name, last)
        reason = f"{label} is published there, and would come to mean more"
        return Refusal(Version(last.major, last.minor + 1), (reason,))
    for each in there:
        if each < identity and each not in ours:
            label = versioned(identity.name, each.version)
            reason = f"{label} is published there, and not where this comes from"
            return Refusal(Version(last.major + 1), (reason,))
    return None


def _by_major(definitions: Definitions) -> dict[tuple[str, str, int], list[Identity]]:
    found: dict[tuple[str, str, int], list[Identity]] = {}
    for identity in map(Identity.of, definitions):
        found.setdefault(_major_of(identity), []).append(identity)
    return found


def _major_of(identity: Identity) -> tuple[str, str, int]:
    return identity.kind, identity.name, identity.version.major


def with_publisher(change: Change, log: Iterable[LogEntry]) -> Change:
    """Add who published what a refused definition differs from."""
    if change.action is not Action.REFUSE or change.published is None:
        return change
    entry = last_of(log, [change.identity.key])
    if entry is None:
        return change
    told = f"{entry.by} published what is there, at {entry.at.isoformat(timespec='seconds')}"
    return replace(change, details=(*change.details[:-1], told, *change.details[-1:]))
