"""Changes: what publishing would do, decided before anything is written. Pure.

A published name and version keeps its meaning for good. Only descriptions, owners and tags may
change, and a source may gain columns, which no published view reads.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from skewless.definitions.collection import Definitions
from skewless.definitions.names import TOMBSTONE, versioned
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.service import FeatureService
from skewless.definitions.source import Source
from skewless.definitions.version import Version
from skewless.definitions.view import FeatureView
from skewless.registry.alike import Alike
from skewless.registry.differences import (
    differences,
    gained_columns,
    lost_or_changed,
    prose_differences,
)
from skewless.registry.identity import Identity, meaning, reads
from skewless.registry.parts import take_apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.definitions.collection import Definition
    from skewless.registry.parts import Apart, Refusal

Items: TypeAlias = "dict[Identity, Definition]"


class Action(StrEnum):
    """The effects of publishing on one definition; programs read the value."""

    CREATE = "create"
    UNCHANGED = "unchanged"
    DESCRIBE = "describe"  # description, owner or tags change
    EXTEND = "extend"  # a source gains columns, or its delay is corrected
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One definition of a plan.

    Attributes:
        kind: entity, source, view, on_demand_view or service.
        details: what changes, one sentence each; of a refusal, the last is the way out.
        warnings: what to know before applying; none of it refuses.
        meaning: hexadecimal digits over all but the prose.
        published: the meaning that is published now; None if nothing is.
        needed: of a refusal, the version under which it would be published; None if under none.
        estimate: what filling a view would cost. The caller adds it by `Plan.with_estimates`.
    """

    kind: str
    name: str
    version: Version
    action: Action
    details: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    meaning: str
    published: str | None = None
    needed: Version | None = None
    estimate: Mapping[str, object] | None = field(default=None, compare=False)

    @property
    def identity(self) -> Identity:
        """Its name and version."""
        return Identity(self.kind.removeprefix("on_demand_"), self.name, self.version)

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {
            "kind": self.kind,
            "name": self.name,
            "version": self.version.written,
            "action": self.action.value,
            "details": list(self.details),
            "warnings": list(self.warnings),
            "fingerprint": self.meaning,
            "needed_version": None if self.needed is None else self.needed.full,
            "estimate": None if self.estimate is None else dict(self.estimate),
        }

    def __str__(self) -> str:
        lines = [f"{self.action.value:<9} {self.identity}"]
        lines += [f"{'':10}{text}" for text in self.details]
        lines += [f"{'':10}warning: {text}" for text in self.warnings]
        lines += [f"{'':10}{label}: {value}" for label, value in (self.estimate or {}).items()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Change({self.action.value} {self.identity})"


@dataclass(frozen=True, slots=True)
class Month:
    """What a month of the store costs, for one and the same traffic.

    Attributes:
        before: the bill of what is published, as data: see `skewless.cost.Bill.to_dict`.
        after: the bill once the plan is applied.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {"before": dict(self.before), "after": dict(self.after)}

    def __str__(self) -> str:
        before, after = (bill["dollars_a_month"] for bill in (self.before, self.after))
        return f"a month costs {after:,.2f} dollars after this, {before:,.2f} before"


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that publishing would make, in order of dependency.

    Attributes:
        changes: one for each definition.
        month: what the store costs before and after; None where nobody said what traffic it has.
        definitions: what is to be published: views as parts, see `registry.parts`.
        published: what it was compared with.
    """

    changes: tuple[Change, ...]
    month: Month | None = field(default=None, compare=False)
    definitions: Definitions = field(default_factory=Definitions, compare=False)
    published: Definitions = field(default_factory=Definitions, compare=False)

    @property
    def is_refused(self) -> bool:
        """Whether any change is; then nothing is published."""
        return bool(self.refusals)

    @property
    def has_changes(self) -> bool:
        """Whether anything would be written, or is refused."""
        return any(change.action is not Action.UNCHANGED for change in self.changes)

    @property
    def refusals(self) -> tuple[Change, ...]:
        """The changes that are refused."""
        return tuple(change for change in self.changes if change.action is Action.REFUSE)

    def with_estimates(self, estimates: Mapping[tuple[str, Version], Mapping[str, object]]) -> Plan:
        """Return the plan with estimates for its views, given by name and version."""
        return replace(
            self,
            changes=tuple(
                replace(change, estimate=estimates.get((change.name, change.version)))
                if change.identity.kind == "view"
                else change
                for change in self.changes
            ),
        )

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {
            "is_refused": self.is_refused,
            "has_changes": self.has_changes,
            "changes": [change.to_dict() for change in self.changes],
            "month": None if self.month is None else self.month.to_dict(),
        }

    def __str__(self) -> str:
        shown = [change for change in self.changes if change.action is not Action.UNCHANGED]
        month = [] if self.month is None else [str(self.month)]
        return "\n".join([*map(str, shown), *month, f"plan: {self._summary()}"])

    def __repr__(self) -> str:
        return f"Plan({self._summary()})"

    def _summary(self) -> str:
        counts = Counter(change.action for change in self.changes)
        summary = ", ".join(f"{counts[item]} {item.value}" for item in Action if counts[item])
        return summary or "nothing to publish"


def compare(published: Definitions, wanted: Definitions) -> Plan:
    """Say what publishing `wanted` would do to what is published; nothing is ever removed."""
    return plan_of(published, take_apart(published, wanted))


def plan_of(published: Definitions, apart: Apart) -> Plan:
    """Say what publishing definitions that are taken apart would do to what is published."""
    before = {Identity.of(item): item for item in published}
    after = {Identity.of(item): item for item in apart.definitions}
    there = Alike((*published.views, *published.on_demand_views))
    changes = (_change(item, before, after, apart, there) for item in after.values())
    return Plan(tuple(changes), definitions=apart.definitions, published=published)


def _change(item: Definition, before: Items, after: Items, apart: Apart, there: Alike) -> Change:
    identity = Identity.of(item)
    old = before.get(identity)
    refusal = apart.refusals.get(identity)
    if refusal is None:
        action, details = _decide(old, item, before, after)
    else:
        action, details = Action.REFUSE, _refused(refusal, item)
    if action is Action.CREATE and identity in apart.added:
        details = tuple(f"feature {name!r} is added" for name in apart.added[identity])
    creates = action is Action.CREATE
    return Change(
        kind="on_demand_view" if isinstance(item, OnDemandView) else identity.kind,
        name=identity.name,
        version=identity.version,
        action=action,
        details=details,
        warnings=tuple(_warnings(item, before, after, there)) if creates else (),
        meaning=meaning(item),
        published=None if old is None else meaning(old),
        needed=_needed(item, refusal, before, after) if action is Action.REFUSE else None,
    )


def _needed(
    item: Definition, refusal: Refusal | None, before: Items, after: Items
) -> Version | None:
    if refusal is not None:
        return refusal.needed
    identity = Identity.of(item)
    return _next_major(identity, before, after) if identity.kind in ("view", "service") else None


def _decide(
    old: Definition | None, item: Definition, before: Items, after: Items
) -> tuple[Action, tuple[str, ...]]:
    if old is None:
        return Action.CREATE, ()
    found = differences(old, item)
    prose = prose_differences(old, item)
    if not found:
        return (Action.DESCRIBE, prose) if prose else (Action.UNCHANGED, ())
    if isinstance(old, Source) and isinstance(item, Source):
        return _extension(old, item, prose)
    return Action.REFUSE, (*found, _way_out(item, before, after))


def _extension(old: Source, item: Source, prose: tuple[str, ...]) -> tuple[Action, tuple[str, ...]]:
    gained = gained_columns(old, item)
    lost = list(lost_or_changed(old, item))
    corrected: list[str] = []
    if old.delay != item.delay and item.table is None:
        # A log holds ingest times. Only what is loaded from now on takes them from the new delay.
        (told,) = (text for text in lost if text.startswith("delay: "))
        lost.remove(told)
        corrected.append(
            f"{told}: rows that are backfilled from now on count as known that long after their "
            "event time; rows in the log stay as they are"
        )
    if TOMBSTONE in gained:
        lost.append(
            f"column {TOMBSTONE!r} is new, and would mark tombstones for views published without"
        )
    if lost:
        way_out = "a published source only gains columns: publish it under another name"
        return Action.REFUSE, (*lost, way_out)
    added = (f"gains column {name!r}: {type_}" for name, type_ in gained.items())
    return Action.EXTEND, (*added, *corrected, *prose)


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


def _refused(refusal: Refusal, item: Definition) -> tuple[str, ...]:
    reasons = refusal.reasons
    if refusal.published is not None:
        reasons = differences(refusal.published, item)
    return (*reasons, _as_version(refusal.needed, item))


def _warnings(item: Definition, before: Items, after: Items, there: Alike) -> Iterator[str]:
    identity = Identity.of(item)
    if isinstance(item, FeatureView | OnDemandView):
        yield from there.told(item)
    yield from _still_read(identity, before | after)
    yield from _not_yet_served(item, before)


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
