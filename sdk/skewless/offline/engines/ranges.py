"""Windows as ranges of sorted events: every sum is a difference, every extreme two lookups.

Events are sorted by entity and by the minute in which they happened. Left edges of windows are
whole minutes, so a window begins between two events of that order. It ends there as well if the
order in which events became known is the same. Where it is not, the events are dealt into lanes,
each of which is in both orders. Events that come in as they happen, at whatever delay, make one
lane; those that come in late make a few more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Integers: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

MINUTE = 60_000_000
# Looking up a lane costs as much however few events it holds.
MOST_LANES = 64
_WIDEST, _MOST_EVENTS = 2**62, 2**29


class TooManyLanesError(Exception):
    """The events became known in an order too different from that in which they happened."""


@dataclass(frozen=True, slots=True)
class Points:
    """The points that are asked for, sorted by entity and horizon.

    Attributes:
        order: where each sorted point stood.
        entity: its entity.
        horizon: its bound of ingest times, as the index in `horizons`.
        edges: for each window, its left edge in minutes.
        ends: for each window that ends before T, its right edge in minutes.
        horizons: the distinct bounds of ingest times, ascending.
    """

    order: Integers
    entity: Integers
    horizon: Integers
    edges: tuple[Integers, ...]
    ends: Mapping[int, Integers]
    horizons: Integers

    @classmethod
    def of(
        cls,
        entity: Integers,
        horizon: Integers,
        edges: Sequence[Integers],
        ends: Mapping[int, Integers],
    ) -> Points:
        """Sort points; instants are microseconds."""
        order = np.lexsort((horizon, entity))
        bounds = np.sort(horizon)
        distinct = bounds[np.append(True, bounds[1:] != bounds[:-1])]
        return cls(
            order,
            entity[order],
            np.searchsorted(distinct, horizon[order]),
            tuple(edge[order] // MINUTE for edge in edges),
            {window: end[order] // MINUTE for window, end in ends.items()},
            distinct,
        )


@dataclass(frozen=True, slots=True)
class Lane:
    """Events in the order in which they happened and became known alike.

    Attributes:
        rows: which of the events, in that order.
        low: for each window and point, the first event of the range.
        high: for each point, the event after the range, which is the same for all windows that end
            at T.
        ends: the same for each of the others.
    """

    rows: Integers
    low: tuple[Integers, ...]
    high: Integers
    ends: Mapping[int, Integers]

    def after(self, window: int) -> Integers:
        """Return for each point the event after a window's range."""
        return self.ends.get(window, self.high)


def lanes_of(points: Points, entity: Integers, happened: Integers, known: Integers) -> list[Lane]:
    """Find the ranges of events that each window of each point sees.

    Args:
        points: what is asked for.
        entity: of each event.
        happened: when each event happened, in microseconds.
        known: when it became known.

    Raises:
        TooManyLanesError: the ranges would be too many, or do not fit in 64 bits.
    """
    # An event counts from the first horizon after the instant at which it became known.
    seen = np.searchsorted(points.horizons, known, side="right")
    counts = np.flatnonzero(seen < len(points.horizons))
    if not len(counts):
        return []
    minute = happened[counts] // MINUTE
    first = int(minute.min())
    minute -= first
    width, depth = int(minute.max()) + 2, len(points.horizons)
    entities = max(int(entity.max()), int(points.entity.max())) + 1
    widest = max(entities * max(width, depth, len(counts)), width * depth)
    if widest >= _WIDEST or len(counts) >= _MOST_EVENTS:
        raise TooManyLanesError
    order = _sorted(entity[counts], minute * depth + seen[counts])
    rows = counts[order]
    owner = entity[rows]
    by_time = owner * width + minute[order]
    by_knowledge = owner * depth + seen[rows]

    def moment(edge: Integers) -> Integers:
        return points.entity * width + np.clip(edge - first, 0, width - 1)

    edges = [moment(edge) for edge in points.edges]
    ends = {window: moment(end) for window, end in points.ends.items()}
    asked = points.entity * depth + points.horizon
    found: list[Lane] = []
    for lane in _in_both_orders(by_knowledge):
        if len(found) == MOST_LANES:
            raise TooManyLanesError
        high = np.searchsorted(_taken(by_knowledge, lane), asked, side="right")
        starts = _taken(by_time, lane)
        low = tuple(np.minimum(np.searchsorted(starts, edge), high) for edge in edges)
        after = {
            window: np.minimum(np.searchsorted(starts, end), high) for window, end in ends.items()
        }
        found.append(Lane(_taken(rows, lane), low, high, after))
    return found


def _sorted(entity: Integers, moment: Integers) -> Integers:
    """Return the order by entity, then by moment."""
    size = len(entity)
    bits = size.bit_length()
    first = None
    if not bool(np.all(moment[1:] >= moment[:-1])):
        first = np.argsort(moment)
        entity = entity[first]
    # Sorting numbers that hold their places is several times faster than sorting places.
    places = (entity << bits) | np.arange(size)
    places.sort()
    places &= (1 << bits) - 1
    return places if first is None else first[places]


def _in_both_orders(knowledge: Integers) -> Iterator[Integers | None]:
    """Deal events, sorted by time, into lanes in which knowledge ascends; None means all.

    A lane takes the events that no later one was known before. That makes the fewest lanes.
    """
    left: Integers | None = None
    while True:
        values = _taken(knowledge, left)
        ascends = values == np.minimum.accumulate(values[::-1])[::-1]
        if bool(ascends.all()):
            yield left
            return
        places = np.arange(len(knowledge)) if left is None else left
        yield places[ascends]
        left = places[~ascends]


def _taken(values: Integers, places: Integers | None) -> Integers:
    return values if places is None else values[places]
