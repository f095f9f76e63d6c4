"""The half of a store that needs the training extra: the log, history, cuts, verification.

`skewless.store` imports it when it is first needed, so that serving starts without it.
"""

from __future__ import annotations

import time
import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any

from skewless import __version__
from skewless.aws import Jobs
from skewless.definitions.refresh import Stream
from skewless.errors import InputError, StoreError
from skewless.ingest.backfill import Backfill
from skewless.ingest.front_door import FrontDoor
from skewless.ingest.quarantine import Quarantine
from skewless.ingest.undone import Undone
from skewless.jobs.executions import Executions
from skewless.jobs.schedules import Schedules
from skewless.materialize.cut import Materializer, together
from skewless.materialize.days import DayItems
from skewless.materialize.source_log import SourceLogs
from skewless.offline.engines.athena import AthenaEngine
from skewless.offline.engines.duckdb_engine import DuckDbEngine
from skewless.offline.engines.keys import logged_keys
from skewless.offline.engines.source_labels import RowsAsked, source_labels
from skewless.offline.lake.log import EventLog
from skewless.offline.lake.optimizers import TableOptimizers
from skewless.offline.lake.snapshots import Snapshots
from skewless.offline.query.mode import Mode
from skewless.offline.training.build import TrainingRequest, build_training_set
from skewless.offline.training.overflow import Errors
from skewless.offline.training.own_keys import Instants, own_labels
from skewless.offline.training.set_index import SetIndex
from skewless.offline.training.tried import try_functions
from skewless.online.address import view_partition
from skewless.online.pace import settling
from skewless.online.table import OnlineTable
from skewless.registry.identity import Identity
from skewless.registry.rewrites import RewriteLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pyarrow as pa

    from skewless.aws import Aws, Resources
    from skewless.compiler.document import Document
    from skewless.compiler.plan import SelectionPlan, ViewPlan
    from skewless.definitions.collection import Definitions
    from skewless.definitions.expression import Expr
    from skewless.definitions.source import Source
    from skewless.definitions.view import FeatureView
    from skewless.materialize.cut import Materialized, Progress
    from skewless.offline.engines.engine import Engine
    from skewless.offline.training.training_set import TrainingSet
    from skewless.registry.changes import Plan
    from skewless.registry.published import Published


class Workbench:
    """The parts that write, and that read history."""

    def __init__(self, aws: Aws, resources: Resources) -> None:
        self.resources = resources
        self.aws = aws
        self.log = EventLog(aws, resources)
        self.snapshots = Snapshots(aws, resources)
        self.optimizers = TableOptimizers(aws, resources)
        self.quarantine = Quarantine(aws, resources)
        self.sets = SetIndex(aws, resources.bucket)
        self.table = OnlineTable(aws, resources.online_table)
        self.rewrites = RewriteLog(aws, resources.registry_table)
        self.days = DayItems(self.log, self.table)
        self.undone = Undone(self.log, self.days)
        self.front_door = FrontDoor(
            aws, self.log, self.quarantine, self.table, self.rewrites, self.days, self.undone
        )
        self.history = Backfill(
            aws, self.log, self.quarantine, self.table, self.rewrites, self.days
        )

    def engine(self, name: str | None) -> Engine:
        """Return an engine by name, the store's own by default.

        Raises:
            InputError: no engine has the name.
        """
        match name or self.resources.engine:
            case "athena":
                return AthenaEngine(self.aws, self.resources, logs=self.log)
            case "duckdb":
                return DuckDbEngine(self.log)
            case other:
                raise InputError(f"engine is {other!r}; it is 'athena' or 'duckdb'")

    def prove(self, plan: Plan, wanted: Definitions) -> None:
        """Run the Python functions that a plan publishes on drawn examples.

        Raises:
            PublishError: training and serving differ, or one never returns what it should.
        """
        new = {str(each.identity) for each in plan.changes if each.published is None}
        try_functions(view for view in wanted.on_demand_views if str(Identity.of(view)) in new)

    def prepare(self, sources: Iterable[Source]) -> None:
        """Make or extend the log's tables, and have Glue optimize them."""
        for source in sources:
            if source.table is None:
                self.log.create(source)
                self.log.evolve(source)
                self.optimizers.ensure(source.name)

    @cached_property
    def jobs(self) -> Jobs | None:
        """The resources that run cuts; None if no jobs are deployed, as on the local AWS."""
        return Jobs.fetch(self.resources.store, self.aws)

    def schedule(self, views: Callable[[], Iterable[FeatureView]]) -> list[str]:
        """Let the schedules follow the published views; return those that changed.

        Args:
            views: reads all that are published; see `Schedules.follow`.
        """
        if self.jobs is None:
            return []
        # The machine's clock: schedules follow real time, also if the store's clock stands still.
        return Schedules(self.aws, self.jobs).follow(views, time.time_ns() // 1000)

    @property
    def executions(self) -> Executions:
        """The executions of the store's state machine.

        Raises:
            StoreError: the store has none.
        """
        if self.jobs is None:
            raise StoreError(
                f"store {self.resources.store!r} has no state machine: its stack of jobs is not "
                "deployed. materialize(view) runs a cut in this process"
            )
        return Executions(self.aws, self.jobs)

    def logged_keys(
        self, view: FeatureView, *, sample: int | None, seed: str, engine: str | None
    ) -> pa.Table:
        """Return keys of a view's entity in its source's log; see `FeatureStore.logged_keys`."""
        return logged_keys(view, self.engine(engine), sample=sample, seed=seed)

    def training_set(  # noqa: PLR0913 - what a training set is made of
        self,
        frame: Any,
        plan: SelectionPlan,
        *,
        mode: str,
        timestamp: str,
        full_names: bool,
        watermark: str | None,
        snapshots: Mapping[str, int | None],
        engine: str | None,
        with_status: bool,
        errors: str,
        unpublished: Sequence[Document] = (),
        instants: Instants | None = None,
    ) -> TrainingSet:
        """Build a training set; see `FeatureStore.get_historical_features`."""
        chosen = mode_of(mode, watermark)
        about: dict[str, Any] = {
            "store": self.resources.store,
            "engine": engine or self.resources.engine,
            "skewless": __version__,
        }
        chosen_engine = self.engine(engine)
        if instants is not None:
            # Keys and features are read at the same state of each table.
            snapshots = {**self._pinned(plan), **snapshots}
            frame = own_labels(plan, chosen_engine, instants, chosen, timestamp, snapshots)
            about["instants"] = instants.document()
        request = TrainingRequest(
            frame,
            plan,
            chosen,
            timestamp,
            watermark,
            snapshots,
            about,
            full_names,
            with_status,
            Errors.of(errors),
            unpublished,
        )
        return build_training_set(request, chosen_engine, self.snapshots, self.aws, self.sets)

    def labels(  # noqa: PLR0913 - as `FeatureStore.labels` says
        self,
        source: Source,
        published: Published,
        *,
        columns: Sequence[str] | None,
        where: Expr | None,
        start: int | None,
        end: int | None,
        timestamp: str,
        engine: str | None,
    ) -> pa.Table:
        """Make labels of a source's rows; see `FeatureStore.labels`."""
        keys = {
            name
            for entity in published.definitions.entities
            if entity.keys.items() <= source.columns.items()
            for name in entity.keys
        }
        ordered = [name for name in source.columns if name in keys]
        asked = RowsAsked.of(source, ordered, columns, where, start, end, timestamp)
        return source_labels(asked, self.engine(engine))

    def instants(self, frame: Any, start: Any, end: Any, every: Any) -> Instants | None:
        """Return the instants of labels of no frame; see `FeatureStore.get_historical_features`."""
        return Instants.of(frame, start, end, every)

    def _pinned(self, plan: SelectionPlan) -> dict[str, int | None]:
        pins = {}
        for source in dict.fromkeys(item.view.source for item in plan.views):
            pin = self.snapshots.pin(source)
            if not pin.why_not:
                pins[source.name] = pin.snapshot
        return pins

    def materialize(
        self,
        parts: Sequence[ViewPlan],
        cut: int | None,
        now: int,
        *,
        engine: str | None,
        progress: Progress | None,
        is_trial: bool = False,
    ) -> Materialized:
        """Run a cut of each part of a view; see `FeatureStore.materialize`."""
        table = self.table
        if is_trial:
            table = OnlineTable(self.aws, self.resources.online_table, run=uuid.uuid4().hex)
        materializer = Materializer(
            self.engine(engine),
            table,
            self.rewrites,
            SourceLogs(self.aws, self.resources, is_trial),
            self.days.rebuild,
            settling(self.aws.endpoint),
        )
        return together([materializer.run(part, cut, now, progress) for part in parts])

    def repair(self, plan: ViewPlan, published: Published) -> None:
        """Rebuild a stream view's day items; see `FeatureStore.repair`."""
        cut = self.table.read_watermark(view_partition(plan)).cut
        if not isinstance(plan.view.refresh, Stream) or cut is None:
            raise InputError(
                f"{plan.view} has no items of the day to repair: it is no stream, or was never "
                "cut; materialize it"
            )
        self.days.rebuild(plan, cut)
        self.undone.finish_all(plan.view.source, published)


def mode_of(name: str, watermark: str | None) -> Mode:
    """Return the mode of a name.

    Raises:
        InputError: there is none, or it does not go with the watermark.
    """
    try:
        mode = Mode(name)
    except ValueError as error:
        known = ", ".join(repr(item.value) for item in Mode)
        raise InputError(f"mode is {name!r}; it is one of {known}") from error
    if (mode is Mode.REPLAY) != (watermark is not None):
        raise InputError(
            "mode='replay' and watermark='column' go together: the column of entity_df says up to "
            "which ingest time events counted when the vector was served"
        )
    return mode
