"""The load of a view: what its cuts, its stream and its readers take on an average day."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING

from skewless.compiler.fingerprint import used_columns
from skewless.compiler.instants import DAY, MINUTE
from skewless.cost.typical import TypicalEntity
from skewless.definitions.refresh import Every
from skewless.errors import InputError
from skewless.online.address import STREAM_DAYS
from skewless.online.item_size import read_units
from skewless.online.pace import AWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from skewless.compiler.plan import ViewPlan
    from skewless.cost.traffic import Traffic
    from skewless.cost.typical import Write
    from skewless.definitions.source import Source

# Entities are alike but for when their events come: so many of them stand for all.
PHASES = 8
# A day's writes and reads are looked at so many times at most.
_MOMENTS = 24
TODAY = 20_500 * DAY  # any day does: 2026-02-16
_ITEM_OVERHEAD = 100  # bytes that DynamoDB adds to each item for storage
_SYSTEM_BYTES = 17  # of an event's ingest time, number and shard, which is stored once a file
_EVER = 365 * DAY  # how much history views read that look at all of it
LEAST_SCANNED = 10_000_000  # Athena charges for at least 10 MB a query


@dataclass(frozen=True)
class ViewLoad:
    """A view under traffic.

    Attributes:
        plan: the view's.
        entities: how many have events.
        gap: microseconds between two events of one of them.
        example: an event, in physical values.
    """

    plan: ViewPlan
    entities: float
    gap: int
    example: Mapping[str, Any]

    @classmethod
    def of(cls, plan: ViewPlan, traffic: Traffic) -> ViewLoad:
        """Take a view's part of the traffic.

        Raises:
            InputError: it says nothing of the view's entity or source, or that no events come.
        """
        view = plan.view
        missing = [
            f"{what} of {name!r}"
            for what, name, given in (
                ("entities", view.entity.name, traffic.entities if view.entity.keys else {"": 1}),
                ("events", view.source.name, traffic.events),
            )
            if not given.get(name)
        ]
        if missing:
            raise InputError(
                f"view {plan.name}: say how many {' and how many '.join(missing)} there are, "
                "more than 0: Traffic(entities=..., events=...), or --entities and --events"
            )
        entities = traffic.entities[view.entity.name] if view.entity.keys else 1.0
        gap = max(round(DAY * entities / traffic.events[view.source.name]), 1)
        return cls(plan, entities, gap, traffic.example(view.source))

    @property
    def is_stream(self) -> bool:
        """Whether events are served as they come in."""
        return not isinstance(self.plan.view.refresh, Every)

    @property
    def cuts(self) -> float:
        """How many cuts a day."""
        refresh = self.plan.view.refresh
        return DAY / refresh.every.microseconds if isinstance(refresh, Every) else 1.0

    @cached_property
    def typical(self) -> list[TypicalEntity]:
        """Entities that stand for all."""
        # Where events come by the minute it does not matter when.
        count = 1 if self.gap < MINUTE else min(PHASES, ceil(self.entities))
        return [
            TypicalEntity(self.plan, self.example, self.gap, index * self.gap // count)
            for index in range(count)
        ]

    @cached_property
    def cut_writes(self) -> list[Write]:
        """A write of a cut, of each typical entity."""
        return [[*one.writes_of_cuts(one.cuts(TODAY, 3))][-1] for one in self.typical]

    @cached_property
    def day_writes(self) -> list[list[Write]]:
        """The writes of a day's item, of each typical entity; none where no event comes."""
        if not self.is_stream:
            return []
        return [[*_some(one)] for one in self.typical]

    @property
    def events(self) -> float:
        """How many events a day."""
        return self.entities * DAY / self.gap

    @property
    def changes(self) -> float:
        """How many entities the cuts of a day write."""
        return self.entities * DAY / max(self.gap, DAY / self.cuts)

    @property
    def cut_write_units(self) -> float:
        """Write units a day of the cuts."""
        return self.changes * _mean([write.units for write in self.cut_writes])

    @property
    def applying_write_units(self) -> float:
        """Write units a day of the stream."""
        return self.events * _mean([write.units for some in self.day_writes for write in some])

    @property
    def applying_read_units(self) -> float:
        """Read units a day of the stream: each event reads its item before it writes it."""
        sizes = [write.before for some in self.day_writes for write in some]
        return self.events * _mean([read_units(size, is_consistent=True) for size in sizes])

    @property
    def row_read_units(self) -> float:
        """Read units of reading the view for one entity."""
        batch = _mean([read_units(write.after) for write in self.cut_writes])
        if not self.is_stream:
            return batch
        return batch + _mean([_mean_read(some) for some in self.day_writes])

    def reader_read_units(self, reads: float, rows: float = 1) -> float:
        """Return the read units a day with which a process learns of new cuts.

        The first read after a cut asks for the watermark and, of a stream, for yesterday's items.

        Args:
            reads: how often it reads.
            rows: how many entities each time.
        """
        each = read_units(0)
        if self.is_stream:
            last = [some[-1].after if some else 0 for some in self.day_writes]
            each += rows * _mean([read_units(size) for size in last])
        return each * min(self.cuts, reads)

    @property
    def stored_bytes(self) -> float:
        """Bytes online."""
        found = _mean([write.after + _ITEM_OVERHEAD for write in self.cut_writes])
        stored = self.entities * found
        if self.is_stream:
            days = min(self.events, self.entities) * (1 + STREAM_DAYS)
            last = [some[-1].after + _ITEM_OVERHEAD for some in self.day_writes if some]
            stored += days * _mean(last)
        return stored

    @property
    def item_bytes(self) -> float:
        """Bytes of an entity's item of cuts."""
        return _mean([write.after for write in self.cut_writes])

    @property
    def scanned_bytes(self) -> float:
        """Bytes that Athena scans a day for the cuts, where nothing is compressed."""
        every = round(DAY / self.cuts)
        start = self.plan.counted_from(TODAY, TODAY - every)
        since = TODAY - _EVER if start is None else start
        events = self.events * (TODAY - since) / DAY
        return self.cuts * max(events * scanned_bytes(self.plan, self.example), LEAST_SCANNED)


def scanned_bytes(plan: ViewPlan, example: Mapping[str, Any]) -> int:
    """Return the bytes that a cut scans for each event in the log, where nothing is compressed.

    A cut reads the log once, and once more for each column that the view's tiles collect.
    """
    names = used_columns(plan.view)
    width = _SYSTEM_BYTES + 8 + sum(_width(example[name]) for name in names)
    kept = {column for tiles in plan.tile_sets for column in tiles.columns}
    return width * (1 + sum(column.kept.is_collected for column in kept))


def line_read_units(reads: float) -> float:
    """Return the read units a day of a process for one source's line, given how often it reads."""
    return 0.5 * min(reads, 2 * DAY / AWS.knowing)


def event_bytes(source: Source, example: Mapping[str, Any]) -> int:
    """Return the bytes of an event in the log, where nothing is compressed."""
    return _SYSTEM_BYTES + sum(_width(example[name]) for name in source.columns)


def _some(entity: TypicalEntity) -> list[Write]:
    """Return some of a day's writes, evenly chosen."""
    events = len(entity.moments(TODAY, TODAY + DAY))
    return [*entity.writes_of_day(TODAY, max(events // _MOMENTS, 1))]


def _mean_read(writes: Sequence[Write]) -> float:
    """Return the units of reading a day's item, on average over the day."""
    if not writes:
        return read_units(0)
    ends = [*(write.at for write in writes[1:]), TODAY + DAY]
    total = (writes[0].at - TODAY) * read_units(0)
    for write, end in zip(writes, ends, strict=True):
        total += (end - write.at) * read_units(write.after)
    return total / DAY


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _width(value: Any) -> int:
    match value:
        case bool():
            return 1
        case str():
            return len(value.encode())
        case bytes():
            return len(value)
        case tuple():
            return sum(map(_width, value))
        case dict():
            return sum(_width(key) + _width(item) for key, item in value.items())
        case _:
            return 8
