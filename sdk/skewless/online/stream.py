"""Stream: apply events to the day items of their entities, exactly once in effect.

Read the item → drop what it has applied → drop repeats → fold → write it if no one else did, else
read it again. An item is of one entity and one UTC day of ingestion. What came in lately stays in
parts beside the folded state, since a reader may have to leave it out: see `online.parts`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from skewless.compiler.instants import DAY, floor_to
from skewless.compiler.keys import encode_key
from skewless.errors import InputError, ItemTooLargeError, OnlineStoreError
from skewless.online.address import described, entity_partition, view_partition
from skewless.online.attribute import NEVER
from skewless.online.call import Deadline
from skewless.online.codec import failed_state, failure_of
from skewless.online.overflow import overflow_of
from skewless.online.parts import with_parts
from skewless.online.recent import RecentIds
from skewless.online.record import StreamItem
from skewless.online.state import passes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from skewless.compiler.plan import ViewPlan
    from skewless.online.state import Event
    from skewless.online.store import OnlineStore

    StreamEvent: TypeAlias = "tuple[int, tuple[Any, ...], int, Event]"

_RACE_SECONDS = 30.0
_MOST_SEQUENCES = 1_000
_NONE: Mapping[tuple[Any, ...], str] = MappingProxyType({})
NO_ITEM = StreamItem(b"", NEVER, {}, b"", 0, NEVER)


class LoggedEvent(NamedTuple):
    """An event of the log, and where in the stream it was."""

    shard: str
    sequence: int
    ingest_time: int
    event: Event


class Applied(NamedTuple):
    """The outcome of applying events.

    Attributes:
        events: how many were not applied before, repeats included.
        repeats: of them, those whose event id was seen shortly before.
        writes: items written.
        lost_races: writes that had to be done again.
        write_units: the capacity consumed.
        failures: by key, why an entity failed.
        reordered: keys and days of items that were not written: an event of theirs came in before
            one with the same id that is applied already. Write them anew, from the log.
    """

    events: int
    repeats: int
    writes: int
    lost_races: int
    write_units: float
    failures: Mapping[tuple[Any, ...], str] = _NONE
    reordered: frozenset[tuple[tuple[Any, ...], int]] = frozenset()


def apply_events(
    table: OnlineStore,
    plan: ViewPlan,
    shard: str,
    events: Sequence[StreamEvent],
    *,
    horizon: int | None = None,
    concurrency: int = 16,
) -> Applied:
    """Apply events of one shard; those that were applied before change nothing.

    Args:
        table: the online table.
        plan: the view's.
        shard: whose sequence numbers these are.
        events: (sequence, physical key without nulls, ingest time, physical column values).
        horizon: from which ingest time on a reader may have to leave events out, in microseconds;
            None if no reader ever has to.
        concurrency: items worked on side by side.

    Raises:
        OnlineStoreError: DynamoDB refused; what was written stays applied.
    """
    groups: dict[tuple[tuple[Any, ...], int], list[LoggedEvent]] = {}
    for sequence, key, ingest_time, event in events:
        address = key, floor_to(ingest_time, DAY)
        groups.setdefault(address, []).append(LoggedEvent(shard, sequence, ingest_time, event))

    def apply(address: tuple[tuple[Any, ...], int]) -> Applied:
        return _apply(table, plan, *address, groups[address], horizon)

    if len(groups) <= 1:
        return _total([apply(address) for address in groups])
    with ThreadPoolExecutor(min(concurrency, len(groups))) as pool:
        futures = [pool.submit(apply, address) for address in groups]
    return _total([future.result() for future in futures])


def rebuild_day(
    table: OnlineStore,
    plan: ViewPlan,
    key: tuple[Any, ...],
    day: int,
    read_events: Callable[[], Iterable[LoggedEvent]],
    *,
    horizon: int | None = None,
) -> Applied:
    """Write the stream item of an entity and a UTC day anew, from the log.

    Args:
        table: the online table.
        plan: the view's.
        key: the physical key.
        day: any instant of the day.
        read_events: returns all events of the entity ingested that day. It is called after the
            item was read, and again after a lost race, so that it sees what the item has seen.
        horizon: as for `apply_events`, of before the log was read.

    Raises:
        OnlineStoreError: DynamoDB refused, or the log lacks events that the item has applied.
    """
    day = floor_to(day, DAY)
    try:
        item_of_day = _DayItem(table, plan, key, day)
    except InputError as error:  # a key that no item can have is the entity's own failure
        return Applied(0, 0, 0, 0, 0.0, {key: str(error)})
    partition = item_of_day.partition
    deadline = Deadline(_RACE_SECONDS)
    lost_races = 0
    while True:
        before = item_of_day.read()
        events = list(read_events())
        if not events and not before.version:
            return Applied(0, 0, 0, lost_races, 0.0)
        item, repeats = with_events(plan, NO_ITEM, day, events, horizon)
        _check_complete(partition, before, item)
        consumed = item_of_day.put(item._replace(version=before.version))
        if consumed is not None:
            return Applied(len(events), repeats, 1, lost_races, consumed, item_of_day.failures)
        lost_races += 1
        _pause(deadline, partition)


def replace_day(
    table: OnlineStore,
    plan: ViewPlan,
    at: tuple[tuple[Any, ...], int],
    events: list[LoggedEvent],
    *,
    version: int,
    horizon: int | None,
) -> bool:
    """Write a stream item anew after events of it were erased; say whether it was unchanged.

    Args:
        table: the online table.
        plan: the view's.
        at: the physical key, which an item can have, and the first instant of the day.
        events: all that the log has of the entity on that day; without any the item goes.
        version: of the item, which was read before the log; 0 if there was none.
        horizon: as for `rebuild_day`.

    Raises:
        OnlineStoreError: DynamoDB refused.
    """
    key, day = at
    item_of_day = _DayItem(table, plan, key, day)
    if not events:
        return not version or table.drop_stream(item_of_day.partition, day, version)
    item, _ = with_events(plan, NO_ITEM, day, events, horizon)
    return item_of_day.put(item._replace(version=version)) is not None


class _DayItem:
    """The stream item of an entity and a UTC day, and why it failed, if it did.

    An item that does not fit is replaced by a small one that says so, and carries on what was
    applied: until a cut or a rebuild writes the entity, it is failed.
    """

    def __init__(self, table: OnlineStore, plan: ViewPlan, key: tuple[Any, ...], day: int) -> None:
        self.partition = entity_partition(plan, key)
        self.failures: dict[tuple[Any, ...], str] = {}
        self._table = table
        self._plan = plan
        self._key = key
        self._day = day

    def read(self) -> StreamItem:
        return self._table.get_stream(self.partition, self._day) or NO_ITEM

    def put(self, item: StreamItem) -> float | None:
        """Write an item unless another was written since; return its units, None if one was."""
        self.failures.clear()
        states = [item.state, *(part.state for part in item.parts)]
        reason = failure_of(item.state) or overflow_of(self._plan, states, item.ingest_time + 1)
        if reason is not None:
            self._note(item, reason)
        try:
            return self._table.put_stream(self.partition, self._day, item)
        except ItemTooLargeError as error:
            reason = error.reason
        self._note(item, reason)
        return self._table.put_stream(self.partition, self._day, _failed(item, reason))

    def _note(self, item: StreamItem, reason: str) -> None:
        view = view_partition(self._plan)
        key = encode_key(self._key, self._plan.key_types)
        self._table.failed.note(view, key, item.ingest_time, reason)
        self.failures[self._key] = reason


def _failed(item: StreamItem, reason: str) -> StreamItem:
    # Sequences that would fill an item of their own are left out. All that they are for is gone:
    # an event that comes again adds nothing to a failed state.
    sequences = item.sequences if len(item.sequences) <= _MOST_SEQUENCES else {}
    return item._replace(
        state=failed_state(reason),
        sequences=sequences,
        recent=b"",
        folded_to=item.ingest_time,
        parts=(),
    )


def _apply(
    table: OnlineStore,
    plan: ViewPlan,
    key: tuple[Any, ...],
    day: int,
    events: list[LoggedEvent],
    horizon: int | None,
) -> Applied:
    try:
        item_of_day = _DayItem(table, plan, key, day)
    except InputError as error:
        return Applied(len(events), 0, 0, 0, 0.0, {key: str(error)})
    deadline = Deadline(_RACE_SECONDS)
    lost_races = 0
    while True:
        before = item_of_day.read()
        new = [event for event in events if event.sequence > before.sequences.get(event.shard, -1)]
        if not _has_effect(plan, new):
            return Applied(len(new), 0, 0, lost_races, 0.0)
        try:
            item, repeats = with_events(plan, before, day, new, horizon)
        except _ReorderedError:
            return Applied(len(new), 0, 0, lost_races, 0.0, reordered=frozenset([(key, day)]))
        consumed = item_of_day.put(item)
        if consumed is not None:
            return Applied(len(new), repeats, 1, lost_races, consumed, item_of_day.failures)
        lost_races += 1
        _pause(deadline, item_of_day.partition)


def _has_effect(plan: ViewPlan, events: list[LoggedEvent]) -> bool:
    """Say whether events change an item; those that do not may come again without a record."""
    if plan.view.source.event_id is not None:
        return bool(events)
    return any(passes(plan, item.event) for item in events)


def with_events(
    plan: ViewPlan, before: StreamItem, day: int, events: list[LoggedEvent], horizon: int | None
) -> tuple[StreamItem, int]:
    """Return the item with events that it has not applied, and how many were repeats.

    Args:
        plan: the view's.
        before: the item; `NO_ITEM` if there is none.
        day: the first instant of its day.
        events: in any order.
        horizon: as for `apply_events`.
    """
    ordered = sorted(events, key=lambda item: (item.ingest_time, item.sequence))
    ingest_time = max([before.ingest_time, *(item.ingest_time for item in ordered)])
    sequences = dict(before.sequences)
    for item in ordered:
        sequences[item.shard] = max(sequences.get(item.shard, item.sequence), item.sequence)
    after = before._replace(ingest_time=ingest_time, sequences=sequences)
    if reason := failure_of(before.state):
        return _failed(after, reason), 0
    kept, recent = _without_repeats(plan, before.recent, ordered, ingest_time)
    came = [(item.ingest_time, item.event) for item in kept]
    after = with_parts(plan, after._replace(recent=recent), day, came, horizon)
    return after, len(ordered) - len(kept)


def _without_repeats(
    plan: ViewPlan, recent: bytes, events: list[LoggedEvent], latest: int
) -> tuple[list[LoggedEvent], bytes]:
    source = plan.view.source
    if source.event_id is None:
        return events, b""
    ids = RecentIds.decode(recent, source.columns[source.event_id])
    kept = []
    for item in events:
        id_ = item.event.get(source.event_id)
        if ids.is_earlier(id_, item.ingest_time):
            raise _ReorderedError
        if not ids.is_repeat(id_, item.ingest_time):
            kept.append(item)
    return kept, ids.encode(latest)


class _ReorderedError(Exception):
    """An event came in before one with the same id that is applied already."""


def _check_complete(partition: str, before: StreamItem, after: StreamItem) -> None:
    for shard, sequence in before.sequences.items():
        if after.sequences.get(shard, -1) < sequence:
            raise OnlineStoreError(
                f"{described(partition)}: the log ends before sequence {sequence} of shard "
                f"{shard!r}, which the stream item has applied. Rebuild when the log has caught up."
            )


def _pause(deadline: Deadline, partition: str) -> None:
    if not deadline.pause():
        raise OnlineStoreError(
            f"{described(partition)}: others kept writing the stream item for {_RACE_SECONDS} s"
        )


def _total(parts: list[Applied]) -> Applied:
    return Applied(
        sum(part.events for part in parts),
        sum(part.repeats for part in parts),
        sum(part.writes for part in parts),
        sum(part.lost_races for part in parts),
        sum(part.write_units for part in parts),
        {key: reason for part in parts for key, reason in part.failures.items()},
        frozenset().union(*(part.reordered for part in parts)),
    )
