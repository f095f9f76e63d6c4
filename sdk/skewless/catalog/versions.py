"""Versions as the catalog shows them: when they came, who brought them, what they changed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.catalog.document import LogChange, LogRow, MarkRow, VersionRow
from skewless.definitions.service import FeatureService
from skewless.registry.differences import differences
from skewless.registry.identity import Identity
from skewless.registry.parts import whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.catalog.naming import Versioned
    from skewless.definitions.service import View
    from skewless.registry.apply_log import LogEntry
    from skewless.registry.published import Published

_CREATE = "create"


class Versions:
    """The versions of what is published, with what the registry's log says of them.

    Args:
        published: with its marks.
        log: newest first; registries of older releases have none.
    """

    def __init__(self, published: Published, log: Sequence[LogEntry]) -> None:
        self._marks = published.marks
        self._entries = log
        self._created = {
            change.key: entry
            for entry in log
            for change in entry.changes
            if change.action == _CREATE
        }

    def rows(self, items: Sequence[Versioned]) -> tuple[VersionRow, ...]:
        """Return the versions of one major, newest first.

        Args:
            items: of a view its parts, of a service its versions; oldest first.
        """
        found = []
        for number, item in enumerate(items):
            entry = self._created.get(Identity.of(item).key)
            found.append(
                VersionRow(
                    version=str(item.version),
                    at="" if entry is None else entry.at.isoformat(),
                    by="" if entry is None else entry.by,
                    changes=_changes(items[:number], item),
                )
            )
        return tuple(reversed(found))

    def marks(self, items: Sequence[Versioned]) -> tuple[MarkRow, ...]:
        """Return what is said of the versions of one major."""
        named = {Identity.of(item): str(item.version) for item in items}
        return tuple(
            MarkRow(
                version=named[identity],
                state=mark.state.value,
                reason=mark.reason,
                successor=mark.successor,
                by=mark.by,
                at=mark.at.isoformat(),
            )
            for identity, mark in self._marks.items()
            if identity in named
        )

    @property
    def log(self) -> tuple[LogRow, ...]:
        """The log, newest first."""
        return tuple(
            LogRow(
                at=entry.at.isoformat(),
                by=entry.by,
                commit=entry.commit,
                message=entry.message,
                changes=tuple(
                    LogChange(action=each.action, subject=each.subject, details=each.details)
                    for each in entry.changes
                ),
            )
            for entry in self._entries
        )


def upgrade(before: Sequence[Versioned], after: Sequence[Versioned]) -> tuple[str, ...]:
    """Say what differs between the newest versions of two majors, one sentence each."""
    if not before:
        return ()
    return tuple(map(str, differences(_whole(before), _whole(after))))


def _changes(before: Sequence[Versioned], item: Versioned) -> tuple[str, ...]:
    if not before:
        return ()
    if isinstance(item, FeatureService):
        return tuple(map(str, differences(before[-1], item)))
    return tuple(f"feature {name!r}: {type_} is new" for name, type_ in item.feature_types.items())


def _whole(items: Sequence[View | FeatureService]) -> View | FeatureService:
    views = [item for item in items if not isinstance(item, FeatureService)]
    return whole(views) if views else items[-1]
