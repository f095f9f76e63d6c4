"""The front door: it gives events their ingest time, once, on their way to both stores.

Check and normalise → keep what does not fit in quarantine → stamp → append to the log → apply to
the day items of stream views. The log comes first, so that history can explain what serving holds.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from botocore.exceptions import ClientError

from skewless.definitions import types
from skewless.definitions.expression import to_datetime
from skewless.errors import OnlineStoreError, StoreError
from skewless.ingest.checked_rows import checked_rows
from skewless.ingest.commit_queue import CommitQueue
from skewless.ingest.ingested import Ingested
from skewless.ingest.producer import Producer
from skewless.ingest.undone import batch_name
from skewless.materialize.failures import Failures
from skewless.materialize.source_line import SourceLine
from skewless.offline.frames.clamp import clamped_rows
from skewless.offline.frames.columns import arrow_type
from skewless.offline.lake.commits import ShardTakenError
from skewless.online.address import view_partition
from skewless.online.call import PASSING
from skewless.online.stream import apply_events

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skewless.aws import Aws
    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.source import Source
    from skewless.ingest.normalise import Normalised
    from skewless.ingest.quarantine import Quarantine
    from skewless.ingest.undone import Undone
    from skewless.materialize.days import DayItems
    from skewless.materialize.place import Place
    from skewless.offline.lake.log import EventLog
    from skewless.online.stream import StreamEvent
    from skewless.online.table import OnlineTable
    from skewless.registry.published import Published
    from skewless.registry.rewrites import RewriteLog


@dataclass(slots=True)
class _Pending:
    """Events in the log that a stream view's items do not hold yet."""

    plan: ViewPlan
    shard: str
    events: list[StreamEvent]
    horizon: int
    failures: Failures


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows that wait to be taken in, and their outcome."""

    source: Source
    published: Published
    checked: Normalised
    clock: Callable[[], int]
    checks_clock: bool
    reload: Callable[[], Published]
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
    days: DayItems
    undone: Undone
    _producer: Producer[_Batch] = field(default_factory=Producer)
    _pending: list[_Pending] = field(default_factory=list)
    _leaving: list[Callable[[], Failures]] = field(default_factory=list)
    _retired: set[str] = field(default_factory=set)

    def ingest(
        self,
        source: Source,
        published: Published,
        frame: Any,
        clock: Callable[[], int],
        *,
        reload: Callable[[], Published],
        checks_clock: bool = False,
        strict: bool = False,
    ) -> Ingested:
        """Take in new events, stamped now.

        Args:
            source: whose.
            published: the views as they were read last.
            frame: the events.
            clock: tells the time in microseconds.
            checks_clock: whether it is the machine's own, and compared with AWS's.
            reload: reads the views anew: it is asked when one was cut that is not among them.
            strict: whether one bad row refuses all.

        Raises:
            InputError: the frame as a whole does not fit the source, or, if strict, a row.
            ClockError: the clock is too far from AWS's; nothing was written.
            OnlineStoreError: the events are in the log, and not yet in the online store; the next
                ingest, or `resume`, finishes.
        """
        checked = checked_rows(source, published, frame, self.aws, strict=strict)
        batch = _Batch(source, published, checked, clock, checks_clock, reload)
        producer = self._of_this_process()
        producer.waiting.append(batch)
        with producer.lock:
            # The thread that had the lock before may have taken this batch along.
            if not batch.done.done():
                self._take_in(producer, producer.take())
        return batch.done.result()

    def resume(self) -> Failures:
        """Apply what an ingest before left in the log only; return the entities that failed.

        A failure that can never succeed concerns one entity and holds up nothing. A temporary one
        (throttling, the network) is raised, and is tried again first, so that events keep their
        order.
        """
        with self._of_this_process().lock:
            failures = self._apply_pending()
            while self._leaving:
                # Only now do readers go by instants at which these events count.
                failures.add_all(self._leaving[0]())
                self._leaving.pop(0)
        return failures

    def _apply_pending(self) -> Failures:
        failures = Failures()
        while self._pending:
            waiting = self._pending[0]
            applied = apply_events(
                self.table,
                waiting.plan,
                waiting.shard,
                waiting.events,
                horizon=waiting.horizon,
            )
            found = Failures()
            found.add(waiting.plan, applied.failures)
            if applied.reordered:
                found.add_all(self.days.rebuild_some(waiting.plan, applied.reordered))
            waiting.failures.add_all(found)
            failures.add_all(found)
            self._pending.pop(0)
        return failures

    def _of_this_process(self) -> Producer[_Batch]:
        producer = self._producer.of_this_process()
        if producer is not self._producer:
            # Events that the parent has logged are applied by the parent.
            self._producer, self._pending, self._leaving = producer, [], []
        return producer

    def _take_in(self, producer: Producer[_Batch], batches: list[_Batch]) -> None:
        """Take in batches of any sources, in one commit for each source; each gets its outcome."""
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
        one = batches[0]  # all are of one store: they have its clock, and its registry
        with SourceLine.of(self.table, source.name).inside_of(
            one.clock,
            batch_name(producer.shard, producer.next_number),
            not_before=producer.last_stamp,
            checks_clock=one.checks_clock,
        ) as place:
            producer.last_stamp = place.stamp
            if place.dead:
                self.undone.finish(source, one.reload(), place.dead)
            self._take_in_at(place, producer, source, batches)

    def _take_in_at(
        self, place: Place, producer: Producer[_Batch], source: Source, batches: list[_Batch]
    ) -> None:
        stamp = place.stamp
        for batch in batches:
            rejected = batch.checked.rejected
            self.quarantine.keep(source, rejected, to_datetime(stamp), producer.shard)
        limit = pa.scalar(stamp, arrow_type(types.Timestamp))
        parts = [clamped_rows(one.checked.accepted, source.event_time, limit) for one in batches]
        accepted = pa.concat_tables([table for table, _ in parts])
        shard, first, snapshot = self._logged_as(producer, source, accepted, place)
        numbered = []
        for batch, (table, _) in zip(batches, parts, strict=True):
            numbered.append((batch, table, first))
            first += table.num_rows
        for batch, table, number in numbered:
            plans = batch.published.streams_of(source)
            self._queue(batch, plans, table, place, shard, number)

        def leave() -> Failures:
            failures = Failures()

            def write_others(cut: frozenset[str]) -> None:
                # A view that was cut since these were read has to have the events as well.
                for batch, table, number in numbered:
                    self._queue(batch, self._unseen(batch, cut), table, place, shard, number)
                failures.add_all(self._apply_pending())

            place.leave(write_others)
            return failures

        self._leaving.append(leave)
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
        self, producer: Producer[_Batch], source: Source, accepted: pa.Table, place: Place
    ) -> tuple[str, int, int | None]:
        """Append rows; return the shard and first number that they have, and the snapshot."""
        while True:
            shard, first = producer.shard, producer.numbers(accepted.num_rows)
            try:
                snapshot = self.log.append(
                    source,
                    accepted,
                    ingest_time=to_datetime(place.stamp),
                    shard=shard,
                    first_sequence=first,
                    queue=CommitQueue(self.aws, self.rewrites.table_name, source.name),
                    committing=place.commit,
                )
            except ShardTakenError:
                # A copied machine uses the same numbers as this one.
                producer.renamed()
            except StoreError as error:
                if _is_refusal(error.__cause__):
                    place.release()
                raise
            else:
                return shard, first, snapshot

    def _unseen(self, batch: _Batch, cut: frozenset[str]) -> list[ViewPlan]:
        """Return the stream views that were cut and published since the batch's were read."""
        seen = {view_partition(plan) for plan in batch.published.plans_of(batch.source)}
        if cut <= seen | self._retired:
            return []
        try:
            published = batch.reload()
        except StoreError as error:
            names = ", ".join(sorted(view.partition("#")[0] for view in cut - seen))
            raise OnlineStoreError(
                f"the rows are in the log of {batch.source.name!r}, and in the views that this "
                f"process knows. {names} was cut meanwhile, and the registry could not be read: "
                f"{error}. store.repair(view) writes what is missing; do not send the rows again"
            ) from error
        plans = published.plans_of(batch.source)
        self._retired |= cut - {view_partition(plan) for plan in plans}
        streams = published.streams_of(batch.source)
        return [plan for plan in streams if view_partition(plan) in cut - seen]

    def _queue(
        self,
        batch: _Batch,
        plans: Sequence[ViewPlan],
        accepted: pa.Table,
        place: Place,
        shard: str,
        first: int,
    ) -> None:
        source = batch.source
        rows: list[dict[str, Any]] | None = None
        for plan in plans if accepted.num_rows else ():
            if rows is None:
                rows = self.log.physical(source, accepted).to_pylist(maps_as_pydicts="strict")
            keys = list(plan.view.entity.keys)
            events = [
                (first + number, key, place.stamp, row)
                for number, row in enumerate(rows)
                if None not in (key := tuple(row[name] for name in keys))
            ]
            if events:
                self._pending.append(_Pending(plan, shard, events, place.horizon, batch.failures))


def _is_refusal(cause: BaseException | None) -> bool:
    """Say whether AWS refused, so that nothing happened; after a lost answer it is unknown."""
    if not isinstance(cause, ClientError):
        return False
    response: Any = cause.response
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status in (400, 403, 404) and response["Error"]["Code"] not in PASSING


def _fail(batches: list[_Batch], error: Exception) -> None:
    for batch in batches:
        if not batch.done.done():
            batch.done.set_exception(error)
