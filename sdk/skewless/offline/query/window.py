"""Windows in SQL: their edges, and the events inside them. A point is an entity at an instant T."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skewless.offline.query import sql

if TYPE_CHECKING:
    from sqlglot import exp

    from skewless.compiler.plan import AggregatePlan, ViewPlan
    from skewless.offline.query.sql import Sql

POINT = ("entity", "as_of", "horizon")
_BEFORE_ALL_TIME = -(2**62)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A distinct window: how long, its edges rounded to which hop, and how long before T it ends.

    All in microseconds.
    """

    length: int
    hop: int
    offset: int = 0

    @property
    def label(self) -> str:
        """A short name for columns."""
        plain = f"{self.length // 1_000_000}s_{self.hop // 1_000_000}s"
        return f"{plain}_{self.offset // 1_000_000}s" if self.offset else plain

    def edge(self, as_of: Sql) -> Sql:
        """Write `compiler.instants.window_start`."""
        back = sql.integer(self.length + self.offset)
        return sql.floor_to(sql.subtract(as_of, back), self.hop)

    def end(self, as_of: Sql) -> Sql:
        """Write the right edge: T, or `compiler.instants.window_end`."""
        return as_of if self.after is None else self.after.edge(as_of)

    @property
    def since(self) -> Window:
        """The window from the same left edge up to T."""
        return Window(self.length + self.offset, self.hop)

    @property
    def after(self) -> Window | None:
        """The window from the right edge up to T; None if the right edge is T."""
        return Window(self.offset, self.hop) if self.offset else None


@dataclass(frozen=True, slots=True)
class AllHistory:
    """A window without a left edge: its edge lies before all events."""

    label = "all"
    offset = 0

    def edge(self, as_of: Sql) -> Sql:  # noqa: ARG002 - the same for every instant
        """Write an instant before any that a timestamp can say."""
        return sql.integer(_BEFORE_ALL_TIME)

    def end(self, as_of: Sql) -> Sql:
        """Write the right edge, T."""
        return as_of


def window_of(plan: ViewPlan, aggregate: AggregatePlan) -> Window | None:
    """Return an aggregate's window; None for all history."""
    hop = plan.tile_sets[aggregate.tile_set].hop
    if aggregate.window is None or hop is None:
        return None
    return Window(aggregate.window, hop, aggregate.offset)


def events_inside(alias: str, measure: int, window: Window | AllHistory) -> exp.Select:
    """Start a SELECT of `event`s that a measure counts in the window of a `point`.

    Args:
        alias: how the view's steps begin, of which points and events are there.
        measure: which.
        window: the aggregate's.
    """
    as_of, happened = sql.column("as_of", "point"), sql.column("happened", "event")
    on = [
        sql.equal(sql.column("entity", "event"), sql.column("entity", "point")),
        sql.equal(sql.column(f"n{measure}", "event"), sql.integer(1)),
        sql.less(sql.column("known", "event"), sql.column("horizon", "point")),
        sql.less_equal(window.edge(as_of), happened),
    ]
    if window.offset:
        on.append(sql.less(happened, window.end(as_of)))
    return (
        sql.select(*(sql.column(name, "point") for name in POINT))
        .from_(sql.table(f"{alias}_points", alias="point"))
        .join(sql.table(f"{alias}_events", alias="event"), on=sql.both(*on))
    )
