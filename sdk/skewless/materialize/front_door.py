"""The front door: where events get their ingest time, once, on their way to both stores.

Check and normalise → keep what does not fit in quarantine → stamp → append to the log → apply to
the day items of stream views. The log comes first: what serving holds, history can always explain.
"""

from __future__ import annotations

import uuid
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from skewless.compiler import instants
from skewless.compiler.fingerprint import used_columns
from skewless.compiler.plan import plan_view
from skewless.definitions.expression import to_datetime
from skewless.definitions.names import INGEST_SEQUENCE, INGEST_SHARD, INGEST_TIME
from skewless.definitions.refresh import Stream
from skewless.errors import (
    InputError,
    OnlineStoreError,
    RepeatedLoadError,
    RewriteError,
    StoreError,
)
from skewless.materialize.commit_queue import CommitQueue
from skewless.materialize.failures import FailedEntity, Failures
from skewless.materialize.producer import Producer
from skewless.offline import frames
from skewless.offline.checks import RowCheck, key_check, units_check
from skewless.offline.commits import ShardTakenError
from skewless.offline.normalise import listed, normalise
from skewless.offline.repeats import content_of, repeated_rows
from skewless.online.address import view_partition
from skewless.online.stream import LoggedEvent, apply_events, rebuild_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from skewless.aws import Aws
    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.source import Source
    from skewless.offline.log import EventLog
    from skewless.offline.normalise import Normalised, Refused
    from skewless.offline.quarantine import Quarantine
    from skewless.online.table import OnlineTable
    from skewless.registry.published import Published
    from skewless.registry.rewrites import RewriteLog

_REBUILD_ATTEMPTS = 3
_INSTANT = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of the rows.

    Attributes:
        accepted: rows in the log.
        rejected: rows in quarantine, each as `row_number`, `reason` and `row` (JSON text).
        clamped: accepted rows whose event time lay after their ingest time, and was moved to it.
        ingest_time: the stamp of new events; None for history, which has one for each row.
        shard: names the batch's origin in the log's `ingest_shard`.
        snapshot: the log's snapshot with the rows; None if none was accepted.
        failed: entities of stream views whose values cannot be told online, the first of them:
            their rows are in the log. Each is `failed` online until a cut can write it.
        failed_count: how many there are.
        repeated: rows of a backfill that were in the log already, equal in every column: they
            count twice. Of sources without `event_id`.
        reasons: the rejected rows, counted by reason; a row may have several.
    """

    source: str
    accepted: int
    rejected: list[dict[str, Any]]
    clamped: int
    ingest_time: datetime | None
    shard: str
    snapshot: int | None
    failed: tuple[FailedEntity, ...] = ()
    failed_count: int = 0
    repeated: int = 0
    reasons: tuple[Refused, ...] = ()

    @property
    def why(self) -> str:
        """The reasons as text, a line for each, the commonest first."""
        return listed(self.reasons)

    def __str__(self) -> str:
        parts = [f"{self.accepted:,} accepted", f"{len(self.rejected):,} rejected"]
        if self.clamped:
            parts.append(f"{self.clamped:,} clamped")
        if self.failed_count:
            parts.append(f"{self.failed_count:,} entities failed")
        return f"Ingested({self.source!r}: {', '.join(parts)}{self._first_reason()})"

    __repr__ = __str__

    def _first_reason(self) -> str:
        if not self.rejected:
            return ""
        first = self.rejected[0]
        return f"; row {first['row_number']}: {first['reason']}"


@dataclass(slots=True)
class _Pending:
    """Events in the log that a stream view's items do not hold yet."""

    plan: ViewPlan
    shard: str
    events: list[tuple[int, tuple[Any, ...], int, Mapping[str, Any]]]
    failures: Failures


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows that wait to be taken in, and what becomes of them."""

    source: Source
    published: Published
    checked: Normalised
    now: int
    failures: Failures = field(default_factory=Failures)
    done: Future[Ingested] = field(default_factory=Future)


@dataclass(slots=True)
class FrontDoor:
    """One producer of events. Threads may share it, and share commits; a fork has one of its own.

    Threads that come while a commit is under way wait for it; the next commit takes in what all of
    them brought.
    """

    aws: Aws
    log: EventLog
    quarantine: Quarantine
    table: OnlineTable
    rewrites: RewriteLog
    _producer: Producer[_Batch] = field(default_factory=Producer)
    _pending: list[_Pending] = field(default_factory=list)

    def ingest(
        self,
        source: Source,
        published: Published,
        frame: Any,
        now: int,
        *,
        strict: bool = False,
    ) -> Ingested:
        """Take in new events, stamped now.

        Raises:
            InputError: the frame as a whole does not fit the source, or, if strict, a row.
            OnlineStoreError: the events are in the log, and not yet in the online store; the next
                ingest, or `resume`, finishes.
        """
        checked = self._checked(source, published, frame, strict=strict)
        batch = _Batch(source, published, checked, now)
        producer = self._of_this_process()
        producer.waiting.append(batch)
        with producer.lock:
            # Whoever had the lock before may have taken this batch along.
            if not batch.done.done():
                self._take_in(producer, producer.take())
        return batch.done.result()

    def resume(self) -> Failures:
        """Apply what an ingest before left in the log only; return the entities that failed.

        What can never succeed is an entity's own, and holds up nothing. What may pass (throttling,
        the network) is raised, and is the first to be tried again, so that events keep their order.
        """
        failures = Failures()
        with self._of_this_process().lock:
            while self._pending:
                waiting = self._pending[0]
                applied = apply_events(self.table, waiting.plan, waiting.shard, waiting.events)
                waiting.failures.add(waiting.plan, applied.failures)
                failures.add(waiting.plan, applied.failures)
                self._pending.pop(0)
        return failures

    def _of_this_process(self) -> Producer[_Batch]:
        producer = self._producer.of_this_process()
        if producer is not self._producer:
            # What the parent has logged, the parent applies.
            self._producer, self._pending = producer, []
        return producer

    def _take_in(self, producer: Producer[_Batch], batches: list[_Batch]) -> None:
        """Take in batches of any sources, in one commit for each source; each learns its end."""
        try:
            batches[0].failures.add_all(self.resume())
            for source in dict.fromkeys(batch.source for batch in batches):
                some = [batch for batch in batches if batch.source == source]
                try:
                    self._commit(producer, source, some)
                except Exception as error:  # noqa: BLE001 - it is raised where the batch came from
                    _fail(some, error)
        except Exception as error:  # noqa: BLE001 - as above
            _fail(batches, error)
        finally:
            # An interrupt ends this thread. The others must not wait for it.
            _fail(batches, StoreError("the thread that was writing these rows was interrupted"))

    def _commit(self, producer: Producer[_Batch], source: Source, batches: list[_Batch]) -> None:
        stamp = producer.stamp(max(batch.now for batch in batches))
        for batch in batches:
            rejected = batch.checked.rejected
            self.quarantine.keep(source, rejected, to_datetime(stamp), producer.shard)
        parts = [_clamped(batch.checked.accepted, source, stamp) for batch in batches]
        accepted = pa.concat_tables([table for table, _ in parts])
        shard, first, snapshot = self._logged_as(producer, source, accepted, stamp)
        for batch, (table, _) in zip(batches, parts, strict=True):
            self._queue(batch, table, stamp, shard, first)
            first += table.num_rows
        self.resume()
        for batch, (table, clamped) in zip(batches, parts, strict=True):
            batch.done.set_result(
                Ingested(
                    source.name,
                    table.num_rows,
                    batch.checked.rejected.to_pylist(),
                    clamped,
                    to_datetime(stamp),
                    shard,
                    snapshot if table.num_rows else None,
                    batch.failures.first,
                    batch.failures.count,
                    reasons=batch.checked.reasons,
                )
            )

    def _logged_as(
        self, producer: Producer[_Batch], source: Source, accepted: pa.Table, stamp: int
    ) -> tuple[str, int, int | None]:
        """Append rows; return the shard and first number that they have, and the snapshot."""
        while True:
            shard, first = producer.shard, producer.numbers(accepted.num_rows)
            try:
                snapshot = self.log.append(
                    source,
                    accepted,
                    ingest_time=to_datetime(stamp),
                    shard=shard,
                    first_sequence=first,
                    queue=CommitQueue(self.aws, self.rewrites.table_name, source.name),
                )
            except ShardTakenError:
                # A copy of this machine goes on where this one was copied.
                producer.renamed()
            else:
                return shard, first, snapshot

    def backfill(
        self,
        source: Source,
        published: Published,
        frame: Any,
        now: int,
        *,
        rewrite: bool,
        again: bool = False,
        strict: bool = False,
    ) -> Ingested:
        """Take in history: each row counts as known its source's delay after it happened.

        A source with an `ingest_time` takes a row's own word for it, where there is one.

        Raises:
            InputError: the frame as a whole does not fit the source, or, if strict, a row.
            RepeatedLoadError: all rows are in the log already, and `again` is not set.
            RewriteError: rows would count in values that were served already.
        """
        checked = self._checked(source, published, frame, not_after=now, strict=strict)
        accepted, known, clamped = _as_history(checked.accepted, source)
        stamps = pc.cast(known, _INSTANT)
        repeated, content = self._repeats(source, accepted, stamps, again=again)
        plans = _plans(source, published)
        cuts = {view_partition(plan): self._cut(plan) for plan in plans}
        least = pc.min(known).as_py()
        rewritten = [
            view
            for view, cut in cuts.items()
            if cut is not None and least is not None and least < cut
        ]
        if rewritten and not rewrite:
            raise RewriteError(_rewrite_message(source, known, cuts, rewritten))
        shard = f"backfill-{uuid.uuid4().hex[:16]}"
        self.quarantine.keep(source, checked.rejected, to_datetime(now), shard)
        self.rewrites.add(rewritten, shard)
        snapshot = self.log.append(
            source,
            accepted,
            ingest_time=stamps,
            shard=shard,
            first_sequence=0,
            content=content,
        )
        failures = Failures()
        for plan in plans:
            cut = cuts[view_partition(plan)]
            if isinstance(plan.view.refresh, Stream) and cut is not None:
                failures.add_all(self.rebuild_days(plan, cut))
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

    def _repeats(
        self, source: Source, accepted: pa.Table, stamps: Any, *, again: bool
    ) -> tuple[int, str | None]:
        """Count the rows that the log has already; return the digest that it may not have."""
        if source.event_id is not None:
            return 0, None  # repeats are ignored by their id
        repeated = repeated_rows(self.log, source, accepted, stamps)
        if again:
            return repeated, None
        if repeated and repeated == accepted.num_rows:
            raise RepeatedLoadError.of(source.name)
        return repeated, content_of(accepted, stamps)

    def rebuild_days(self, plan: ViewPlan, since: int) -> Failures:
        """Write a stream view's day items from the log, for what was ingested since an instant.

        Returns:
            The entities of which an item could not be written.
        """
        for attempt in range(_REBUILD_ATTEMPTS):
            failures = Failures()
            try:
                for (key, day), events in self._logged(plan, since).items():
                    applied = rebuild_day(self.table, plan, key, day, events.copy)
                    failures.add(plan, applied.failures)
            except OnlineStoreError:
                # Events came in while the log was read: read it again.
                if attempt == _REBUILD_ATTEMPTS - 1:
                    raise
            else:
                return failures
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def _checked(
        self,
        source: Source,
        published: Published,
        frame: Any,
        *,
        not_after: int | None = None,
        strict: bool,
    ) -> Normalised:
        plans = _plans(source, published)
        checks = [check for plan in plans for check in units_check(plan)]
        checks += [key_check(plan.view.entity) for plan in plans]
        kinds = source.columns
        if not_after is not None:
            kinds = source.history_columns
            times = dict.fromkeys((source.event_time, source.arrival or source.event_time))
            checks += [_future_check(name, not_after) for name in times]
        table = frames.to_arrow(frame, self.aws, kinds, only=True)
        checked = normalise(table, source, kinds=kinds, checks=checks)
        if strict and checked.rejected.num_rows:
            raise InputError(
                f"{source}: {checked.rejected.num_rows:,} of {table.num_rows:,} rows do not fit, "
                f"and strict=True refuses them. Nothing was written:{listed(checked.reasons)}"
            )
        return checked

    def _cut(self, plan: ViewPlan) -> int | None:
        return self.table.read_watermark(view_partition(plan)).cut

    def _queue(self, batch: _Batch, accepted: pa.Table, stamp: int, shard: str, first: int) -> None:
        source = batch.source
        rows: list[dict[str, Any]] | None = None
        for plan in _plans(source, batch.published):
            if not isinstance(plan.view.refresh, Stream) or not accepted.num_rows:
                continue
            if rows is None:
                rows = self.log.physical(source, accepted).to_pylist()
            keys = list(plan.view.entity.keys)
            events = [
                (first + number, key, stamp, row)
                for number, row in enumerate(rows)
                if None not in (key := tuple(row[name] for name in keys))
            ]
            if events:
                self._pending.append(_Pending(plan, shard, events, batch.failures))

    def _logged(
        self, plan: ViewPlan, since: int
    ) -> dict[tuple[tuple[Any, ...], int], list[LoggedEvent]]:
        """Read events from the log, by entity and UTC day of ingestion."""
        source = plan.view.source
        columns = [*dict.fromkeys([*used_columns(plan.view), source.event_time])]
        system = [INGEST_SHARD, INGEST_SEQUENCE]
        rows = self.log.scan(source, [*columns, *system], ingest_from=since, physical=True)
        found: dict[tuple[tuple[Any, ...], int], list[LoggedEvent]] = {}
        for row in _rows(rows):
            key = tuple(row[name] for name in plan.view.entity.keys)
            if None in key:
                continue
            known = row[INGEST_TIME]
            event = LoggedEvent(row[INGEST_SHARD], row[INGEST_SEQUENCE], known, row)
            found.setdefault((key, instants.floor_to(known, instants.DAY)), []).append(event)
        return found


def _fail(batches: list[_Batch], error: Exception) -> None:
    for batch in batches:
        if not batch.done.done():
            batch.done.set_exception(error)


def _plans(source: Source, published: Published) -> list[ViewPlan]:
    views = published.definitions.views
    return [plan_view(view) for view in views if view.source.name == source.name]


def _rows(reader: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    for batch in reader:
        yield from batch.to_pylist()


def _clamped(table: pa.Table, source: Source, stamp: int) -> tuple[pa.Table, int]:
    """Move event times that lie after the stamp to it: no event is in the future."""
    times = table[source.event_time]
    limit = pa.scalar(to_datetime(stamp), times.type)
    later = pc.sum(pc.cast(pc.greater(times, limit), pa.int64())).as_py() or 0
    if not later:
        return table, 0
    index = table.column_names.index(source.event_time)
    moved = pc.if_else(pc.greater(times, limit), limit, times)
    return table.set_column(index, source.event_time, moved), later


def _as_history(rows: pa.Table, source: Source) -> tuple[pa.Table, Any, int]:
    """Return the source's columns, when each row became known, and how many rows were clamped."""
    happened = pc.cast(rows[source.event_time], pa.int64())
    known = pc.add(happened, source.delay.microseconds)
    if source.arrival is not None:
        known = pc.coalesce(pc.cast(rows[source.arrival], pa.int64()), known)
    rows = rows.select(list(source.columns))
    clamped = pc.sum(pc.cast(pc.greater(happened, known), pa.int64())).as_py() or 0
    if clamped:
        times = pc.cast(pc.if_else(pc.greater(happened, known), known, happened), _INSTANT)
        place = rows.column_names.index(source.event_time)
        rows = rows.set_column(place, source.event_time, times)
    return rows, known, clamped


def _future_check(column: str, now: int) -> RowCheck:
    return RowCheck(
        (column,),
        lambda table: pc.greater(pc.cast(table[column], pa.int64()), now),
        f"history ends at {to_datetime(now).isoformat()}, the store's clock",
    )


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
