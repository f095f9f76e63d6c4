"""Time arithmetic of the semantics, on whole microseconds since the epoch. Written here only.

An event is visible to V(T) when event_time < T and ingest_time < T.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.definitions.refresh import Every, Stream

if TYPE_CHECKING:
    from skewless.definitions.refresh import Refresh

MINUTE = 60_000_000
DAY = 86_400_000_000
DEDUPLICATION_SPAN = 900_000_000  # an event_id repeated within 15 minutes names the same event


def floor_to(instant: int, step: int) -> int:
    """Return the greatest multiple of `step` at or before the instant, also before 1970."""
    return instant - instant % step


def as_of(refresh: Refresh, instant: int) -> int:
    """Return the T whose V(T) is the view's value at the instant."""
    match refresh:
        case Stream():
            return instant
        case Every(every=every, delay=delay):
            return floor_to(instant - delay.microseconds, every.microseconds)


def due_cut(refresh: Refresh, now: int) -> int:
    """Return the latest cut at or before now: the one whose job may run. Streams cut by UTC day."""
    match refresh:
        case Stream():
            return floor_to(now, DAY)
        case Every(every=every):
            return floor_to(now, every.microseconds)


def is_cut(refresh: Refresh, instant: int) -> bool:
    """Say whether a view is cut at the instant."""
    return due_cut(refresh, instant) == instant


def window_start(cut: int, window: int, hop: int) -> int:
    """Return the sawtooth window's left edge, which is inside the window."""
    return floor_to(cut - window, hop)


def window_end(cut: int, offset: int, hop: int) -> int:
    """Return the right edge, which is outside the window, of one that ends before the cut."""
    return floor_to(cut - offset, hop)
