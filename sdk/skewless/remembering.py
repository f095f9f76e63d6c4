"""RememberingStore: what a store says of its past. It delegates all work to other modules."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from skewless.definitions.clock import as_microseconds
from skewless.definitions.expression import to_datetime
from skewless.errors import InputError, shown
from skewless.opened import OpenedStore

if TYPE_CHECKING:
    from datetime import datetime
    from typing import TypeAlias

    from skewless.definitions.clock import Instant
    from skewless.registry.apply_log import LogEntry
    from skewless.registry.history import StateChange
    from skewless.registry.published import Published

    Moment: TypeAlias = Instant | LogEntry


class RememberingStore(OpenedStore):
    """A store that tells who published what, and shows what was published before."""

    def log(self, *, limit: int | None = None) -> list[LogEntry]:
        """Return who published what and when, the newest first.

        Args:
            limit: how many applies at most; all if None.
        """
        return self._registry.log(limit=limit)

    def published_at(self, at: Moment) -> Published:
        """Return what was published at a moment, words and columns as they were then.

        Args:
            at: an instant; or an entry of the log or its id, for what was there after that apply.

        Raises:
            InputError: nothing was published yet, or the instant is in the future.
            UnknownNameError: no apply has the id.
            DocumentError: an apply since was too large for the log to keep what it changed.
        """
        (state,) = self._registry.states(self._moment(at))
        return state.published

    def changes(self, start: Moment, end: Moment | None = None) -> list[StateChange]:
        """Say what differs between two states of the registry, field by field, and who did it.

        Args:
            start: a moment, as `published_at` takes it.
            end: a later one; now if None.

        Raises:
            the errors of `published_at`, and InputError if the start is later than the end.
        """
        from skewless.registry.history import changes_between  # noqa: PLC0415 - no part of serving

        ending = None if end is None else self._moment(end)
        return changes_between(*self._registry.states(self._moment(start), ending))

    def _by_whom(self) -> str:
        """Name who published last, as the end of a sentence."""
        for entry in self._registry.log(limit=1):
            return f", by {entry.by} at {entry.at.isoformat(timespec='seconds')}"
        return ""

    def _moment(self, given: Moment) -> datetime | str:
        """Return an instant, or the id of an entry."""
        from skewless.registry.apply_log import LogEntry  # noqa: PLC0415 - no part of serving
        from skewless.registry.history import is_id  # noqa: PLC0415 - no part of serving

        if isinstance(given, LogEntry):
            return given.id
        if isinstance(given, str) and is_id(given):
            return given
        at, now = map(to_datetime, (as_microseconds(given, "the moment"), self._now()))
        if at > now:
            raise InputError(
                f"{shown(given)} is in the future: it is {now.astimezone(UTC).isoformat()}. Give "
                "an instant until now, or the id of an apply; skewless log shows them"
            )
        return at
