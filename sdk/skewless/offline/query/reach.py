"""The events that a query for history reads: how far back, up to when, and which columns. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skewless.compiler import instants
from skewless.compiler.fingerprint import used_columns
from skewless.offline.query.events import Span
from skewless.offline.query.mode import Mode

if TYPE_CHECKING:
    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.source import Source


@dataclass(frozen=True, slots=True)
class Reach:
    """The events that count for labels.

    Attributes:
        mode: which events a label may see.
        first, last: the labels' least and greatest instant, in microseconds.
        reads_all: whether events of any age are read.
    """

    mode: Mode
    first: int
    last: int
    reads_all: bool

    def instant(self, plan: ViewPlan, instant: int) -> int:
        """Return the T for an instant in this mode."""
        if self.mode is Mode.EVENT_TIME:
            return instant
        return instants.as_of(plan.view.refresh, instant)

    def span(self, plans: list[ViewPlan]) -> Span:
        """Return the ingest times that the views need, for skipping partitions."""
        # In event_time mode, what happened before T may have become known at any time after.
        end = None
        if self.mode is not Mode.EVENT_TIME:
            end = max(self.instant(plan, self.last) for plan in plans)
        starts = [self.start(plan) for plan in plans]
        known = [start for start in starts if start is not None]
        if len(known) < len(starts) or self.reads_all:
            return Span(None, end)
        # Whether an id is a repeat depends on the ingestion before it.
        return Span(min(known) - instants.DEDUPLICATION_SPAN, end)

    def start(self, plan: ViewPlan) -> int | None:
        """Return the event time before which no event counts; None if all do."""
        if plan.longest_window is None:
            return None
        return self.instant(plan, self.first) - plan.longest_window


def columns_of(source: Source, plans: list[ViewPlan]) -> tuple[str, ...]:
    """Return the columns of a source that its views read, in the order of the schema."""
    used = {name for plan in plans for name in used_columns(plan.view)}
    return tuple(name for name in source.columns if name in used)
