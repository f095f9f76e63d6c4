"""The typical entity of a view: its events come at even intervals, and its items are computed.

Nothing is estimated here: events are folded, encoded and sized by the code that writes items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.compiler.instants import DAY, floor_to
from skewless.definitions.refresh import Every
from skewless.errors import InputError
from skewless.materialize.due import to_cut
from skewless.online.address import BATCH, entity_partition, stream_expiry, stream_sort
from skewless.online.codec import encode
from skewless.online.item_size import item_bytes, write_units
from skewless.online.record import cut_fields, stream_fields
from skewless.online.state import add_events, empty_state, passes, trim
from skewless.online.stream import NO_ITEM, LoggedEvent, with_events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from skewless.compiler.plan import ViewPlan
    from skewless.online.record import StreamItem

# A state over all history is as large after so many events as after more.
_EVER = 200
# So many fill every tile of most windows; more would only make the counts in them larger.
_MOST_EVENTS, _MOST_BETWEEN = 20_000, 200
_SHARD = "ingest-0123456789abcdef"


class Write(NamedTuple):
    """A write of an item.

    Attributes:
        at: the cut, or the instant of the event, in microseconds.
        before: the item's bytes before; 0 if there was none.
        after: its bytes after.
    """

    at: int
    before: int
    after: int

    @property
    def units(self) -> int:
        """What it costs."""
        return write_units(self.before, self.after)


@dataclass(frozen=True, slots=True)
class TypicalEntity:
    """An entity of a view.

    Attributes:
        plan: the view's.
        example: what each of its events holds, in physical values.
        gap: microseconds between two events.
        phase: when the first of them comes after each multiple of `gap`.

    Raises:
        InputError: the example has no key, or the view's condition leaves it out.
    """

    plan: ViewPlan
    example: Mapping[str, Any]
    gap: int
    phase: int

    def __post_init__(self) -> None:
        """Check the example."""
        source = self.plan.view.source
        if None in self.key:
            raise InputError(
                f"the example of source {source.name!r} lacks a key of "
                f"{self.plan.view.entity.name!r}"
            )
        if not passes(self.plan, self.event(0)):
            raise InputError(
                f"the example of source {source.name!r} is left out by the condition of view "
                f"{self.plan.name}; give one that it keeps: Traffic(examples={{...}}), or "
                "--example SOURCE=FILE"
            )

    @property
    def key(self) -> tuple[Any, ...]:
        """Its key, in physical values."""
        return tuple(self.example[name] for name in self.plan.view.entity.keys)

    def event(self, at: int) -> dict[str, Any]:
        """Return its event of an instant."""
        return {**self.example, self.plan.view.source.event_time: at}

    def moments(self, since: int, before: int) -> range:
        """Return when its events come, in a span of time."""
        return range(since + (self.phase - since) % self.gap, before, self.gap)

    def cuts(self, upto: int, count: int) -> list[int]:
        """Return the last cuts up to one that change its item, in order."""
        refresh = self.plan.view.refresh
        every = refresh.every.microseconds if isinstance(refresh, Every) else DAY
        found: list[int] = []
        begins = upto  # of the cut that was found last
        for _ in range(count):
            latest = begins - 1 - (begins - 1 - self.phase) % self.gap
            begins = floor_to(latest, every)
            found.append(begins + every)
        return found[::-1]

    def writes_of_cuts(self, cuts: Iterable[int]) -> Iterator[Write]:
        """Yield the writes of its item by cuts that change it, from the first one on."""
        before: tuple[int, bytes] | None = None
        size = 0
        for version, cut in enumerate(cuts, start=1):
            state = self._state(cut)
            written = to_cut(self.plan, cut, self.key, state)
            item = self._item(BATCH, cut_fields(written, before, version))
            yield Write(cut, size, item)
            before, size = (cut, state), item

    def writes_of_day(self, day: int, step: int = 1) -> Iterator[Write]:
        """Yield the writes of its item of a day: one for each event, or for each `step`th."""
        moments, found, size, done = self.moments(day, day + DAY), NO_ITEM, 0, 0
        for place in range(0, len(moments), step):
            if between := _at_most(moments[done:place], _MOST_BETWEEN):
                found = self._with(found, day, between)
                size = self._day_bytes(found, day, place)
            found = self._with(found, day, moments[place : place + 1])
            before, size = size, self._day_bytes(found, day, place + 1)
            yield Write(moments[place], before, size)
            done = place + 1

    def _with(self, found: StreamItem, day: int, moments: range) -> StreamItem:
        events = [
            LoggedEvent(_SHARD, number, at, self.event(at)) for number, at in enumerate(moments)
        ]
        return with_events(self.plan, found, day, events, moments[-1])[0]

    def _day_bytes(self, found: StreamItem, day: int, version: int) -> int:
        fields = stream_fields(found) | {"v": version, "e": stream_expiry(day)}
        return self._item(stream_sort(day), fields)

    def _state(self, cut: int) -> bytes:
        reach = self.plan.longest_window
        least = cut - (reach if reach is not None else _EVER * self.gap)
        # A state of the latest row is of one event, however many came before.
        moments = self.moments(least, cut)
        moments = _at_most(moments, _MOST_EVENTS)
        if not self.plan.view.is_aggregated:
            moments = moments[-1:]
        state = add_events(self.plan, empty_state(self.plan), map(self.event, moments))
        return encode(self.plan, trim(self.plan, state, cut))

    def _item(self, sort: str, fields: Mapping[str, Any]) -> int:
        return item_bytes({"pk": entity_partition(self.plan, self.key), "sk": sort, **fields})


def _at_most(moments: range, count: int) -> range:
    """Return some of the moments, evenly chosen."""
    return moments[:: max(-(-len(moments) // count), 1)]
