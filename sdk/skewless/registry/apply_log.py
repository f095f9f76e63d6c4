"""The log of applies: who published what, when, of which commit, and why.

Every apply that changes something writes one item under the partition `log`, in the transaction
that commits it. The item holds the documents of what was described or extended as they were before,
so that any earlier state of the registry can be shown: what was created since is left out, and
what was changed since is put back.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from skewless.compiler.document import encode
from skewless.definitions.version import Version
from skewless.errors import DocumentError
from skewless.registry.changes import Action
from skewless.registry.identity import Identity, meaning
from skewless.registry.marks import State
from skewless.registry.patches import VERSIONED
from skewless.registry.registry_table import key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from skewless.compiler.document import Document
    from skewless.registry.changes import Plan
    from skewless.registry.marks import Mark

PARTITION = "log"
# DynamoDB's item holds 400 KB, names included. What does not fit is told without documents.
_MOST_BYTES = 350_000
_MOST_SAID = 500
_MARKED = {State.DEPRECATED: "deprecate", State.YANKED: "yank", State.RETIRED: "retire"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedChange:
    """What an apply did to one definition.

    Attributes:
        action: create, describe or extend; deprecate, yank or restore.
        subject: what the definition is called, as in `view 'clicks' version 1.1`.
        key: of the definition in the registry.
        details: what changed, one sentence each.
        before: the document as it was; None of what was created, and where it did not fit.
        fingerprint_before: what that meant.
        patch: how often its words had changed by then; see `registry.patches`.
        patch_before: how often before.
        mark_before: the mark before, as the registry holds it; empty if there was none.
    """

    action: str
    subject: str
    key: str
    details: tuple[str, ...]
    before: Mapping[str, Any] | None = None
    fingerprint_before: str | None = None
    patch: int = 0
    patch_before: int = 0
    mark_before: str = ""

    @property
    def full_version(self) -> str | None:
        """All three numbers; None of an entity or a source, which have none."""
        identity = Identity.parse(self.key)
        if identity.kind not in VERSIONED:
            return None
        return Version(identity.version.major, identity.version.minor, self.patch).full


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One apply.

    Attributes:
        at: when it was published.
        by: the ARN of whoever published it.
        commit: of the definitions file, with `-dirty` if it had changes beside; empty if unknown.
        message: what its author said of it.
        changes: what it did, in order of dependency; long texts are cut.
        is_cut: whether there were too many changes for one item, so that none is named.
        id: names the apply, as `skewless log` shows it and `--at` takes it.
    """

    at: datetime
    by: str
    commit: str
    message: str
    changes: tuple[LoggedChange, ...]
    is_cut: bool = False
    id: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON, without documents."""
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "by": self.by,
            "commit": self.commit,
            "message": self.message,
            "changes": [
                {
                    "action": item.action,
                    "subject": item.subject,
                    "full_version": item.full_version,
                    "details": list(item.details),
                }
                for item in self.changes
            ],
        }

    def __str__(self) -> str:
        done = ", ".join(f"{item.action} {item.subject}" for item in self.changes)
        return f"{self.at.isoformat()} {self.by}: {self.message or done}"


def entry_of(plan: Plan, at: datetime, by: str, commit: str, message: str) -> LogEntry:
    """Return the entry of an apply that carries out a plan."""
    before = {Identity.of(item): item for item in plan.published}
    changes = []
    for change in plan.changes:
        if change.action is not Action.UNCHANGED:
            old = before.get(change.identity)
            changes.append(
                LoggedChange(
                    action=change.action.value,
                    subject=str(change.identity),
                    key=change.identity.key,
                    details=change.details,
                    before=None if old is None else encode(old),
                    fingerprint_before=None if old is None else meaning(old),
                    patch=change.patch,
                    patch_before=change.patch_before,
                )
            )
    return LogEntry(at=at, by=by, commit=commit, message=message, changes=tuple(changes))


def entry_of_marks(
    identities: Iterable[Identity],
    mark: Mark | None,
    at: datetime,
    by: str,
    message: str,
    before: Mapping[Identity, Mark],
) -> LogEntry:
    """Return the entry of what was marked, or of which a mark was taken away.

    Args:
        identities: the versions.
        mark: what is said of them now; None if nothing.
        at: when.
        by: the ARN of whoever says it.
        message: why.
        before: what was said of them until now.
    """
    action = "restore" if mark is None else _MARKED[mark.state]
    changes = tuple(
        LoggedChange(
            action=action,
            subject=str(each),
            key=each.key,
            details=(),
            mark_before=before[each].to_json() if each in before else "",
        )
        for each in identities
    )
    return LogEntry(at=at, by=by, commit="", message=message, changes=changes)


def last_of(log: Iterable[LogEntry], keys: Collection[str]) -> LogEntry | None:
    """Return the first entry that tells who published one of these definitions.

    Args:
        log: the newest entry first.
        keys: of definitions in the registry.
    """
    for entry in log:
        if entry.by and any(change.key in keys for change in entry.changes):
            return entry
    return None


def write_of(entry: LogEntry, apply_id: str) -> dict[str, Any]:
    """Return the write of an entry, for a transaction."""
    text = _text(entry, with_documents=True)
    if len(text) > _MOST_BYTES:
        text = _text(entry, with_documents=False)
    if len(text) > _MOST_BYTES:
        text = json.dumps({**json.loads(text), "changes": [], "is_cut": True})
    # A store's clock may stand still. The machine's says which of two came first all the same.
    order = f"{time.time_ns():020d}.{apply_id}"
    place = f"{entry.at.astimezone(UTC).isoformat(timespec='microseconds')}#{order}"
    return {
        "Key": key_of(PARTITION, place),
        "UpdateExpression": "SET d = :d",
        "ConditionExpression": "attribute_not_exists(pk)",
        "ExpressionAttributeValues": {":d": {"S": text}},
    }


def entry_in(item: Mapping[str, Any]) -> LogEntry:
    """Read an entry as `write_of` wrote it.

    Raises:
        DocumentError: it was edited.
    """
    try:
        document: Document = json.loads(item["d"]["S"])
        return LogEntry(
            at=datetime.fromisoformat(document["at"]),
            by=document["by"],
            commit=document["commit"],
            message=document["message"],
            is_cut=document.get("is_cut", False),
            id=item["sk"]["S"].rpartition(".")[2],
            changes=tuple(
                LoggedChange(
                    action=each["action"],
                    subject=each["subject"],
                    key=each["key"],
                    details=tuple(each["details"]),
                    before=each.get("before"),
                    fingerprint_before=each.get("fingerprint_before"),
                    patch=_patch(each, "patch"),
                    patch_before=_patch(each, "patch_before"),
                    mark_before=str(each.get("mark_before", "")),
                )
                for each in document["changes"]
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        place = item.get("sk", {}).get("S", "?")
        raise DocumentError(
            f"the entry {place} of the registry's log cannot be read ({error}): it was edited by "
            "hand. The table's backups have it as it was"
        ) from error


def _patch(change: Mapping[str, Any], name: str) -> int:
    found = change.get(name, 0)
    if type(found) is not int or found < 0:
        raise ValueError(f"{name} is {found!r}")
    return found


def _short(detail: str) -> str:
    return detail if len(detail) <= _MOST_SAID else f"{detail[:_MOST_SAID]}…"


def _text(entry: LogEntry, *, with_documents: bool) -> str:
    changes: list[Document] = []
    for item in entry.changes:
        told: Document = {
            "action": item.action,
            "subject": item.subject,
            "key": item.key,
            "details": [_short(detail) for detail in item.details],
        }
        if item.patch:
            told |= {"patch": item.patch, "patch_before": item.patch_before}
        if item.mark_before:
            told["mark_before"] = item.mark_before
        if with_documents and item.before is not None:
            told["before"] = dict(item.before)
            told["fingerprint_before"] = item.fingerprint_before
        changes.append(told)
    document = entry.to_dict() | {"changes": changes}
    del document["id"]  # its place says it
    return json.dumps(document, separators=(",", ":"))
