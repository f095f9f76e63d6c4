"""FillingStore: how events come into a store, and are cut, mended and erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.definitions.clock import as_microseconds
from skewless.definitions.expression import to_datetime
from skewless.definitions.names import versioned
from skewless.developing import DevelopingStore
from skewless.errors import StoreError
from skewless.registry.retired import check_live
from skewless.registry.selection import find_parts, name_of

if TYPE_CHECKING:
    from skewless.definitions.clock import Instant
    from skewless.definitions.view import FeatureView
    from skewless.doctor.diagnosis import Diagnosis
    from skewless.erasure.report import Erasure
    from skewless.ingest.ingested import Ingested
    from skewless.jobs.executions import Execution
    from skewless.materialize.cut import Materialized, Progress


class FillingStore(DevelopingStore):
    """A store that takes in events, and keeps the online values filled."""

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
        self._for_all("an event")
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
        self._for_all("an event")
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

        Through a namespace, the parts that are tried in it are cut; others are everybody's.

        Args:
            view: a view, `"view"` or `"view@version"`.
            cut: the instant; the latest that is due if None.
            engine: "athena" or "duckdb"; the store's own if None.
            progress: called with a word and a count while the cut is written.

        Raises:
            NotDueError: the cut lies in the future.
            InputError: the view is not cut at that instant.
        """
        at = None if cut is None else as_microseconds(cut, "cut")
        with self._filling(view) as plans:
            return self._workbench.materialize(
                plans,
                at,
                self._now(),
                engine=engine,
                progress=progress,
                is_trial=self._namespace is not None,
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
        self._for_all("an execution on AWS")
        at = None if cut is None else to_datetime(as_microseconds(cut, "cut")).isoformat()
        started = [
            self._workbench.executions.start(versioned(part.name, part.version), at)
            for part in self._live_parts(view)
        ]
        return started[0]

    def redrive(self) -> list[Execution]:
        """Start again the cuts on AWS that gave up, once for each view.

        Raises:
            RedriveError: messages stay in the queue, as they could not be read or started.
            StoreError: the store has no state machine, or AWS refused.
        """
        self._for_all("an execution on AWS")
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
        self._for_all("a stream view's repair")
        self.refresh()  # a view that others published since may lack the same events
        for part in self._live_parts(view):
            self._workbench.repair(self.published.plan(part), self.published)

    def _live_parts(self, view: object) -> tuple[FeatureView, ...]:
        parts = find_parts(self.published, view)
        check_live(self.published, parts)
        return parts

    def forget(self, entity: object, key: object, *, dry_run: bool = False) -> Erasure:
        """Erase an entity from all that the store keeps; repeating it finishes a run that died.

        It reaches what is tried in namespaces as well.

        Args:
            entity: its Entity, or the name.
            key: the value of its key, or a mapping where the key has several columns.
            dry_run: say what would be removed, and change nothing.

        Raises:
            InputError: the key does not fit the entity, or no view and no source has it.
            StoreError: AWS refused; run it again to finish.
        """
        self._for_all("an erasure, which reaches all namespaces,")
        from skewless.erasure.forget import forget  # noqa: PLC0415 - needs the training extra

        if not dry_run and (left := self._trials.sweep(at_once=True).left):
            raise StoreError(
                "nothing is erased yet. Trials that are gone have online items, which may hold the "
                f"entity and could not be removed: {'; '.join(left)}. Run this again"
            )
        self.refresh()
        # Read anew: a source that others published since may hold the key.
        return forget(
            self._workbench, self._trials.with_all, name_of(entity), key, is_dry_run=dry_run
        )

    def doctor(self) -> Diagnosis:
        """Examine all of the store's resources; each finding has its remedy."""
        from skewless.doctor.examination import examine  # noqa: PLC0415 - no part of serving

        return examine(self._aws, self._needed(), self._registry.load, self._now())
