"""CarryingStore: what a store says of registries that move. It delegates all work to other modules.

What is published in one store goes to another as it is: nobody's Python is evaluated again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import InputError, PublishError, shown
from skewless.later import Later
from skewless.publishing import PublishingStore
from skewless.quick import dataclass
from skewless.registry.identity import Identity
from skewless.registry.marks import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.online.estimate import estimates
    from skewless.registry.apply_log import LogEntry
    from skewless.registry.carried import chosen, compare_carried
    from skewless.registry.changes import Plan
    from skewless.registry.dependents import with_dependents
    from skewless.registry.marked import marks_read, marks_taken, with_marks
    from skewless.registry.marks import Mark
    from skewless.registry.patches import with_patches
    from skewless.registry.published import Published
    from skewless.registry.refills import check_promoted
else:  # no part of serving
    chosen = Later("skewless.registry.carried", "chosen")
    compare_carried = Later("skewless.registry.carried", "compare_carried")
    marks_read = Later("skewless.registry.marked", "marks_read")
    marks_taken = Later("skewless.registry.marked", "marks_taken")
    with_marks = Later("skewless.registry.marked", "with_marks")
    with_patches = Later("skewless.registry.patches", "with_patches")
    check_promoted = Later("skewless.registry.refills", "check_promoted")
    with_dependents = Later("skewless.registry.dependents", "with_dependents")
    estimates = Later("skewless.online.estimate", "estimates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What importing a folder does.

    Attributes:
        plan: the changes of definitions.
        marks: what is marked that is not marked here.
        left: what is retired there, and served here: it stays served until `retire` is run here.
        store: whose registry was exported.
    """

    plan: Plan
    marks: Mapping[Identity, Mark]
    left: Mapping[Identity, Mark]
    store: str

    @property
    def has_changes(self) -> bool:
        """Whether anything would be written, or is refused."""
        return self.plan.has_changes or bool(self.marks)

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        marks = {str(identity): str(mark) for identity, mark in self.marks.items()}
        left = {str(identity): str(mark) for identity, mark in self.left.items()}
        return self.plan.to_dict() | {"marks": marks, "left": left, "store": self.store}


class CarryingStore(PublishingStore):
    """A store whose registry can be promoted to another, exported, imported and restored."""

    def plan_promotion(self, names: str | Iterable[str], *, to: CarryingStore) -> Plan:
        """Say what `promote` would change in the other store; change nothing.

        The arguments and errors are those of `promote`; what is refused is in the plan.
        """
        plan = self._promotion(_listed(names), to)
        return to._told(plan)

    def promote(
        self,
        names: str | Iterable[str],
        *,
        to: CarryingStore,
        message: str = "",
        planned: Plan | None = None,
    ) -> Plan:
        """Publish versions of this store in another, with all that they stand on.

        What is carried are the published documents. They have the same fingerprints afterwards.
        Logs, items and marks are not carried.

        Args:
            names: views and services: `view`, `view@1` with all that was added to it, or
                `view@1.2`, what that one has.
            to: the other store, in this account or another.
            message: why, for the other store's log.
            planned: what `plan_promotion` said. If it is given, nothing is done if the other store
                has changed since.

        Raises:
            UnknownNameError: nothing has a name.
            InputError: a version is yanked or retired, or both are one store.
            PublishError: the other store has another meaning under a version, or changed; or a view
                would fill a large log's features a second time there, and is not named itself.
        """
        plan = self._promotion(_listed(names), to)
        if plan.is_refused:
            raise PublishError(f"nothing was promoted to store {to.name!r}.\n{plan}")
        if planned is not None and planned.changes != plan.changes:
            raise PublishError(
                f"nothing was promoted: store {to.name!r} changed since the plan was made"
                f"{to._by_whom()}. Look at the plan again; it is now\n{plan}"
            )
        check_promoted(to._with_fills(plan, only_again=True).changes, _listed(names))
        why = message or f"promoted from store {self.name!r}"
        to._carry_out(plan, plan.definitions, _commit_of(plan, self.log()), why)
        return plan

    def export_registry(self, folder: str | Path) -> list[str]:
        """Write what is published as plain files, one definition a file: for reviews and git.

        The same registry gives the same bytes. Marks and the log of applies are there, too.

        Args:
            folder: new, empty, or an earlier export, which is brought up to date.

        Returns:
            The names of the files that were written or removed.

        Raises:
            InputError: the folder holds something else, or cannot be written.
        """
        from skewless.registry.exported import export  # noqa: PLC0415 - no part of serving

        self._for_all("an export")
        return export(folder, self._reloaded(), self.log(), self.name)

    def plan_import(self, folder: str | Path) -> Import:
        """Say what `import_registry` would do; change nothing.

        The errors are those of `import_registry`; what is refused is in the plan.
        """
        from skewless.registry.imported import read_export  # noqa: PLC0415 - no part of serving

        self._for_all("an import")
        found = read_export(folder)
        here = self._reloaded()
        plan = compare_carried(here.definitions, found.published.definitions, self.log())
        plan = with_marks(plan, here)
        plan = with_patches(plan, here.patches, found.published.patches, is_carried=True)
        marks, left = marks_taken(found.published.marks, here)
        plan = self._told(plan)
        return Import(plan=plan, marks=marks, left=left, store=found.store)

    def import_registry(
        self,
        folder: str | Path,
        *,
        message: str = "",
        planned: Import | None = None,
        refill: str | Iterable[str] = (),
    ) -> Import:
        """Publish what an exported folder holds. The rules are those of `apply`.

        Nothing is written unless every file is right. What is there is not published again; marks
        that are here stay. What is served here is not retired, since models may read it by their
        locks: `left` names it. The folder's log is not taken over: the log here tells of the
        import.

        Args:
            folder: what `export_registry` wrote.
            message: why, for the log.
            planned: what `plan_import` said. If it is given, nothing is done if the store or the
                folder has changed since.
            refill: as for `apply`.

        Raises:
            InputError: there is no such folder.
            DocumentError: it is no export, is not whole, or was edited; the message names the file.
            PublishError: the store has another meaning under a version, or changed; or a view is
                not named in `refill`.
        """
        found = self.plan_import(folder)
        plan = found.plan
        if plan.is_refused:
            raise PublishError(f"nothing was imported.\n{plan}")
        if planned is not None and planned != found:
            raise PublishError(
                f"nothing was imported: store {self.name!r} or the folder changed since the plan "
                f"was made{self._by_whom()}. Look at the plan again; it is now\n{plan}"
            )
        why = message or f"imported from an export of store {found.store!r}"
        plan = self._checked(plan, refill)
        self._carry_out(plan, plan.definitions, "", why)
        by, at = self._aws.caller() if found.marks else "", self.clock()
        for mark in {*found.marks.values()}:
            versions = [identity for identity, own in found.marks.items() if own == mark]
            self._registry.mark(versions, mark, at, by=by, why=why, before={})
        if found.marks:
            self.refresh()
            # What is retired has no schedule.
            self._workbench.schedule(lambda: self.published.live_views)
            self._keep_snapshot()
        return found

    def restore_registry(self, snapshot: str | Path | None = None) -> int:
        """Write a lost registry back into its table, which must be empty: item by item as it was.

        Args:
            snapshot: a file; the object that the last apply wrote if None.

        Returns:
            How many items were written.

        Raises:
            InputError: there is no such file.
            DocumentError: it is no snapshot, or was edited.
            PublishError: the table holds something else.
            StoreError: there is no snapshot, or AWS refused.
        """
        from skewless.registry.restored import restore  # noqa: PLC0415 - no part of serving
        from skewless.registry.snapshot import (  # noqa: PLC0415 - no part of serving
            SnapshotObject,
            read_snapshot,
        )

        self._for_all("a restore")
        own = SnapshotObject(self._aws, self._needed())
        content = own.read() if snapshot is None else _content(snapshot)
        place = own.uri if snapshot is None else str(snapshot)
        items = read_snapshot(content, place, self.name)
        written = restore(self._aws, self.resources.registry_table, items)
        self.refresh()
        self._workbench.prepare(self.published.definitions.sources)
        self._workbench.schedule(lambda: self._reloaded().live_views)
        self._keep_snapshot(is_behind=False)
        return written

    def _told(self, plan: Plan) -> Plan:
        """Add what applying it here takes, and what stands on it here."""
        plan = with_dependents(plan, self.published, self.models)
        plan = plan.with_estimates(estimates(plan.definitions.views))
        return plan if plan.is_refused else self._with_fills(plan)

    def _promotion(self, names: list[str], to: CarryingStore) -> Plan:
        if not isinstance(to, CarryingStore):
            raise InputError(f"to is {shown(to)}, no store; open it: FeatureStore.connect('prod')")
        if (self.resources, self.aws.endpoint) == (to.resources, to.aws.endpoint):
            raise InputError(f"store {self.name!r} cannot be promoted to itself; name another")
        ours = self._reloaded()
        found = chosen(ours, names)
        marked = dict(marks_read(ours, found))
        _refuse_yanked(marked, self.name)
        theirs = to._reloaded()
        plan = with_marks(compare_carried(theirs.definitions, found, to.log()), theirs)
        plan = with_patches(plan, theirs.patches, ours.patches, is_carried=True)
        return to._with_warnings(plan, marked, theirs)

    def _with_warnings(
        self, plan: Plan, marked: dict[Identity, Mark], published: Published
    ) -> Plan:
        """Add what to know of versions that are deprecated, and of tables that are not here."""
        known = {source.name for source in published.definitions.sources}
        told = {identity: f"where it comes from, it {mark}" for identity, mark in marked.items()}
        for source in plan.definitions.sources:
            if source.table is not None and source.name not in known:
                problem = self._table_problem(source.table)
                if problem:
                    told[Identity.of(source)] = problem
        changes = (
            replace(change, warnings=(*change.warnings, told[change.identity]))
            if change.identity in told
            else change
            for change in plan.changes
        )
        return replace(plan, changes=tuple(changes))

    def _table_problem(self, table: str) -> str:
        """Say what is wrong with a user's table in this store's account; nothing if it is there."""
        database, _, name = table.partition(".")
        try:
            self._aws.client("glue").get_table(DatabaseName=database, Name=name)
        except (ClientError, BotoCoreError) as error:
            return (
                f"its table {table!r} was not found in the account of store {self.name!r}, and a "
                f"source reads the table of its name wherever it is ({error})"
            )
        return ""


def _listed(names: object) -> list[str]:
    is_many = isinstance(names, Iterable) and not isinstance(names, str | bytes)
    given: list[object] = [*names] if is_many else [names]  # type: ignore[misc]
    found = [name for name in given if isinstance(name, str) and ":" not in name]
    if not given:
        raise InputError("nothing is to be promoted; name a view or service, view@1.2")
    if wrong := [name for name in given if name not in found]:
        raise InputError(f"{shown(wrong[0])} is no view or service; write view@1.2")
    return found


def _refuse_yanked(marked: dict[Identity, Mark], store: str) -> None:
    for identity, mark in marked.items():
        if mark.is_retired:
            raise InputError(f"{identity} {mark}: it is not promoted. Promote another version")
        if mark.state is State.YANKED:
            raise InputError(
                f"{identity} {mark}: it is not promoted. Promote another version, or take the mark "
                f"back with skewless restore in store {store!r}"
            )


def _commit_of(plan: Plan, log: Iterable[LogEntry]) -> str:
    """Return the commit of which everything is that a plan publishes; nothing if of several."""
    due = {change.identity.key for change in plan.changes if change.action != "unchanged"}
    found: dict[str, str] = {}
    for entry in log:
        for change in entry.changes:
            if change.key in due and change.action in ("create", "describe"):
                found.setdefault(change.key, entry.commit)
    commits = {*found.values()}
    return commits.pop() if len(commits) == 1 and found.keys() == due else ""


def _content(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            f"the snapshot {str(path)!r} cannot be opened: {error.strerror}"
        ) from error
