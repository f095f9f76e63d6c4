"""One view's part of a read: the items it needs, and its values at an instant.

A cut's watermark and a source's line are remembered between reads, and asked for along with the
items whenever they could have moved in a way that matters; so a read is one round trip, but for a
stream view after its cut fell behind.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from skewless.compiler.instants import DAY, as_of, due_cut, floor_to
from skewless.compiler.status import FAILED, MISSING, OK, STALE
from skewless.definitions.expression import to_datetime
from skewless.definitions.refresh import Stream
from skewless.online.address import BATCH, STREAM_DAYS, WATERMARK, stream_sort, view_partition
from skewless.online.answer import ViewStatus
from skewless.online.codec import failure_of
from skewless.online.fold import Folder
from skewless.online.overflow import told
from skewless.online.parts import chosen
from skewless.online.record import BatchItem, DayItem, Watermark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from skewless.compiler.plan import ViewPlan
    from skewless.online.address import Address
    from skewless.online.batch_get import Record
    from skewless.online.line import Line
    from skewless.online.record import Part
    from skewless.online.store import OnlineStore

    Items: TypeAlias = Mapping[Address, Record | None]


_GONE = "this version of the view is retired: it is served no more, and all of its values are null"


class Found(NamedTuple):
    """The findings of a read so far.

    Attributes:
        items: None for one that was asked for and is not there.
        watermark: of the view that looks at it; the same one throughout a read.
        now: the instant of the read.
        line: of the view's source; None where no events come in.
        ahead: by how much the clock that says `now` is certainly ahead of AWS's, beyond the bound.
    """

    items: Items
    watermark: Watermark | None
    now: int
    line: Line | None = None
    ahead: int = 0

    @property
    def latest(self) -> int:
        """The latest instant that the answer may be of."""
        now = self.now - self.ahead
        return now if self.line is None else self.line.latest(now)

    def batch(self, partition: str) -> BatchItem | None:
        """Return an entity's item of cuts."""
        item = self.items.get((partition, BATCH))
        return item if isinstance(item, BatchItem) else None

    def day(self, partition: str, sort: str) -> DayItem | None:
        """Return an entity's item of a day."""
        item = self.items.get((partition, sort))
        return item if isinstance(item, DayItem) else None


class Reading(NamedTuple):
    """A view's physical values for one entity.

    Attributes:
        failed: the features that are null because their value overflows.
    """

    values: dict[str, Any]
    status: ViewStatus
    failed: Collection[str] = ()


class ViewReader:
    """The common part of the readers of both kinds of view."""

    def __init__(self, plan: ViewPlan) -> None:
        self.plan = plan
        self._folder = Folder(plan)
        self._nulls = dict.fromkeys(plan.view.feature_types)
        self._watermark_address = (view_partition(plan), WATERMARK)
        self._watermark: Watermark | None = None

    def first(self, partitions: Iterable[str], now: int, line: Line | None) -> list[Address]:
        """Return the items to ask for first.

        Args:
            partitions: of the entities.
            now: the instant of the read.
            line: of the view's source, as far as it is known.
        """
        raise NotImplementedError

    def further(self, partitions: Iterable[str], found: Found) -> list[Address]:
        """Return the items that turn out to be needed as well."""
        raise NotImplementedError

    def read(self, partitions: Iterable[str], found: Found) -> dict[str, Reading]:
        """Return entities' values, by partition, from the items that were asked for."""
        raise NotImplementedError

    @property
    def known(self) -> Watermark | None:
        """The newest watermark that was read."""
        return self._watermark

    def learn(self, items: Items, known: Watermark | None) -> Watermark | None:
        """Return the newer watermark, of that known before the items were read and theirs.

        It is remembered. One that another thread learned meanwhile may be newer than the items.
        """
        item = items.get(self._watermark_address)
        if not isinstance(item, Watermark) or not _is_newer(item, known):
            return known
        if _is_newer(item, self._watermark):
            self._watermark = item
        return item

    def _unknown(self, instant: int) -> Reading:
        """Return nulls without defaults, which would mean that nothing happened."""
        return Reading(self._nulls, _status(instant, STALE))

    def _gone(self, instant: int) -> Reading:
        """Return nulls of a retired view."""
        return Reading(self._nulls, ViewStatus(to_datetime(instant), STALE, _GONE))

    def _folded(self, states: list[bytes], instant: int, *, is_stale: bool = False) -> Reading:
        for state in states:
            if reason := failure_of(state):
                status = ViewStatus(to_datetime(instant), FAILED, reason)
                return Reading(self._nulls, status, self._nulls.keys())
        values, is_known, overflowed = self._folder.fold(states, instant)
        if reason := told(overflowed):
            status = ViewStatus(to_datetime(instant), FAILED, reason)
        else:
            status = _status(instant, STALE if is_stale else OK if is_known else MISSING)
        return Reading(values, status, overflowed.keys())


class CutReader(ViewReader):
    """Reads a view with `refresh=Every(...)`: the state of the cut that the clock names."""

    def first(self, partitions: Iterable[str], now: int, line: Line | None) -> list[Address]:  # noqa: ARG002
        """Ask for B, and for the watermark unless the one that is known covers the instant."""
        addresses = [(partition, BATCH) for partition in partitions]
        known = self._watermark
        if known is None or as_of(self.plan.view.refresh, now) not in (known.cut, known.previous):
            addresses.append(self._watermark_address)
        return addresses

    def further(self, partitions: Iterable[str], found: Found) -> list[Address]:  # noqa: ARG002
        """Ask for nothing."""
        return []

    def read(self, partitions: Iterable[str], found: Found) -> dict[str, Reading]:
        """Take the state that was current at the cut; a newer one may be there uncommitted."""
        instant = as_of(self.plan.view.refresh, found.now)
        watermark = found.watermark
        if watermark is None or watermark.cut is None:
            return dict.fromkeys(partitions, self._unknown(instant))
        if watermark.is_retired:
            return dict.fromkeys(partitions, self._gone(instant))
        is_stale = instant > watermark.cut
        if is_stale:
            instant = watermark.cut
        elif instant not in (watermark.cut, watermark.previous):
            return dict.fromkeys(partitions, self._unknown(instant))  # states that old are gone
        return {
            partition: self._at(instant, found.batch(partition), is_stale=is_stale)
            for partition in partitions
        }

    def _at(self, instant: int, item: BatchItem | None, *, is_stale: bool) -> Reading:
        if item is None:
            return self._folded([], instant, is_stale=is_stale)
        # An entity without new events keeps an older cut, which is still right.
        if item.cut <= instant:
            return self._folded([item.state], instant, is_stale=is_stale)
        if item.previous_cut is not None and item.previous_cut <= instant:
            return self._folded([item.previous_state or b""], instant, is_stale=is_stale)
        return self._unknown(instant)


class StreamReader(ViewReader):
    """Reads a view with `refresh="stream"`: the last cut, and each day since."""

    def first(self, partitions: Iterable[str], now: int, line: Line | None) -> list[Address]:
        """Ask for B and the days since the cut, as far as it is known."""
        latest = now if line is None else line.latest(now)
        known = self._watermark
        today = floor_to(latest, DAY)
        since = today - DAY  # where a cut that runs in time is at most
        if known is not None and known.cut is not None and self._covers(known.cut, latest):
            since = known.cut
        sorts = [BATCH, *_days(since, latest)]
        addresses = [(partition, sort) for partition in partitions for sort in sorts]
        if known is None or known.cut != due_cut(self.plan.view.refresh, now):
            addresses.append(self._watermark_address)
        return addresses

    def further(self, partitions: Iterable[str], found: Found) -> list[Address]:
        """Ask for the days that the first guess left out."""
        wanted: list[Address] = []
        for partition in partitions:
            since = self._since(partition, found)
            if since is not None:
                wanted.extend((partition, sort) for sort in _days(since, found.latest))
        return [address for address in wanted if address not in found.items]

    def read(self, partitions: Iterable[str], found: Found) -> dict[str, Reading]:
        """Add up the last cut's state and the days since."""
        return {partition: self._summed(partition, found) for partition in partitions}

    def _summed(self, partition: str, found: Found) -> Reading:
        since = self._since(partition, found)
        if since is None:
            is_gone = found.watermark is not None and found.watermark.is_retired
            return self._gone(found.now) if is_gone else self._unknown(found.now)
        batch = found.batch(partition)
        states = [] if batch is None else [batch.state]
        days = [found.day(partition, sort) for sort in _days(since, found.latest)]
        instant, complete = found.latest, None
        if found.line is not None:
            # The cut has read what was stamped before it; whoever is inside since then may not
            # have written all its items.
            complete = found.line.complete(since)
            instant = instant if complete is None else min(instant, complete)
        parts: list[Part] = []
        for item in days:
            if item is not None:
                states.append(item.state)
                # A folded state counts whole. No clock is so far behind that this is later.
                instant = max(instant, item.folded_to + 1)
                parts.extend(item.parts)
        late, instant = chosen(parts, instant)
        if instant < since or (complete is not None and instant > complete):
            return self._unknown(found.now)
        reading = self._folded([*states, *late], instant, is_stale=instant < found.now)
        return reading if not found.ahead else _by_a_wrong_clock(reading, found.ahead)

    def _since(self, partition: str, found: Found) -> int | None:
        """Return from which day on stream items count, None if not all of them can be there."""
        watermark = found.watermark
        if watermark is None or watermark.cut is None:
            return None
        if not self._covers(watermark.cut, found.latest):
            return None
        batch = found.batch(partition)
        # A cut under way has been written for some entities and not for others.
        cut: int = watermark.cut if batch is None else max(watermark.cut, batch.cut)
        return cut if cut <= found.latest else None

    @staticmethod
    def _covers(cut: int, now: int) -> bool:
        return cut <= now <= cut + STREAM_DAYS * DAY


def _by_a_wrong_clock(reading: Reading, ahead: int) -> Reading:
    if reading.status.reason is not None:
        return reading
    reason = f"this machine's clock is {ahead / 1e6:.1f} s or more ahead of AWS's"
    return reading._replace(status=replace(reading.status, reason=reason))


def view_reader(plan: ViewPlan) -> ViewReader:
    """Return the reader of a view."""
    return (StreamReader if isinstance(plan.view.refresh, Stream) else CutReader)(plan)


def is_cut(table: OnlineStore, plan: ViewPlan) -> bool:
    """Say whether a view has a committed cut; until then all its values are null."""
    return table.read_watermark(view_partition(plan)).cut is not None


def _is_newer(watermark: Watermark, known: Watermark | None) -> bool:
    """Say whether a watermark is of a cut, and as new as a known one or newer."""
    if watermark.cut is None:
        return False
    return known is None or known.cut is None or watermark.cut >= known.cut


def _days(since: int, now: int) -> list[str]:
    return [_sort_of(day) for day in range(floor_to(since, DAY), now + 1, DAY)]


@lru_cache(maxsize=64)
def _sort_of(day: int) -> str:
    return stream_sort(day)


@lru_cache(maxsize=256)
def _status(instant: int, word: str) -> ViewStatus:
    """Return a status without a reason; many entities share it."""
    return ViewStatus(to_datetime(instant), word)
