"""Backfill: load history into the log, where it counts as known when it happened, or later.

Cuts wait while history is loaded, so that what a cut reads does not change meanwhile. Rows from
before a committed cut are a rewrite, which must be asked for by name.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from skewless.definitions import types
from skewless.definitions.expression import to_datetime
from skewless.definitions.refresh import Stream
from skewless.errors import RepeatedLoadError, RewriteError
from skewless.ingest.checked_rows import checked_rows
from skewless.ingest.ingested import Ingested
from skewless.ingest.repeats import content_of, repeated_rows
from skewless.materialize.failures import Failures
from skewless.materialize.source_line import SourceLine
from skewless.offline.frames.clamp import clamped_rows
from skewless.offline.frames.columns import arrow_type
from skewless.online.address import view_partition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from skewless.aws import Aws
    from skewless.definitions.source import Source
    from skewless.ingest.quarantine import Quarantine
    from skewless.materialize.days import DayItems
    from skewless.offline.lake.log import EventLog
    from skewless.online.table import OnlineTable
    from skewless.registry.published import Published
    from skewless.registry.rewrites import RewriteLog

_INSTANT = arrow_type(types.Timestamp)


@dataclass(frozen=True, slots=True)
class Backfill:
    """Loads history."""

    aws: Aws
    log: EventLog
    quarantine: Quarantine
    table: OnlineTable
    rewrites: RewriteLog
    days: DayItems

    def load(  # noqa: PLR0913 - what may be said of a load
        self,
        source: Source,
        published: Published,
        frame: Any,
        now: int,
        *,
        reload: Callable[[], Published],
        rewrite: bool,
        again: bool = False,
        strict: bool = False,
    ) -> Ingested:
        """Take in history: each row counts as known its source's delay after it happened.

        A source with an `ingest_time` uses a row's own arrival time, if the row has one.

        Raises:
            InputError: the frame as a whole does not fit the source, or, if strict, a row.
            RepeatedLoadError: all rows are in the log already, and `again` is not set.
            RewriteError: rows would count in values that were served already.
        """
        checked = checked_rows(
            source,
            published,
            frame,
            self.aws,
            kinds=source.history_columns,
            not_after=now,
            strict=strict,
        )
        accepted, known, clamped = as_history(checked.accepted, source)
        stamps = pc.cast(known, _INSTANT)
        repeated, content = self._repeats(source, accepted, stamps, again=again)
        shard = f"backfill-{uuid.uuid4().hex[:16]}"
        line = SourceLine.of(self.table, source.name)
        failures, snapshot = Failures(), None
        least = pc.min(known).as_py()
        with line.with_history(now if least is None else least) as place:
            # From here on, cuts wait until the rows are in the log.
            self._check_rewrite(source, published, known, shard, now, is_allowed=rewrite)
            self.quarantine.keep(source, checked.rejected, to_datetime(now), shard)
            snapshot = self.log.append(
                source,
                accepted,
                ingest_time=stamps,
                shard=shard,
                first_sequence=0,
                content=content,
            )
            cut_views = place.leave()
        if not cut_views <= {view_partition(plan) for plan in published.plans_of(source)}:
            published = reload()
        for plan in published.streams_of(source):
            cut = self.table.read_watermark(view_partition(plan)).cut
            if cut is not None:
                failures.add_all(self.days.rebuild(plan, cut))
        return Ingested(
            source.name,
            accepted.num_rows,
            checked.rejected.to_pylist(),
            clamped,
            None,
            shard,
            snapshot,
            failures.first,
            failures.count,
            repeated,
            reasons=checked.reasons,
        )

    def _check_rewrite(
        self,
        source: Source,
        published: Published,
        known: pa.ChunkedArray,
        shard: str,
        now: int,
        *,
        is_allowed: bool,
    ) -> None:
        """Refuse to rewrite served history unless asked to; mark the views that must follow.

        A cut that was begun counts as served: it may have read the log already.
        """
        cuts: dict[str, int] = {}
        served: dict[str, int] = {}
        for plan in published.plans_of(source):
            view = view_partition(plan)
            watermark = self.table.read_watermark(view)
            if watermark.is_retired:  # since these views were read
                continue
            begun = [at for at in (watermark.cut, watermark.started) if at is not None]
            if begun:
                cuts[view] = max(begun)
                # A stream view that was ever cut is served up to now.
                is_stream = isinstance(plan.view.refresh, Stream)
                served[view] = max(*begun, now) if is_stream else cuts[view]
        least = pc.min(known).as_py()
        if least is None:
            return
        rewritten = [view for view, instant in served.items() if least < instant]
        if rewritten and not is_allowed:
            raise RewriteError(_rewrite_message(source, known, served, rewritten))
        # What came in since a cut, the next one reads by itself.
        self.rewrites.add([view for view, cut in cuts.items() if least < cut], shard)

    def _repeats(
        self, source: Source, accepted: pa.Table, stamps: Any, *, again: bool
    ) -> tuple[int, str | None]:
        """Count the rows that the log has already; return the digest that must be new."""
        if source.event_id is not None:
            return 0, None  # repeats are ignored by their id
        repeated = repeated_rows(self.log, source, accepted, stamps)
        if again:
            return repeated, None
        if repeated and repeated == accepted.num_rows:
            raise RepeatedLoadError.of(source.name)
        return repeated, content_of(accepted, stamps)


def as_history(rows: pa.Table, source: Source) -> tuple[pa.Table, Any, int]:
    """Return the source's columns, when each row became known, and how many rows were clamped.

    Args:
        rows: the source's `history_columns`, as they were accepted.
        source: whose rows.
    """
    happened = pc.cast(rows[source.event_time], pa.int64())
    known = pc.add(happened, source.delay.microseconds)
    if source.ingest_time is not None:
        known = pc.coalesce(pc.cast(rows[source.ingest_time], pa.int64()), known)
    rows, moved = clamped_rows(
        rows.select(list(source.columns)), source.event_time, pc.cast(known, _INSTANT)
    )
    return rows, known, moved


def _rewrite_message(
    source: Source, known: pa.ChunkedArray, cuts: Mapping[str, int | None], views: Sequence[str]
) -> str:
    greatest = max(cuts[view] or 0 for view in views)
    count = pc.sum(pc.cast(pc.less(known, greatest), pa.int64())).as_py()
    names = ", ".join(sorted(view.partition("#")[0] for view in views))
    return (
        f"source {source.name!r}: {count} rows count as known before "
        f"{to_datetime(greatest).isoformat()}, up to which {names} were served already. Nothing "
        "was written. Training sets would no longer "
        "tell what was served then; if that is meant, backfill with rewrite=True: the entities "
        "are rebuilt at the next cut. New events belong to ingest."
    )
