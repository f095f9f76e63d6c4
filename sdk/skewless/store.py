"""FeatureStore: what users and their programs call. It delegates all work to other modules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from skewless.definitions.clock import as_datetime, as_microseconds
from skewless.definitions.collection import Definitions
from skewless.definitions.expression import to_datetime
from skewless.definitions.foreign import ARGUMENTS, STORE, answering, hinted, other_word
from skewless.definitions.names import versioned
from skewless.definitions.view import FeatureView
from skewless.errors import PublishError
from skewless.online.estimate import estimate
from skewless.online.incoming import told_apart
from skewless.opened import OpenedStore
from skewless.registry.changes import Month, compare
from skewless.registry.lock import LockedResources, write_lock
from skewless.registry.pinned import check_overwrite
from skewless.registry.selection import find_parts, find_view, name_of, planned, resolve
from skewless.registry.unpublished import with_unpublished

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from skewless.cost.traffic import Traffic
    from skewless.definitions.clock import Instant
    from skewless.definitions.duration import Duration
    from skewless.definitions.expression import Expr
    from skewless.doctor.diagnosis import Diagnosis
    from skewless.erasure.report import Erasure
    from skewless.ingest.ingested import Ingested
    from skewless.jobs.executions import Execution
    from skewless.materialize.cut import Materialized, Progress
    from skewless.offline.training.training_set import TrainingSet
    from skewless.online.answer import Answer
    from skewless.registry.apply_log import LogEntry
    from skewless.registry.changes import Plan
    from skewless.registry.lineage import Lineage
    from skewless.registry.published import Published
    from skewless.verify import Report


@answering(ARGUMENTS)
class FeatureStore(OpenedStore):
    """A feature store on AWS, or on the local AWS.

    Make one with `connect`, `local` or `from_lock`.
    """

    def __getattr__(self, name: str) -> Any:
        return other_word(self, name, STORE)

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

    def backfill(
        self,
        source: object,
        frame: Any,
        *,
        rewrite: bool = False,
        again: bool = False,
        strict: bool = False,
    ) -> Ingested:
        """Load history: each row counts as known the source's `delay` after it happened.

        Args:
            source: a source or its name.
            frame: pandas, polars, Arrow, rows as dicts, a Parquet path or URI, a Glue table.
            rewrite: allow rows that count in values which were served already.
            again: load rows that are all in the log already; they count once more.
            strict: refuse the frame if a single row does not fit, instead of keeping the row in
                quarantine.

        Returns:
            How many rows are in the log, and every refused row with its reason.

        Raises:
            InputError: the frame as a whole does not fit the source; nothing was written.
            RepeatedLoadError: all rows are in the log already, and `again` is not set; nothing was
                written. A source with an `event_id` ignores repeats by itself.
            RewriteError: history was served already, and `rewrite` is not set; nothing was written.
        """
        return self._workbench.history.load(
            self.published.source(name_of(source)),
            self.published,
            frame,
            self._now(),
            reload=self._reloaded,
            rewrite=rewrite,
            again=again,
            strict=strict,
        )

    def ingest(self, source: object, frame: Any, *, strict: bool = False) -> Ingested:
        """Take in new events, stamped now: one front door for both stores.

        Args:
            source: a source or its name.
            frame: as for `backfill`.
            strict: as for `backfill`.

        Returns:
            How many rows are in the log, every refused row, every entity that failed by itself.

        Raises:
            InputError: the frame as a whole does not fit the source; nothing was written.
            ClockError: this machine's clock is too far from AWS's; nothing was written.
            OnlineStoreError: rows are in the log, not yet served; the next ingest finishes.
        """
        return self._workbench.front_door.ingest(
            self.published.source(name_of(source)),
            self.published,
            frame,
            self._now,
            reload=self._reloaded,
            checks_clock=self._has_own_clock(),
            strict=strict,
        )

    def materialize(
        self,
        view: object,
        cut: Instant | None = None,
        *,
        engine: str | None = None,
        progress: Progress | None = None,
    ) -> Materialized:
        """Write the online values of a cut, and commit it. Repeating it changes nothing.

        An entity that cannot be written is named in the result, and fails by itself. Of a view that
        features were added to, each part is cut by itself, at the same instant.

        Args:
            view: a view, `"view"` or `"view@version"`.
            cut: the instant; the latest that is due if None.
            engine: "athena" or "duckdb"; the store's own if None.
            progress: called with a word and a count while the cut is written.

        Raises:
            NotDueError: the cut lies in the future.
            InputError: the view is not cut at that instant.
        """
        return self._workbench.materialize(
            [self.published.plan(part) for part in find_parts(self.published, view)],
            None if cut is None else as_microseconds(cut, "cut"),
            self._now(),
            engine=engine,
            progress=progress,
        )

    def start_materialization(self, view: object, cut: Instant | None = None) -> Execution:
        """Start the cuts that are due on AWS, as the view's schedule does; do not wait for them.

        Args:
            view: a view, `"view"` or `"view@version"`.
            cut: the instant; the latest that is due if None.

        Returns:
            What was started; of a view that features were added to, that of its first part.

        Raises:
            StoreError: the store has no state machine, or AWS refused.
        """
        at = None if cut is None else to_datetime(as_microseconds(cut, "cut")).isoformat()
        started = [
            self._workbench.executions.start(versioned(part.name, part.version), at)
            for part in find_parts(self.published, view)
        ]
        return started[0]

    def redrive(self) -> list[Execution]:
        """Start again the cuts on AWS that gave up, once for each view.

        Raises:
            RedriveError: messages stay in the queue, as they could not be read or started.
            StoreError: the store has no state machine, or AWS refused.
        """
        return self._workbench.executions.redrive()

    def repair(self, view: object) -> None:
        """Write a stream view's items of today anew from the log.

        Use it after a process died between the log and the online store. What that process had
        ingested is in the log, and is not served until the view's next cut or until this call.

        Args:
            view: a view, `"view"` or `"view@version"`, with `refresh="stream"`.

        Raises:
            InputError: the view is no stream, or was never cut.
        """
        self.refresh()  # a view that others published since may lack the same events
        for part in find_parts(self.published, view):
            self._workbench.repair(self.published.plan(part), self.published)

    @hinted(ARGUMENTS)
    def get_historical_features(  # noqa: PLR0913 - all but the first two by keyword
        self,
        entity_df: Any,
        features: object,
        *,
        mode: str = "as_served",
        timestamp: str = "event_timestamp",
        full_names: bool = False,
        watermark: str | None = None,
        snapshots: Mapping[str, int | None] | None = None,
        engine: str | None = None,
        with_status: bool = False,
        errors: str = "raise",
        start: Instant | None = None,
        end: Instant | None = None,
        every: str | timedelta | Duration | None = None,
    ) -> TrainingSet:
        """Join labels with their features as of each label's instant.

        One row out for each row in, in the same order; all columns of the frame pass through.

        Args:
            entity_df: labels with key columns, instants and request fields: pandas, polars, Arrow,
                rows as dicts, a Parquet path or URI, a Glue table. None for the views' own keys,
                see `start`.
            features: a FeatureService, views, `view["feature"]`, or texts: a service's or view's
                name, `"view:feature"`, `"view@2:feature"`; or a list of these. A view that is not
                published needs its source published, and nothing else.
            mode: "as_served", the values that serving would have given; "event_time", which
                ignores when events became known, and leaks; "replay", see `watermark`.
            timestamp: the column of instants.
            full_names: name every output `view__feature`.
            watermark: for a replay, the column of the ingest times before which events count.
            snapshots: the snapshots to read, by source, as an earlier set's manifest says;
                `rebuild` does it all.
            engine: "athena" or "duckdb"; the store's own if None.
            with_status: add, for each view, as of when it was answered and whether it knew the
                entity: columns `skewless_as_of__<view>` and `skewless_status__<view>`.
            errors: "raise" if a value overflows the range of exact integers, or a Python function
                fails on a row; "null" makes such cells null, and counts them as `overflowed` and
                as `failed` in the manifest.
            start: without labels: the first instant. At each instant there is a row for each key
                that the views' sources had seen before it. Keys of several entities must be columns
                of one of the sources: its rows tell which go together.
            end: all instants lie before it.
            every: the time from one instant to the next, such as "1d".

        Raises:
            InputError: the labels do not fit the features.
            UnknownNameError: nothing has the name.
            QueryError: the engine failed.
            ValueOverflowError: values overflow; it names features, entities and rows.
            FunctionError: a Python function failed; it names features, rows and arguments.
        """
        features = list(features) if isinstance(features, Iterator) else features
        known, unpublished = with_unpublished(self.published, features)
        return self._workbench.training_set(
            entity_df,
            planned(known, features, full_names=full_names),
            mode=mode,
            timestamp=timestamp,
            full_names=full_names,
            watermark=watermark,
            snapshots=snapshots or {},
            engine=engine,
            with_status=with_status,
            errors=errors,
            unpublished=unpublished,
            instants=self._workbench.instants(entity_df, start, end, every),
        )

    def rebuild(
        self, entity_df: Any, manifest: Mapping[str, Any] | str | Path, *, engine: str | None = None
    ) -> TrainingSet:
        """Make a training set again as it was, whatever was ingested or published since.

        Args:
            entity_df: the labels that the set was made of; None if it was made of none.
            manifest: the set's `manifest`, or where it, or the set, was written.
            engine: "athena" or "duckdb", whichever made the set; the store's own if None.

        Raises:
            RebuildError: it cannot be made again, and why; or it came out differently.
            StoreError: a snapshot is gone; ErasedSnapshotError if an erasure took it.
        """
        from skewless.rebuild import manifest_at, rebuild  # noqa: PLC0415 - needs training

        made = manifest_at(manifest, self.aws)
        return rebuild(self._workbench.training_set, self.published, made, entity_df, engine)

    @hinted(ARGUMENTS)
    def get_online_features(
        self,
        features: object = None,
        entity_rows: Any = None,
        *,
        now: Instant | None = None,
        full_names: bool = False,
    ) -> Answer:
        """Read feature vectors for now.

        Args:
            features: as for `get_historical_features`; a locked store's own service if left out.
                A name without a version is the newest version of which every view has been cut.
            entity_rows: for each vector its keys and request fields: a dict, dicts, a pandas,
                polars or Arrow frame, or anything with the Arrow C stream interface.
            now: the instant, if not the clock's: for tests and replays.
            full_names: name every output `view__feature`.

        Returns:
            `rows` in the order asked for, and for each the `status` of each view.

        Raises:
            InputError: a key or request field is not there or does not fit; it says in which row.
            OnlineStoreError: DynamoDB did not answer in time.
        """
        features, rows = told_apart(features, entity_rows, is_locked=self._is_locked)
        reader = self._readers.reader(features, full_names=full_names)
        return reader.read(rows, None if now is None else as_microseconds(now, "now"))

    def verify(
        self,
        features: object,
        *,
        entity_rows: Any = None,
        sample: int = 100,
        instants: Iterable[Instant] | Instant | None = None,
        engine: str | None = None,
    ) -> Report:
        """Compare values by history with values by serving, as bits.

        Args:
            features: as for `get_historical_features`.
            entity_rows: keys and request fields to compare; drawn from the log if None.
            sample: how many rows to draw.
            instants: when to compare; now if None.
            engine: "athena" or "duckdb"; the store's own if None.
        """
        from skewless.verify import verify  # noqa: PLC0415 - needs the training extra

        given: Any = self.clock() if instants is None else instants
        if isinstance(given, str) or hasattr(given, "tzinfo"):
            given = [given]
        moments = [as_datetime(item) for item in given]
        return verify(self, features, entity_rows, sample, moments, engine)

    def forget(self, entity: object, key: object, *, dry_run: bool = False) -> Erasure:
        """Erase an entity from all that the store keeps; repeating it finishes a run that died.

        Args:
            entity: its Entity, or the name.
            key: the value of its key, or a mapping where the key has several columns.
            dry_run: say what would be removed, and change nothing.

        Raises:
            InputError: the key does not fit the entity, or no view and no source has it.
            StoreError: AWS refused; run it again to finish.
        """
        from skewless.erasure.forget import forget  # noqa: PLC0415 - needs the training extra

        # Read anew: a source that others published since may hold the key.
        return forget(self._workbench, self._reloaded, name_of(entity), key, is_dry_run=dry_run)

    def doctor(self) -> Diagnosis:
        """Examine all of the store's resources; each finding has its remedy."""
        from skewless.doctor.examination import examine  # noqa: PLC0415 - no part of serving

        return examine(self._aws, self._needed(), self._registry.load, self._now())

    def logged_keys(
        self,
        view: object,
        *,
        sample: int | None = None,
        seed: str = "",
        engine: str | None = None,
    ) -> Any:
        """Return the distinct complete keys of a view's entity in the log, as an Arrow table.

        Args:
            view: a view, `"view"` or `"view@version"`: whose entity and source.
            sample: how many at most, as if drawn at random; all if None.
            seed: the same seed draws the same keys from the same log.
            engine: "athena" or "duckdb"; the store's own if None.
        """
        found = view if isinstance(view, FeatureView) else find_view(self.published, view)
        return self._workbench.logged_keys(found, sample=sample, seed=seed, engine=engine)

    def traffic(
        self,
        *,
        days: int = 30,
        predictions: Mapping[str, float] | None = None,
        events_per_ingest: float = 1,
        readers: int = 1,
        engine: str | None = None,
    ) -> Traffic:
        """Measure the traffic that `skewless.cost.predict` and `plan` ask for, in the log.

        Each source is scanned once for each entity that has views of it: only keys and times, only
        these days. An entity counts if it had an event in them.

        Args:
            days: how many UTC days before today are looked at; events are averaged over them.
            predictions: by service or view, rows a day. The log does not know them.
            events_per_ingest: how many events a call of `ingest` brings.
            readers: how many processes serve.
            engine: "athena" or "duckdb"; the store's own if None.

        Raises:
            InputError: a number is none.
            QueryError: the engine failed.
        """
        from skewless.measured import measured_traffic  # noqa: PLC0415 - no part of serving

        return measured_traffic(
            self.published,
            self._workbench.engine(engine),
            self._now(),
            days=days,
            predictions=predictions or {},
            events_per_ingest=events_per_ingest,
            readers=readers,
        )

    def labels(
        self,
        source: object,
        *,
        columns: Sequence[str] | None = None,
        where: Expr | None = None,
        start: Instant | None = None,
        end: Instant | None = None,
        timestamp: str = "event_timestamp",
        engine: str | None = None,
    ) -> Any:
        """Make a frame of labels of a source's rows: a row is a label at the instant it happened.

        Features at that instant do not count the row itself, nor any other of the same instant: an
        event counts from after the instant at which it was known, and none is known before it
        happened.

        Args:
            source: a source or its name.
            columns: what to take beside keys and instants, such as the target; all if None.
            where: only rows for which this is true; deleted rows too, if it does not say otherwise.
            start: only rows that happened then or later.
            end: only rows that happened before.
            timestamp: the column for the instants.
            engine: "athena" or "duckdb"; the store's own if None.

        Returns:
            An Arrow table in order of the instants: the columns that are keys of published
            entities, the instants, then `columns`. Repeats of an `event_id` are left out.

        Raises:
            InputError: something does not fit the source.
            UnknownNameError: no such source is published, or it has no such column.
        """
        return self._workbench.labels(
            self.published.source(name_of(source)),
            self.published,
            columns=columns,
            where=where,
            start=None if start is None else as_microseconds(start, "start"),
            end=None if end is None else as_microseconds(end, "end"),
            timestamp=timestamp,
            engine=engine,
        )

    def current(self, features: object) -> tuple[object, bool]:
        """Return what `get_online_features` reads, and whether a later cut cannot change it.

        A name without a version is the newest version of which every view has been cut.

        Args:
            features: as for `get_online_features`.
        """
        return self._readers.current(features)
