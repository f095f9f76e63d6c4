"""The registry: published definitions in one DynamoDB table. No write overwrites another's.

Every definition is one item under the partition `definition`, found by kind, name and version. A
write succeeds only if the registry still is what the plan was compared with. `applies` makes all
writes of an apply count at once.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from skewless.errors import (
    DocumentError,
    NaiveTimestampError,
    PublishError,
    StoreError,
)
from skewless.registry.applies import Applies
from skewless.registry.apply_log import PARTITION as LOG
from skewless.registry.apply_log import entry_in, entry_of, entry_of_marks, last_of, write_of
from skewless.registry.changes import Action
from skewless.registry.definition_write import DefinitionWrite
from skewless.registry.history import RegistryState, state_at
from skewless.registry.identity import Identity, level
from skewless.registry.published import Published
from skewless.registry.registry_table import ATTEMPTS, MAX_WRITES, RegistryTable, key_of, pause
from skewless.registry.stored_item import MARK, PARTITION, decoded, marks_of, patches_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.aws import Aws
    from skewless.definitions.collection import Definition
    from skewless.registry.apply_log import LogEntry
    from skewless.registry.changes import Change, Plan
    from skewless.registry.marks import Mark

_LOOKED_AT = 20


class Registry:
    """The definitions of one store.

    Args:
        aws: where the table is.
        table_name: a table with the text keys `pk` and `sk`.
    """

    def __init__(self, aws: Aws, table_name: str) -> None:
        self._table = RegistryTable(aws, table_name)
        self._applies = Applies(self._table, self._lost)

    def load(self) -> Published:
        """Read everything that is published.

        Raises:
            DocumentError: an item was changed after it was written, or items do not fit together.
            StoreError: the table could not be read.
        """
        for _ in range(ATTEMPTS):
            items, is_unfinished = self._items()
            try:
                found = Published.of(decoded(items), marks_of(items))
                patches = patches_of(items)
            except ValueError as error:
                # Pages are read one after another: a publish of an older release in between can
                # show a definition without what it refers to. The next read has both.
                problem = error
            else:
                return replace(found, patches=patches, is_unfinished=is_unfinished)
        raise DocumentError(
            f"the registry table {self._table.name!r} does not fit together: {problem}. It was "
            "edited by hand, or written by a newer skewless: put the item back as it was (the "
            "table's backups have it: aws dynamodb restore-table-to-point-in-time), or install "
            "the skewless that wrote it"
        ) from problem

    def publish(
        self, plan: Plan, now: datetime, *, by: str = "", commit: str = "", message: str = ""
    ) -> None:
        """Write what a plan says: all of it or, if an error is raised, nothing.

        Args:
            plan: what `compare` made.
            now: the time of publishing.
            by: whose apply it is, for the log.
            commit: of the definitions file, for the log.
            message: what its author says of it, for the log.

        Raises:
            PublishError: the plan refuses something, someone else published something in the
                meantime, or a definition is too large.
            StoreError: AWS refused.
        """
        if now.tzinfo is None:
            raise NaiveTimestampError.of("now")
        if plan.is_refused:
            refusals = "\n".join(map(str, plan.refusals))
            raise PublishError(f"nothing was published:\n{refusals}")
        wanted = {Identity.of(item): item for item in plan.definitions}
        due = [change for change in plan.changes if change.action is not Action.UNCHANGED]
        published_at = now.astimezone(UTC).isoformat()
        pairs = sorted(((change, wanted[change.identity]) for change in due), key=_order)
        writes = [DefinitionWrite.of(change, item, published_at) for change, item in pairs]
        if writes:
            apply_id = _new_id()
            entry = write_of(entry_of(plan, now, by, commit, message), apply_id)
            self._applies.publish(writes, entry, apply_id)

    def finish(self) -> None:
        """Finish the last apply, if it was interrupted after its commit.

        Raises:
            StoreError: AWS refused.
        """
        self._applies.finish()

    def mark(
        self,
        identities: Sequence[Identity],
        mark: Mark | None,
        now: datetime,
        *,
        by: str,
        why: str,
        before: Mapping[Identity, Mark],
    ) -> None:
        """Mark versions, or take their marks away.

        Args:
            identities: the versions.
            mark: what is said of them; None to take back what was said.
            now: the time, for the log.
            by: whose doing it is, for the log.
            why: the reason, for the log.
            before: what was said of versions when they were read.

        Raises:
            PublishError: one of them is not published, or somebody marked it meanwhile.
            StoreError: AWS refused.
        """
        most = MAX_WRITES - 2  # beside the log and the head
        for begin in range(0, len(identities), most):
            some = identities[begin : begin + most]
            entry = entry_of_marks(some, mark, now, by, why, before)
            writes = [_marking(identity, mark, before.get(identity)) for identity in some]
            self._applies.write([*writes, write_of(entry, _new_id())])

    def marks(self) -> dict[Identity, Mark]:
        """Return which versions are marked, as it is now.

        Raises:
            DocumentError: a mark was edited by hand.
            StoreError: the table could not be read.
        """
        try:
            return marks_of(self._items()[0])
        except ValueError as error:
            raise DocumentError(f"the registry table does not fit together: {error}") from error

    def log(self, since: datetime | None = None, limit: int | None = None) -> list[LogEntry]:
        """Return who published what, the newest first.

        Args:
            since: only what was published later than this.
            limit: how many entries at most.

        Raises:
            DocumentError: an entry was edited by hand.
            StoreError: the table could not be read.
        """
        least = "" if since is None else since.astimezone(UTC).isoformat(timespec="microseconds")
        found: list[LogEntry] = []
        for item in self._table.query(LOG, newest_first=True):
            if item["sk"]["S"].partition("#")[0] <= least or len(found) == limit:
                break
            found.append(entry_in(item))
        return found

    def states(self, *moments: datetime | str | None) -> list[RegistryState]:
        """Read what was published at instants, or right after applies.

        Args:
            moments: aware datetimes, or ids of entries of the log; now if None.

        Raises:
            DocumentError: the log does not have what was there.
            UnknownNameError: no entry has the id.
            StoreError: the table could not be read.
        """
        # The log is read later: it has every apply that the items show.
        items, _ = self._items()
        instants = [moment for moment in moments if isinstance(moment, datetime)]
        has_ids = any(isinstance(moment, str) for moment in moments)
        log = self.log(since=None if has_ids else min(instants, default=None))
        return [state_at(items, log, moment) for moment in moments]

    def _items(self) -> tuple[list[dict[str, Any]], bool]:
        """Return the items of definitions, and whether some are staged still."""
        seen: list[Any] = []
        for attempt in range(ATTEMPTS):
            found, is_unfinished, is_whole = self._applies.whole(self._table.query(PARTITION))
            before, seen = seen, [(item["sk"], item.get("d")) for item in found]
            # What stays as it is was edited by hand, and is no matter of another's apply.
            if is_whole or seen == before:
                return found, is_unfinished and is_whole
            pause(attempt)
        raise StoreError(
            f"the registry table {self._table.name!r} changes all the time. Read it once more"
        )

    def _lost(self, keys: Sequence[str]) -> PublishError:
        names = ", ".join(str(Identity.parse(key)) for key in keys)
        return PublishError(
            f"{names}: {self._winner(keys)} published this with another meaning, or in other "
            "words, or marked it, since the plan was made. Run skewless plan again to see how it "
            "differs"
        )

    def _winner(self, lost: Sequence[str]) -> str:
        """Name who published one of these last, if the log says so."""
        entry = last_of(self.log(limit=_LOOKED_AT), lost)
        if entry is None:
            return "someone else"
        return f"{entry.by} (at {entry.at.isoformat(timespec='seconds')})"


def _order(pair: tuple[Change, Definition]) -> tuple[int, str]:
    change, item = pair
    return level(item), change.identity.key


def _marking(identity: Identity, mark: Mark | None, seen: Mark | None) -> dict[str, Any]:
    """Return the write of a mark, on condition that nobody marked the version since it was read."""
    values: dict[str, Any] = {}
    unchanged = f"attribute_not_exists({MARK})"
    if seen is not None:
        unchanged = f"{MARK} = :seen"
        values[":seen"] = {"S": seen.to_json()}
    update = f"REMOVE {MARK}"
    if mark is not None:
        update = f"SET {MARK} = :d"
        values[":d"] = {"S": mark.to_json()}
    write: dict[str, Any] = {
        "Key": key_of(PARTITION, identity.key),
        "UpdateExpression": update,
        "ConditionExpression": f"attribute_exists(pk) AND {unchanged}",
    }
    return write | ({"ExpressionAttributeValues": values} if values else {})


def _new_id() -> str:
    return uuid.uuid4().hex[:12]
