"""A change: what publishing would do to one definition. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from skewless.definitions.names import versioned
from skewless.definitions.version import Version
from skewless.registry.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.registry.dependent import Dependent
    from skewless.registry.differences import FieldChange
    from skewless.registry.fill import Fill


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
        patch: how often its words changed, afterwards; see `registry.patches`.
        patch_before: how often they have until now.
        differences: what differs, field by field; of a new version, from the one before it.
        compared_with: the version that they are from; None if it is its own.
        estimate: an entity's largest item, of a view. The caller adds it, as all that follows.
        fill: what the first cut of a new view takes; None where nothing is filled, or nobody
            looked.
        dependents: what stands on that which changes, and goes on with it as it is.
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
    patch: int = 0
    patch_before: int = 0
    differences: tuple[FieldChange, ...] = field(default=(), compare=False)
    compared_with: Identity | None = field(default=None, compare=False)
    estimate: Mapping[str, object] | None = field(default=None, compare=False)
    fill: Fill | None = field(default=None, compare=False)
    dependents: tuple[Dependent, ...] = field(default=(), compare=False)

    @property
    def identity(self) -> Identity:
        """Its name and version."""
        return Identity(self.kind.removeprefix("on_demand_"), self.name, self.version)

    @property
    def changed(self) -> Identity:
        """What is published and would be another: the version before a new one, or its own."""
        return self.compared_with or self.identity

    @property
    def needs(self) -> str:
        """The version that the change needs; empty where it needs none."""
        if self.action is Action.DESCRIBE and self.patch:
            return self.full_version or ""
        if self.kind in ("entity", "source") or self.action not in (Action.CREATE, Action.REFUSE):
            return ""
        return (self.version if self.needed is None else self.needed).full

    @property
    def full_version(self) -> str | None:
        """All three numbers, as it is afterwards; None of an entity or a source."""
        if self.kind in ("entity", "source"):
            return None
        return Version(self.version.major, self.version.minor, self.patch).full

    @property
    def needs_written(self) -> str:
        """The same, as short as it can be: `2`, `1.1`."""
        return self.needs.removesuffix(".0").removesuffix(".0")

    @property
    def called(self) -> str:
        """Its name, with the version if there are any: `clicks@2`."""
        is_versioned = self.kind not in ("entity", "source")
        return versioned(self.name, self.version) if is_versioned else self.name

    @property
    def told(self) -> tuple[str, ...]:
        """The details, how a new version differs from the one before it, and which patch it is."""
        if self.action is Action.DESCRIBE and self.patch and self.differences and self.full_version:
            return (*self.details, f"these words are version {self.full_version}")
        if self.action is not Action.CREATE or self.compared_with is None:
            return self.details
        since = f"since version {self.compared_with.version}"
        return (*self.details, *(f"{since}, {one}" for one in self.differences))

    @property
    def windows(self) -> tuple[str, ...]:
        """What each window of a view spans, and what a smaller hop would cost."""
        found = (self.estimate or {}).get("windows")
        return tuple(map(str, found)) if isinstance(found, list) else ()

    @property
    def every_warning(self) -> tuple[str, ...]:
        """The warnings, that of the estimate among them."""
        warning = (self.estimate or {}).get("warning")
        return (*self.warnings, *([str(warning)] if warning else []))

    @property
    def on_it(self) -> str:
        """The dependents, as a sentence."""
        named = ", ".join(map(str, self.dependents))
        if self.action is Action.CREATE:
            return f"version {self.changed.version} goes on, for: {named}"
        return f"read by: {named}"

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {
            "kind": self.kind,
            "name": self.name,
            "version": self.version.written,
            "full_version": self.full_version,
            "action": self.action.value,
            "details": list(self.details),
            "warnings": list(self.warnings),
            "fingerprint": self.meaning,
            "needs": self.needs or None,
            "needed_version": None if self.needed is None else self.needed.full,
            "compared_with": None if self.compared_with is None else str(self.compared_with),
            "differences": [one.to_dict() for one in self.differences],
            "dependents": [one.to_dict() for one in self.dependents],
            "estimate": None if self.estimate is None else dict(self.estimate),
            "fill": None if self.fill is None else self.fill.to_dict(),
        }

    def __str__(self) -> str:
        lines = [f"{self.action.value:<9} {self.identity}"]
        lines += [f"{'':10}{text}" for text in self.told]
        lines += [f"{'':10}{self.fill}"] if self.fill else []
        lines += [f"{'':10}{self.on_it}"] if self.dependents else []
        lines += [f"{'':10}warning: {text}" for text in self.warnings]
        if self.action is Action.CREATE:
            costs = {key: value for key, value in (self.estimate or {}).items() if key != "windows"}
            lines += [f"{'':10}{label}: {value}" for label, value in costs.items()]
            lines += [f"{'':10}{text}" for text in self.windows]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Change({self.action.value} {self.identity})"
