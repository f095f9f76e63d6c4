"""FeatureStore: what users and their programs call. It delegates all work to other modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from skewless.definitions.clock import as_datetime, as_microseconds
from skewless.definitions.foreign import ARGUMENTS, STORE, answering, hinted, other_word
from skewless.definitions.view import FeatureView
from skewless.filling import FillingStore
from skewless.later import Later
from skewless.online.incoming import told_apart
from skewless.registry.selection import find_view, name_of, planned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from skewless.catalog.document import Catalog
    from skewless.cost.traffic import Traffic
    from skewless.definitions.clock import Instant
    from skewless.definitions.duration import Duration
    from skewless.definitions.expression import Expr
    from skewless.offline.training.training_set import TrainingSet
    from skewless.online.answer import Answer
    from skewless.registry.unpublished import with_unpublished
    from skewless.verify import Report
else:  # no part of serving
    with_unpublished = Later("skewless.registry.unpublished", "with_unpublished")


@answering(ARGUMENTS)
class FeatureStore(FillingStore):
    """A feature store on AWS, or on the local AWS.

    Make one with `connect`, `local` or `from_lock`.
    """

    def __getattr__(self, name: str) -> Any:
        return other_word(self, name, STORE)

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
        chosen = planned(known, features, full_names=full_names)
        views = [*dict.fromkeys(item.view for item in chosen.selected)]
        self._warn_of_marks(views)
        return self._workbench.training_set(
            entity_df,
            chosen,
            mode=mode,
            timestamp=timestamp,
            full_names=full_names,
            watermark=watermark,
            snapshots=snapshots or {},
            engine=engine,
            with_status=with_status,
            errors=errors,
            unpublished=[*self._tried_documents(views), *unpublished],
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
        self._look_again()
        reader = self._readers.reader(features, full_names=full_names)
        if self._namespace is not None:
            self._check_online(reader.views)
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

    def catalog(
        self, *, samples: int = 1_000, traffic: Traffic | None = None, engine: str | None = None
    ) -> Catalog:
        """Collect all that the pages of a catalog show; `skewless catalog` writes them.

        Features' values are looked at in the offline store, at this instant, unless a source, an
        entity or a view is marked by the tag `personal`. For each source that is one query of its
        keys, and one of its features.

        Args:
            samples: how many entities of each source are looked at; 0 for none.
            traffic: an average day, as `traffic()` measures it: the catalog then says what each
                view and service costs a month.
            engine: "athena" or "duckdb"; the store's own if None.

        Raises:
            InputError: samples is no number from 0, or the traffic does not fit.
            StoreError: AWS refused.
        """
        from skewless.catalog.collected import collect  # noqa: PLC0415 - no part of serving

        return collect(self, self._table, samples=samples, traffic=traffic, engine=engine)

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
