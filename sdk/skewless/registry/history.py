"""History: the registry as it was, and what changed between two of its states. Pure.

Items are as they are now. What the log tells is undone, the newest first, until the moment is
reached: what was created since is left out, and what was changed since is put back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from skewless.errors import DocumentError, InputError, UnknownNameError
from skewless.registry.change import Action
from skewless.registry.changes import plan_of
from skewless.registry.identity import Identity
from skewless.registry.parts import Apart
from skewless.registry.patches import with_patches
from skewless.registry.published import Published
from skewless.registry.stored_item import MARK, PATCH, decoded, marks_of, patches_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skewless.registry.apply_log import LogEntry, LoggedChange
    from skewless.registry.change import Change

Items = dict[str, dict[str, Any]]
_ID_LENGTHS = (8, 12)  # those of 2026-11 have eight digits
_WITH_DOCUMENTS = (Action.DESCRIBE.value, Action.EXTEND.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryState:
    """The registry at a moment.

    Attributes:
        at: when.
        published: what was published then.
        log: the applies until then, the newest first, as far back as they were read.
    """

    at: datetime
    published: Published
    log: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """How one definition differs between two states of the registry.

    Attributes:
        subject: what it is called, as in `view 'clicks' version 1.1`.
        action: create, describe or extend; mark if only its mark is another.
        details: what changed, one sentence each.
        before: the version before, with its patch; None of what was not there, and of entities
            and sources.
        after: the version afterwards.
        applies: those that touched it in between, the newest first.
    """

    subject: str
    action: str
    details: tuple[str, ...]
    before: str | None
    after: str | None
    applies: tuple[LogEntry, ...]

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {
            "subject": self.subject,
            "action": self.action,
            "details": list(self.details),
            "before": self.before,
            "after": self.after,
            "applies": [
                {
                    "id": entry.id,
                    "at": entry.at.isoformat(),
                    "by": entry.by,
                    "commit": entry.commit,
                    "message": entry.message,
                }
                for entry in self.applies
            ],
        }

    def __str__(self) -> str:
        return "\n".join([f"{self.action} {self.subject}", *(f"    {one}" for one in self.details)])


def is_id(text: str) -> bool:
    """Return whether a text may be the id of an entry of the log."""
    return len(text) in _ID_LENGTHS and all(letter in "0123456789abcdef" for letter in text)


def state_at(
    items: Sequence[Mapping[str, Any]], log: Sequence[LogEntry], moment: datetime | str | None
) -> RegistryState:
    """Return the registry at an instant, or right after an apply.

    Args:
        items: of definitions, as they are now.
        log: all entries that may be later than the moment, the newest first.
        moment: an aware datetime, or the id of an entry; now if None.

    Raises:
        InputError: nothing was published yet.
        UnknownNameError: no entry has the id.
        DocumentError: what was changed since was too large to be kept.
    """
    at, later = _found(items, log, moment)
    first = min(map(_published_at, items), default=None)
    if first is None or first > at:
        when = "yet" if first is None else f"before {first.isoformat()}"
        raise InputError(f"nothing was published {when}; {at.isoformat()} is too early")
    found = {item["sk"]["S"]: dict(item) for item in items if _published_at(item) <= at}
    for entry in later:
        _undo(found, entry)
    _leave_out_later_marks(found, at)
    known = [*found.values()]
    try:
        published = Published.of(decoded(known), marks_of(known))
        published = replace(published, patches=patches_of(known))
    except ValueError as error:
        raise DocumentError(
            f"the registry as of {at.isoformat()} does not fit together: {error}. What was "
            "published by a skewless without a log shows as it is now"
        ) from error
    return RegistryState(at=at, published=published, log=tuple(log[len(later) :]))


def _found(
    items: Sequence[Mapping[str, Any]], log: Sequence[LogEntry], moment: datetime | str | None
) -> tuple[datetime, list[LogEntry]]:
    """Return the instant of a moment, and the entries after it."""
    match moment:
        case None:
            times = [*map(_published_at, items), *(entry.at for entry in log)]
            return max(times, default=datetime.now(UTC)), []
        case datetime():
            return moment, [entry for entry in log if entry.at > moment]
    for number, entry in enumerate(log):
        if entry.id == moment:
            return entry.at, [*log[:number]]
    raise UnknownNameError("apply", moment, [entry.id for entry in log])


def changes_between(start: RegistryState, end: RegistryState) -> list[StateChange]:
    """Say what differs between two states, field by field, and who changed it.

    Raises:
        InputError: the first is later than the second.
    """
    if len(start.log) > len(end.log) or start.at > end.at:
        raise InputError(
            f"the changes from {start.at.isoformat()} to {end.at.isoformat()} were asked for: the "
            "first is the later one"
        )
    between = end.log[: len(end.log) - len(start.log)]
    old, new = start.published, end.published
    added = {
        Identity.of(view): tuple(view.feature_types) for view in new.views if view.version.minor
    }
    apart = Apart(new.definitions, {}, {}, added, {})
    plan = with_patches(plan_of(old.definitions, apart), old.patches, new.patches, is_carried=True)
    return [*_differing(plan.changes, old, new, between)]


def _differing(
    changes: Sequence[Change], old: Published, new: Published, between: Sequence[LogEntry]
) -> Iterator[StateChange]:
    for change in changes:
        identity = change.identity
        marks = tuple(_mark_differences(identity, old, new))
        if change.action is Action.UNCHANGED and not marks:
            continue
        versioned = replace(change, patch=change.patch_before).full_version
        is_marked = change.action is Action.UNCHANGED
        yield StateChange(
            subject=str(identity),
            action="mark" if is_marked else change.action.value,
            details=(*(() if is_marked else change.told), *marks),
            before=None if change.action is Action.CREATE else versioned,
            after=change.full_version,
            applies=tuple(
                entry
                for entry in between
                if any(each.key == identity.key for each in entry.changes)
            ),
        )


def _mark_differences(identity: Identity, old: Published, new: Published) -> Iterator[str]:
    before, after = old.marks.get(identity), new.marks.get(identity)
    if before != after:
        yield f"it {after}" if after is not None else f"it no longer {before}"


def _undo(found: Items, entry: LogEntry) -> None:
    if entry.is_cut:
        raise _not_kept("what was published", entry)
    for change in entry.changes:
        if change.action == Action.CREATE.value:
            found.pop(change.key, None)
        elif change.key in found:
            _undo_change(found[change.key], change, entry)


def _undo_change(item: dict[str, Any], change: LoggedChange, entry: LogEntry) -> None:
    if change.action not in _WITH_DOCUMENTS:
        item.pop(MARK, None)  # it was marked, or its mark taken away
        if change.mark_before:
            item[MARK] = {"S": change.mark_before}
        return
    if change.before is None or change.fingerprint_before is None:
        raise _not_kept(change.subject, entry)
    item["d"] = {"S": json.dumps(change.before)}
    item["fingerprint"] = {"S": change.fingerprint_before}
    if change.patch:
        item[PATCH] = {"N": str(change.patch_before)}


def _leave_out_later_marks(found: Items, at: datetime) -> None:
    """Leave out marks that no entry undid: those of a registry that was copied in part."""
    later = {identity.key for identity, mark in marks_of(found.values()).items() if mark.at > at}
    for key in later:
        del found[key][MARK]


def _not_kept(what: str, entry: LogEntry) -> DocumentError:
    return DocumentError(
        f"{what} as it was before {entry.at.isoformat()} is not in the log: that apply was too "
        "large for one item"
    )


def _published_at(item: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(item["published_at"]["S"])
