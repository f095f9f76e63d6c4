"""PublishingStore: what a store says of definitions. It delegates all work to other modules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skewless.definitions.clock import as_microseconds
from skewless.definitions.collection import Definitions
from skewless.definitions.expression import to_datetime
from skewless.errors import PublishError
from skewless.online.estimate import estimate
from skewless.opened import OpenedStore
from skewless.registry.changes import Month, compare
from skewless.registry.lock import LockedResources, write_lock
from skewless.registry.pinned import check_overwrite
from skewless.registry.selection import resolve

if TYPE_CHECKING:
    from pathlib import Path

    from skewless.cost.traffic import Traffic
    from skewless.definitions.clock import Instant
    from skewless.registry.apply_log import LogEntry
    from skewless.registry.changes import Plan
    from skewless.registry.lineage import Lineage
    from skewless.registry.published import Published


class PublishingStore(OpenedStore):
    """A store whose definitions can be planned, published, looked at and locked."""

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
        wanted = Definitions.collect(definitions)
        published = self._registry.load()
        plan = compare(published.definitions, wanted)
        views = plan.definitions.views
        plan = plan.with_estimates({(item.name, item.version): estimate(item) for item in views})
        if traffic is None or plan.is_refused:
            return plan
        from skewless.cost import predict_change  # noqa: PLC0415 - no part of serving

        before, after = predict_change(published, plan.definitions, traffic)
        return replace(plan, month=Month(before.to_dict(), after.to_dict()))

    def apply(self, definitions: object, *, message: str = "", commit: str = "") -> Plan:
        """Publish definitions, make the tables of their logs, and schedule their cuts.

        Applying again mends what an interrupted apply left out. `log` tells who applied what.

        Args:
            definitions: a module, definitions, or lists of them.
            message: why, for the log.
            commit: of the definitions' repository, for the log.

        Raises:
            DefinitionError: the definitions do not go together.
            PublishError: they would change what a published version means, or a Python function
                fails on drawn examples; nothing is published.
        """
        wanted = Definitions.collect(definitions)
        plan = self.plan(wanted)
        if plan.is_refused:
            raise PublishError(f"nothing was published.\n{plan}")
        self._workbench.prove(plan, wanted)
        self._workbench.prepare(wanted.sources)
        by = self._aws.caller() if plan.has_changes else ""
        self._registry.publish(plan, self.clock(), by=by, commit=commit, message=message)
        self.refresh()
        self._workbench.schedule(self.published.definitions.views)
        return plan

    def log(self, *, limit: int | None = None) -> list[LogEntry]:
        """Return who published what and when, the newest first.

        Args:
            limit: how many applies at most; all if None.
        """
        return self._registry.log(limit=limit)

    def published_at(self, at: Instant) -> Published:
        """Return what was published at an instant, words and columns as they were then."""
        return self._registry.load_at(to_datetime(as_microseconds(at, "at")))

    def lineage(self) -> Lineage:
        """Return the graph of what is published: columns, features and services.

        Its `upstream` says what something is made of, its `downstream` what stands on it.
        """
        from skewless.registry.lineage import Lineage  # noqa: PLC0415 - no part of serving

        return Lineage.of(self.published)

    def lock(
        self, features: object, path: str | Path = "skewless.lock", *, force: bool = False
    ) -> None:
        """Write a service's pinned serving plan, which ships with the inference code.

        Raises:
            InputError: the file is the lock of another service, and `force` is not set.
            UnknownNameError: nothing has the name.
        """
        chosen = resolve(self.published, features)
        if not force:
            check_overwrite(path, chosen, self.name)
        region = self._aws.client("dynamodb").meta.region_name
        write_lock(path, chosen, LockedResources.of(self._needed(), self._aws), region)
