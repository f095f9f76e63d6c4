"""DevelopingStore: a store seen through a namespace. It delegates all work to other modules."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from skewless.carrying import CarryingStore
from skewless.compiler.document import encode
from skewless.compiler.plan import plan_view
from skewless.definitions.collection import Definitions
from skewless.definitions.refresh import Stream
from skewless.definitions.view import view_behind
from skewless.errors import InputError, OnlineStoreError
from skewless.later import Later
from skewless.online.address import view_partition
from skewless.online.view_reader import is_cut
from skewless.registry.identity import Identity
from skewless.registry.retired import check_live
from skewless.registry.selection import find_parts
from skewless.relocking import RelockingStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta
    from typing import Self

    from skewless.compiler.document import Document
    from skewless.compiler.plan import ViewPlan
    from skewless.cost.traffic import Traffic
    from skewless.definitions.duration import Duration
    from skewless.definitions.service import AnyView, View
    from skewless.definitions.view import FeatureView
    from skewless.materialize.sweep import Swept
    from skewless.registry.change import Change
    from skewless.registry.changes import Plan
    from skewless.registry.namespaces import DevNamespace
    from skewless.registry.published import Published
    from skewless.registry.refills import check_promoted
    from skewless.trials import Trials
else:  # no part of serving
    check_promoted = Later("skewless.registry.refills", "check_promoted")


class DevelopingStore(RelockingStore):
    """A store with namespaces, in which definitions are tried without being published."""

    _shown: DevNamespace | None = None
    _tried: frozenset[int] = frozenset()

    def dev(self, name: str) -> Self:
        """Return the store as a namespace shows it: what is published, with its trial on top.

        `apply` then replaces the trial, at will and whatever version is written. Training sets,
        cuts, online reads and `verify` work with it, and nobody else sees it. `promote` publishes
        it.

        Args:
            name: of a person or a branch: lower case letters, digits and hyphens.

        Raises:
            InputError: no namespace can have the name.
            StoreError: the store was opened from a lock.
        """
        from skewless.registry.namespaces import checked_name  # noqa: PLC0415 - no part of serving

        resources = self._needed()
        return type(self)(self._aws, resources, clock=self.clock, namespace=checked_name(name))

    @property
    def namespace(self) -> str | None:
        """The namespace through which the store is seen; None if through none."""
        return self._namespace

    def namespaces(self) -> list[DevNamespace]:
        """Return all namespaces by name, also those that expired and are not swept yet."""
        return self._trials.namespaces.all()

    def plan(self, definitions: object, *, traffic: Traffic | None = None) -> Plan:
        """Say what `apply` would change and what it costs; change nothing.

        Args:
            definitions: a module, definitions, or lists of them.
            traffic: an average day once they are published, as `traffic()` measures it or as is
                expected. Then the plan says what a month costs before and after. A trial is cut by
                hand, and has none.

        Raises:
            DefinitionError: the definitions do not go together.
            InputError: the traffic leaves out a view's entity or source, or names another.
        """
        if self._namespace is None:
            return super().plan(definitions, traffic=traffic)
        if traffic is not None:
            self._for_all("a month's cost")
        return self._trials.plan(Definitions.collect(definitions))

    def apply(
        self,
        definitions: object,
        *,
        message: str = "",
        commit: str = "",
        refill: str | Iterable[str] = (),
        planned: Plan | None = None,
        expires: str | timedelta | Duration | None = None,
    ) -> Plan:
        """Publish definitions, make the tables of their logs, and schedule their cuts.

        Applying again mends what an interrupted apply left out. `log` tells who applied what.

        Of a store seen through a namespace, `store.dev(name)`, it replaces the trial instead.
        Versions are computed, whatever is written: the plan says what is tried. It expires that
        long after the last apply.

        Args:
            definitions: a module, definitions, or lists of them.
            message: why, for the log.
            commit: of the definitions' repository, for the log.
            refill: new majors of views, as `name@version`, that may fill most of their features a
                second time from a large log. Elsewhere nobody is asked, nor of a trial, which is
                filled by hand.
            planned: what `plan` said, of what is published. If it is given, nothing is done if
                others published since, and something else would be done now than was planned.
            expires: of a trial alone: after how long, such as "3d"; "7d" if None, at most "90d".

        Raises:
            DefinitionError: the definitions do not go together.
            InputError: `expires` is no such time.
            PublishError: they would change what a published version means, or a Python function
                fails on drawn examples; a trial would make or change a log, or somebody applied to
                it just now. Nothing is published.
        """
        if self._namespace is None:
            if expires is not None:
                raise InputError("expires: what is published stays; store.dev(name) is for trials")
            return super().apply(
                definitions, message=message, commit=commit, refill=refill, planned=planned
            )
        plan = self._trials.apply(
            self._namespace,
            Definitions.collect(definitions),
            message=message,
            commit=commit,
            expires=expires,
        )
        self.refresh()
        return plan

    def plan_promotion(
        self, names: str | Iterable[str] = (), *, to: CarryingStore | None = None
    ) -> Plan:
        """Say what `promote` would change; change nothing.

        The arguments and errors are those of `promote`; what another store refuses is in the plan.
        """
        if self._namespace is None:
            return super().plan_promotion(names, to=_given(to))
        self._check_here(to)
        return self._trials.promotion(self._namespace, _listed(names))[0]

    def promote(
        self,
        names: str | Iterable[str] = (),
        *,
        to: CarryingStore | None = None,
        message: str = "",
        planned: Plan | None = None,
    ) -> Plan:
        """Publish versions of this store in another, or what is tried in a namespace in this store.

        What is carried to another store are the published documents, with all that they stand on.
        They have the same fingerprints afterwards. Logs, items and marks are not carried.

        Of a store seen through a namespace, `store.dev(name)`, the documents are published that
        were tried. Their versions are computed anew, as others may have published meanwhile. A view
        that keeps its version is served from the cuts of the trial, and is not filled again. Once
        all is published the namespace is gone.

        Args:
            names: views and services: `view`, `view@1` with all that was added to it, or
                `view@1.2`, what that one has. Of a namespace: names alone; all if none.
            to: the other store, in this account or another; None of a namespace.
            message: why, for the log of where it is published.
            planned: what `plan_promotion` said. If it is given, nothing is done if what is
                published there has changed since.

        Raises:
            UnknownNameError: nothing has a name.
            InputError: a version is yanked, or both are one store; a namespace is empty or expired.
            PublishError: another meaning is published under a version, or something changed; or a
                view would fill a large log's features a second time, and is not named itself.
        """
        if self._namespace is None:
            return super().promote(names, to=_given(to), message=message, planned=planned)
        self._check_here(to)
        chosen = _listed(names)
        plan, wanted, seen = self._trials.checked_promotion(self._namespace, chosen, planned)
        check_promoted(self._unfilled(plan), chosen)
        why = f"promoted from namespace {seen.name!r}"
        message = f"{message} ({why})" if message else why
        # Schedules follow what is published, which is less than this store shows.
        store = type(self)(self._aws, self._needed(), clock=self.clock)
        store._carry_out(plan, wanted, seen.commit, message)  # noqa: SLF001 - the same class
        if not chosen:
            self._trials.drop(self._namespace)
        self.refresh()
        return plan

    def _unfilled(self, plan: Plan) -> list[Change]:
        """Return a promotion's changes, with fills, but those that cuts of the trial spare."""
        views = {Identity.of(view): view for view in plan.definitions.views}

        def is_spared(change: Change) -> bool:
            if change.fill is None or not change.fill.is_guarded:
                return False
            return is_cut(self._table, plan_view(views[change.identity]))

        changes = self._with_fills(plan, only_again=True).changes
        return [change for change in changes if not is_spared(change)]

    def drop(self) -> Swept:
        """Remove the namespace with all that it made, at once.

        Raises:
            InputError: the store is seen through no namespace, or there is none of its name.
            PublishError: somebody applied to it, or filled it, just now.
        """
        swept = self._trials.drop(self._named())
        self.refresh()
        return swept

    def sweep(self) -> Swept:
        """Remove namespaces that expired, and what replaced and dropped trials left.

        Each apply and drop of a namespace does it too, and so does the daily check on AWS.
        """
        return self._trials.sweep()

    def _load(self) -> Published:
        if self._namespace is None:
            return super()._load()
        shown = self._trials.show(self._namespace)
        self._shown = shown.namespace
        self._tried = frozenset(map(id, shown.on_top.own))
        return shown.on_top.published

    def _is_tried(self, view: View) -> bool:
        return id(view) in self._tried

    def _check_here(self, to: CarryingStore | None) -> None:
        if to is not None:
            raise InputError(
                f"to: what is tried in namespace {self._namespace!r} is published in this store "
                "first; then promote it to another one"
            )

    def _named(self) -> str:
        if self._namespace is None:
            raise InputError("the store is seen through no namespace: store.dev(name), --dev NAME")
        return self._namespace

    def _tried_documents(self, views: Iterable[AnyView]) -> list[Document]:
        """Return the documents of a trial that views are made of, for a manifest.

        Nobody could look them up later: a trial is replaced, and expires.
        """
        if not self._tried:
            return []
        read = Definitions.collect([view_behind(view) for view in views])
        return [encode(item) for item in read if id(item) in self._tried]

    def _look_again(self) -> None:
        """Before an online read: a trial that expired or was replaced is not read any more."""
        if self._namespace is not None:
            shown = self._trials.live(self._namespace)
            if self._shown is None or self._shown.generation != shown.generation:
                self.refresh()

    def _check_online(self, views: Iterable[FeatureView]) -> None:
        for view in views:
            if self._is_tried(view) and isinstance(view.refresh, Stream):
                raise InputError(
                    f"{view} is tried in namespace {self._namespace!r}, and has history only: "
                    "producers write the items of stream views, and see what is published alone. "
                    'Try it with refresh=Every("1h"), or promote it'
                )

    @contextmanager
    def _filling(self, view: object) -> Iterator[list[ViewPlan]]:
        """Give the plans of the parts of a view that are to be cut.

        Those of a trial are noted in its namespace before, so that a drop finds what they write.

        Raises:
            InputError: in a namespace: the view is published, or a stream.
        """
        if self._namespace is None:
            parts = find_parts(self.published, view)
            check_live(self.published, parts)
            yield [self.published.plan(part) for part in parts]
            return
        self.refresh()
        parts = find_parts(self.published, view)
        plans = [self.published.plan(part) for part in parts if self._is_tried(part)]
        if not plans:
            raise InputError(
                f"{parts[-1]} is published, and its cuts are everybody's: materialize it without "
                f"namespace {self._namespace!r}"
            )
        self._check_online(plan.view for plan in plans)
        partitions = [view_partition(plan) for plan in plans]
        assert self._shown is not None  # noqa: S101 - `published` has read it
        self._trials.begin_filling(self._shown, partitions)
        try:
            yield plans
        except OnlineStoreError:
            self._trials.end_failed(partitions)
            raise

    @property
    def _trials(self) -> Trials:
        from skewless.trials import Trials  # noqa: PLC0415 - no part of serving

        return Trials(self._aws, self._needed(), self._registry, lambda: self._workbench, self._now)


def _given(to: CarryingStore | None) -> CarryingStore:
    if to is None:
        raise InputError("to: name the other store; of a trial, its namespace: store.dev(name)")
    if isinstance(to, CarryingStore):  # anything else is refused where it is used
        to._for_all("a promotion to a store")  # noqa: SLF001 - of this class
    return to


def _listed(names: str | Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else [*names]
