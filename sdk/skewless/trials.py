"""Trials: definitions tried in namespaces of a store, promoted, dropped and swept.

The module imports neither history nor what cuts views: a namespace is read online without them.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from skewless.definitions.duration import Duration
from skewless.definitions.entity import Entity
from skewless.definitions.expression import to_datetime
from skewless.errors import InputError, PublishError
from skewless.materialize.sweep import Sweep
from skewless.online.estimate import estimates
from skewless.online.pace import settling
from skewless.online.view_items import ViewItems
from skewless.registry.namespaces import DevNamespace, Namespaces
from skewless.registry.published import Published
from skewless.registry.trial import trial_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from skewless.aws import Aws, Resources
    from skewless.definitions.collection import Definition, Definitions
    from skewless.materialize.sweep import Swept
    from skewless.registry.changes import Plan
    from skewless.registry.registry import Registry
    from skewless.registry.trial import Overlay
    from skewless.workbench import Workbench

EXPIRES = "7d"
_LONGEST = "90d"


class Shown(NamedTuple):
    """A namespace, and what it shows."""

    namespace: DevNamespace
    on_top: Overlay


class Trials:
    """The namespaces of a store, and what they leave."""

    def __init__(
        self,
        aws: Aws,
        resources: Resources,
        registry: Registry,
        bench: Callable[[], Workbench],
        now: Callable[[], int],
    ) -> None:
        """Set up.

        Args:
            aws: where the store is.
            resources: the store's.
            registry: what is published.
            bench: the half of the store that needs the training extra.
            now: the store's clock, in microseconds.
        """
        self._aws = aws
        self._registry = registry
        self._bench = bench
        self._now = now
        self.namespaces = Namespaces(aws, resources.registry_table)
        self._items = ViewItems(aws, resources.online_table)

    def live(self, name: str) -> DevNamespace:
        """Read a namespace.

        Raises:
            InputError: there is none, or it expired.
        """
        found = self._there(name)
        if found.is_expired(self._passing()):
            raise InputError(
                f"namespace {name!r} expired at {found.expires_at.isoformat()}. Apply its "
                "definitions again to go on with it"
            )
        return found

    def show(self, name: str) -> Shown:
        """Read a namespace over what is published now.

        Raises:
            InputError: there is none, or it expired.
            DocumentError: it does not go with what is published, or was edited.
        """
        found = self.live(name)
        return Shown(found, found.trial.on_top(self._registry.load(), name))

    def with_all(self) -> Published:
        """Return what is published and all that is tried, also what expired: for an erasure.

        One name may stand for several definitions there.

        Raises:
            InputError: an entity that is tried has other keys than another of its name.
            DocumentError: a namespace cannot be read.
        """
        published = self._registry.load()
        found: list[Definition] = [*published.definitions]
        entities = {item.name: item for item in published.definitions.entities}
        for namespace in self.namespaces.all():
            own = namespace.trial.on_top(published, namespace.name).own
            for item in own:
                if isinstance(item, Entity):
                    other = entities.setdefault(item.name, item)
                    if other.keys != item.keys:
                        raise InputError(
                            f"namespace {namespace.name!r} tries an entity {item.name!r} with "
                            "other keys than another of its name: which one is meant cannot be "
                            f"told. Drop one first: skewless dev --drop {namespace.name}"
                        )
            found += own
        return Published.of(found, published.marks)

    def plan(self, wanted: Definitions) -> Plan:
        """Say what `apply` would try; see `FeatureStore.plan`."""
        return _estimated(trial_of(self._registry.load(), wanted)[1])

    def apply(
        self,
        name: str,
        wanted: Definitions,
        *,
        message: str,
        commit: str,
        expires: str | timedelta | Duration | None,
    ) -> Plan:
        """Replace a namespace's trial; see `FeatureStore.apply`."""
        length = _length(EXPIRES if expires is None else expires)
        seen = self.namespaces.find(name)
        trial, plan, numbered = trial_of(self._registry.load(), wanted)
        self._bench().prove(plan, numbered)
        at, by = to_datetime(self._passing()), self._aws.caller()
        self.namespaces.put(
            DevNamespace(
                name=name,
                owner=by,
                by=by,
                created_at=at,
                applied_at=at,
                expires_at=at + timedelta(microseconds=length.microseconds),
                message=message,
                commit=commit,
                trial=trial,
            ),
            seen,
        )
        self.sweep()
        return _estimated(plan)

    def promotion(self, name: str, names: Collection[str]) -> tuple[Plan, Definitions]:
        """Say what promoting a namespace would publish; see `FeatureStore.promote`."""
        seen = self.live(name)
        plan, wanted = seen.trial.promotion(self._registry.load(), name, names)
        if not plan.changes:
            raise InputError(f"namespace {name!r} has nothing that is not published")
        return _estimated(plan), wanted

    def checked_promotion(
        self, name: str, names: Collection[str], planned: Plan | None
    ) -> tuple[Plan, Definitions, DevNamespace]:
        """Say what promoting a namespace publishes, after what is half removed is gone.

        Raises:
            PublishError: it is not what was planned.
        """
        self.sweep()  # a view whose items are half removed could not be cut
        seen = self.live(name)
        plan, wanted = self.promotion(name, names)
        if planned is not None and planned.changes != plan.changes:
            raise PublishError(
                "nothing was published: the namespace, or what is published, changed since the "
                f"plan was made. Look at the plan again; it is now\n{plan}"
            )
        return plan, wanted, seen

    def drop(self, name: str) -> Swept:
        """Remove a namespace with all that it made; see `FeatureStore.drop`."""
        self.namespaces.drop(self._there(name), _machine_now())
        return self.sweep()

    def sweep(self, *, at_once: bool = False) -> Swept:
        """Remove what expired, and what replaced and dropped trials left.

        Args:
            at_once: also look again at what dying cuts may have left, however young.
        """
        return Sweep(
            self.namespaces,
            self._registry.load,
            self._items,
            self._passing(),
            _machine_now(),
            settling(self._aws.endpoint),
        ).run(at_once=at_once)

    def begin_filling(self, seen: DevNamespace, partitions: Iterable[str]) -> None:
        """Note in a namespace that cuts of its views begin.

        Raises:
            InputError: it was dropped or replaced meanwhile.
        """
        if self.namespaces.removals():
            self.sweep()  # what is left of an earlier trial of the same view
        for partition in partitions:
            self.namespaces.fill(seen, partition)

    def end_failed(self, partitions: Iterable[str]) -> None:
        """Remove what a cut wrote if its namespace was dropped while it ran."""
        self.namespaces.note(partitions, _machine_now())
        self.sweep()

    def _there(self, name: str) -> DevNamespace:
        found = self.namespaces.find(name)
        if found is None:
            known = ", ".join(repr(each.name) for each in self.namespaces.all()) or "none"
            raise InputError(f"there is no namespace {name!r}; there is {known}. Apply makes one")
        return found

    def _passing(self) -> int:
        """Return the instant by which trials expire.

        A store whose clock was set ahead, for a test, must end nobody's trial.
        """
        return min(self._now(), _machine_now())


def _machine_now() -> int:
    return time.time_ns() // 1000


def _estimated(plan: Plan) -> Plan:
    return plan.with_estimates(estimates(plan.definitions.views))


def _length(given: str | timedelta | Duration) -> Duration:
    try:
        length = Duration.parse(given)
    except ValueError as error:
        raise InputError(f"expires: {error}") from error
    if not Duration(0) < length <= Duration.parse(_LONGEST):
        raise InputError(
            f"expires is {given!r}; a trial lasts longer than no time and at most {_LONGEST}. "
            "What is to stay is published: skewless promote"
        )
    return length
