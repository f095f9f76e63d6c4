"""A plan: all that publishing would do, and what it costs. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from skewless.definitions.collection import Definitions
from skewless.registry.change import Action, Change
from skewless.registry.plan_markdown import plan_markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.definitions.version import Version
    from skewless.registry.identity import Identity
    from skewless.registry.marks import Mark


# Each effect, in the words of a summary.
WORDS = {
    Action.CREATE: "to create",
    Action.EXTEND: "to extend",
    Action.DESCRIBE: "to describe anew",
    Action.REFUSE: "refused",
    Action.UNCHANGED: "unchanged",
}
_VALUES = {item: item.value for item in Action}


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
class MarkedRead:
    """A deprecated or yanked version that definitions of the file read.

    Attributes:
        identity: the version.
        mark: what was said of it, its successor among that.
        read_by: who reads it.
    """

    identity: Identity
    mark: Mark
    read_by: tuple[Identity, ...]

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {
            "name": str(self.identity),
            "state": self.mark.state.value,
            "reason": self.mark.reason,
            "successor": self.mark.successor,
            "read_by": [*map(str, self.read_by)],
        }

    def __str__(self) -> str:
        return f"{self.identity} {self.mark}. Read by {', '.join(map(str, self.read_by))}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that publishing would make, in order of dependency.

    Attributes:
        changes: one for each definition.
        month: what the store costs before and after; None where nobody said what traffic it has.
        definitions: what is to be published: views as parts, see `registry.parts`.
        published: what it was compared with.
        marked: the deprecated and yanked versions that definitions of the file read.
    """

    changes: tuple[Change, ...]
    month: Month | None = field(default=None, compare=False)
    definitions: Definitions = field(default_factory=Definitions, compare=False)
    published: Definitions = field(default_factory=Definitions, compare=False)
    marked: tuple[MarkedRead, ...] = field(default=(), compare=False)

    @property
    def is_refused(self) -> bool:
        """Whether any change is; then nothing is published."""
        return bool(self.refusals)

    @property
    def has_changes(self) -> bool:
        """Whether anything would be written, or is refused."""
        return any(change.action is not Action.UNCHANGED for change in self.changes)

    @property
    def changed(self) -> tuple[Change, ...]:
        """The changes that are any."""
        return tuple(one for one in self.changes if one.action is not Action.UNCHANGED)

    def beyond(self, planned: Plan) -> list[Change]:
        """Return the changes that an earlier plan did not have; what others did since is none."""
        before = {_key(change) for change in planned.changes}
        return [change for change in self.changed if _key(change) not in before]

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
            "marked": [one.to_dict() for one in self.marked],
            "month": None if self.month is None else self.month.to_dict(),
        }

    def to_markdown(self, store: str = "") -> str:
        """Return Markdown for a comment on a pull request, with details folded.

        Args:
            store: the store's name, for the headline.
        """
        return plan_markdown(
            self.changes,
            title=store,
            summary=self.summary,
            marked=[*map(str, self.marked)],
            month="" if self.month is None else str(self.month),
        )

    @property
    def summary(self) -> str:
        """The number of changes of each kind, in a line."""
        return self._counted(WORDS)

    def __str__(self) -> str:
        month = [] if self.month is None else [self.month]
        lines = (*self.changed, *self.marked, *month, f"plan: {self._counted(_VALUES)}")
        return "\n".join(map(str, lines))

    def __repr__(self) -> str:
        return f"Plan({self._counted(_VALUES)})"

    def _counted(self, words: Mapping[Action, str]) -> str:
        counts = Counter(change.action for change in self.changes)
        told = ", ".join(f"{counts[one]} {word}" for one, word in words.items() if counts[one])
        return told or "nothing to publish"


def _key(change: Change) -> tuple[object, ...]:
    return change.identity, change.action, change.meaning, change.published, change.patch
