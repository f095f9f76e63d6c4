"""PublishingStore: what a store says of definitions. It delegates all work to other modules."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from skewless.definitions.collection import Definitions
from skewless.errors import InputError, PublishError, StoreError
from skewless.later import Later
from skewless.model_locks import LockingStore
from skewless.registry.marks import Mark, State, checked_reason, is_retired
from skewless.registry.selection import versions_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.cost.traffic import Traffic
    from skewless.definitions.source import Source
    from skewless.online.estimate import estimates
    from skewless.registry.carried import with_publisher
    from skewless.registry.changes import Month, Plan, compare
    from skewless.registry.dependents import with_dependents
    from skewless.registry.fill import LogSize
    from skewless.registry.lineage import Lineage
    from skewless.registry.marked import with_marks
    from skewless.registry.patches import with_patches, written_in
    from skewless.registry.published import Published
    from skewless.registry.refills import check_refills
    from skewless.retiring import Retirement
else:  # no part of serving
    estimates = Later("skewless.online.estimate", "estimates")
    with_publisher = Later("skewless.registry.carried", "with_publisher")
    Month = Later("skewless.registry.changes", "Month")
    compare = Later("skewless.registry.changes", "compare")
    with_dependents = Later("skewless.registry.dependents", "with_dependents")
    with_marks = Later("skewless.registry.marked", "with_marks")
    with_patches = Later("skewless.registry.patches", "with_patches")
    written_in = Later("skewless.registry.patches", "written_in")
    check_refills = Later("skewless.registry.refills", "check_refills")


_LOOKED_AT = 100  # of the log's entries, to find who published a name


class PublishingStore(LockingStore):
    """A store whose definitions can be planned, published and looked at."""

    def plan(self, definitions: object, *, traffic: Traffic | None = None) -> Plan:
        """Say what `apply` would change and what it costs; change nothing.

        Args:
            definitions: a module, definitions, or lists of them.
            traffic: an average day once they are published, as `traffic()` measures it or as is
                expected. Then the plan says what a month costs before and after.

        Raises:
            DefinitionError: the definitions do not go together.
            InputError: the traffic leaves out a view's entity or source, or names another.
        """
        plan, published = self._compared(Definitions.collect(definitions))
        plan = with_dependents(plan, published, self.models)
        if plan.is_refused:
            return self._with_publishers(plan)
        plan = self._with_fills(plan, traffic)
        if traffic is None:
            return plan
        from skewless.cost import predict_change  # noqa: PLC0415 - no part of serving

        before, after = predict_change(published, plan.definitions, traffic)
        return replace(plan, month=Month(before.to_dict(), after.to_dict()))

    def _compared(self, wanted: Definitions) -> tuple[Plan, Published]:
        """Compare definitions with what is published now, and estimate the items of views."""
        published = self._registry.load()
        plan = compare(published.definitions, wanted, marked=published.marks)
        plan = with_marks(plan, published)
        plan = with_patches(plan, published.patches, written_in(wanted))
        return plan.with_estimates(estimates(plan.definitions.views)), published

    def _with_publishers(self, plan: Plan) -> Plan:
        """Say who published the names that others have, where no version helps."""
        if all(one.needed is not None for one in plan.refusals):
            return plan
        log = self._registry.log(limit=_LOOKED_AT)
        changes = (
            change if change.needed is not None else with_publisher(change, log)
            for change in plan.changes
        )
        return replace(plan, changes=tuple(changes))

    def _with_fills(
        self, plan: Plan, traffic: Traffic | None = None, *, only_again: bool = False
    ) -> Plan:
        """Add what is to be filled; logs are looked at where something is."""
        from skewless.cost.fills import with_fills  # noqa: PLC0415 - no part of serving
        from skewless.materialize.log_size import log_size  # noqa: PLC0415

        def sizes(source: Source) -> LogSize:
            return log_size(source, self._aws, self._needed())

        return with_fills(plan, sizes, self._now(), traffic, only_again=only_again)

    def apply(
        self,
        definitions: object,
        *,
        message: str = "",
        commit: str = "",
        refill: str | Iterable[str] = (),
        planned: Plan | None = None,
    ) -> Plan:
        """Publish definitions, make the tables of their logs, and schedule their cuts.

        Applying again mends what an interrupted apply left out. `log` tells who applied what.

        Args:
            definitions: a module, definitions, or lists of them.
            message: why, for the log.
            commit: of the definitions' repository, for the log.
            refill: new majors of views, as `name@version`, that may fill most of their features a
                second time from a large log. Elsewhere nobody is asked.
            planned: what `plan` said. If it is given, nothing is done if others published since,
                and something else would be done now than was planned.

        Raises:
            DefinitionError: the definitions do not go together.
            PublishError: they would change what a published version means, a Python function
                fails on drawn examples, a view is not named in `refill`, or the plan is another by
                now; nothing is published.
            InputError: `refill` names a view that is not among the definitions.
        """
        wanted = Definitions.collect(definitions)
        plan, _ = self._compared(wanted)
        if plan.is_refused:
            raise PublishError(f"nothing was published.\n{plan}")
        if planned is not None and (new := plan.beyond(planned)):
            told = "\n".join(map(str, new))
            raise PublishError(
                f"nothing was published: store {self.name!r} changed since the plan was made"
                f"{self._by_whom()}. It would now also do this; look at the plan again:\n{told}"
            )
        plan = self._checked(plan, refill)
        self._carry_out(plan, wanted, commit, message)
        return plan

    def _checked(self, plan: Plan, refill: str | Iterable[str]) -> Plan:
        """Refuse to fill much a second time unless it is named."""
        plan = self._with_fills(plan, only_again=True)
        check_refills(plan.changes, refill)
        return plan

    def _carry_out(self, plan: Plan, wanted: Definitions, commit: str, message: str) -> None:
        """Publish what a plan says, which refuses nothing."""
        self._workbench.prove(plan, wanted)
        self._workbench.prepare(wanted.sources)
        by = self._aws.caller() if plan.has_changes else ""
        self._registry.publish(plan, self.clock(), by=by, commit=commit, message=message)
        self.refresh()
        self._workbench.schedule(lambda: self.published.live_views)
        if self.published.is_unfinished:
            self._registry.finish()
        self._keep_snapshot(is_behind=plan.has_changes)

    def _keep_snapshot(self, *, is_behind: bool = True) -> None:
        """Write the registry's snapshot; a failure undoes nothing, and is told."""
        from skewless.registry.snapshot import SnapshotObject  # noqa: PLC0415 - no part of serving

        try:
            SnapshotObject(self._aws, self._needed()).keep(is_behind=is_behind)
        except StoreError as error:
            warnings.warn(
                f"the registry is written as it should be, but {error}. The next apply writes the "
                "snapshot",
                stacklevel=4,
            )

    def deprecate(self, name: str, *, successor: str = "", reason: str = "") -> list[str]:
        """Tell whoever uses a version that there is a better one. Everything goes on as it was.

        `lock` and `get_historical_features` warn, and `plan` warns of what reads it.

        Args:
            name: a view or service as `name@version`; a major version with all that was added.
            successor: what to use instead, as `name@version`; it must be published.
            reason: why.

        Returns:
            What was marked.

        Raises:
            InputError: the name has no version.
            UnknownNameError: nothing has the name, or the successor's.
        """
        return self._mark(name, State.DEPRECATED, successor, reason)

    def yank(self, name: str, *, successor: str = "", reason: str = "") -> list[str]:
        """Let nothing new be locked to a version. Locks that are there keep serving.

        The arguments, results and errors are those of `deprecate`.
        """
        return self._mark(name, State.YANKED, successor, reason)

    def restore(self, name: str, *, reason: str = "") -> list[str]:
        """Take the marks of `deprecate` and `yank` away from a version again.

        What is retired stays so.
        """
        return self._mark(name, None, "", reason)

    def retire(
        self,
        *names: str,
        successor: str = "",
        reason: str = "",
        latest: bool = False,
        dry_run: bool = False,
    ) -> Retirement:
        """Serve versions no more, for good: cuts end, online items are removed, history stays.

        It is refused while a view, a service or a registered lock stands on a version that is not
        retired as well. Whoever reads a retired version online gets an error; by a lock that is
        not registered, nulls that are stale and say why. Training goes on.

        Readers may remember for a while that a version is served. Then `removable_at` says when to
        run it again, which removes the items. It looks through the whole online table.

        Args:
            names: views and services as `name@version`; of a view a whole major version.
            successor: what to use instead, as `name@version`; it must be published.
            reason: why.
            latest: also versions that a name without a version means; it is an error from then on.
            dry_run: change nothing, and say how many items there are.

        Raises:
            InputError: a name has no version, or is a part of a view.
            PublishError: something stands on a version; it says what, and the way out.
            UnknownNameError: nothing has the name, or the successor's.
            StoreError: AWS refused; run it again to finish.
        """
        from skewless.retiring import Retiring  # noqa: PLC0415 - needs the training extra

        self._for_all("a retirement")
        checked_reason(reason)
        work = Retiring(
            registry=self._registry, bench=self._workbench, models=self.models, now=self._now
        )
        if dry_run:
            return work.preview(names, is_latest=latest)
        try:
            done = work.run(
                names,
                successor=successor,
                reason=reason,
                is_latest=latest,
                by=self._aws.caller(),
            )
        finally:
            self.refresh()
        self._keep_snapshot()
        return done

    def _mark(self, name: str, state: State | None, successor: str, reason: str) -> list[str]:
        self._for_all("a mark")
        checked_reason(reason)
        published = self._registry.load()
        found = versions_of(published, name)
        for identity in found:
            mark = published.marks.get(identity)
            if is_retired(mark):
                raise InputError(
                    f"{identity} {mark}, and that is for good: its online items are gone. To serve "
                    "the same values again, publish them as a new version; its first cut fills it "
                    "from history"
                )
        if successor:
            versions_of(published, successor)
        by, at, mark = self._aws.caller(), self.clock(), None
        if state is not None:
            mark = Mark(state=state, reason=reason, successor=successor, by=by, at=at)
        self._registry.mark(found, mark, at, by=by, why=reason, before=published.marks)
        self.refresh()
        self._keep_snapshot()
        return [*map(str, found)]

    def lineage(self) -> Lineage:
        """Return the graph of columns, features, services, training sets and deployed models.

        Its `upstream` says what something is made of, its `downstream` what stands on it.
        """
        from skewless.registry.lineage import Lineage  # noqa: PLC0415 - no part of serving

        return Lineage.of(self.published, self.models())

    def openlineage(self, *, producer: str) -> list[dict[str, Any]]:
        """Return lineage as OpenLineage's events, to be sent to what collects them, one by one.

        There is an event of each source, of each view, service and deployed model with what it
        reads, column by column, and of the run that wrote each view's last cut. A run's events
        have the instant of the cut, and stay the same.

        Args:
            producer: a URI of what emits them, such as the address of your definitions' repository.

        Raises:
            InputError: the producer is no URI.
        """
        from skewless.emitting import openlineage  # noqa: PLC0415 - no part of serving

        return openlineage(
            self._aws,
            self._needed(),
            self._table,
            self.published,
            self.models(),
            producer=producer,
            at=self.clock(),
        )
