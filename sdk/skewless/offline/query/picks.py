"""Values that are picked, not summed: min, max, first and last over windows.

`last` needs no left edge: the latest event known before T is the answer, or there is none in the
window. `min`, `max` and `first` over a window, and `last` over one that ends before T, go by tiles:
the tiles that are known before T as a whole count as one value each, and only the few others are
opened to their events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler.partials import Partial
from skewless.definitions.duration import Duration, default_hop
from skewless.offline.query import sql
from skewless.offline.query.window import POINT, Window, window_of

if TYPE_CHECKING:
    from skewless.compiler.plan import AggregatePlan, ViewPlan
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql, Steps


class Picks:
    """Adds the steps that pick the values of one aggregated view, and tells how to join them."""

    def __init__(self, plan: ViewPlan, dialect: Dialect, steps: Steps, alias: str) -> None:
        self.plan = plan
        self.dialect = dialect
        self.steps = steps
        self.alias = alias
        self.joins: dict[str, str] = {}
        self._scanned = [
            (item, partial)
            for item in plan.aggregates
            for partial in item.chosen
            if item.window is not None and (partial is not Partial.LAST or item.offset)
        ]
        self._timed = [
            item for item in plan.aggregates if item.picked in (Partial.FIRST, Partial.LAST)
        ]

    def add(self, partials: str) -> dict[str, Sql]:
        """Add the steps, and return each picked feature's value by name.

        Values refer to the step `partials` by the alias `partial`, and to those of `joins`,
        a map of aliases to steps that have one row for each point at most.
        """
        for window in self._windows():
            self._add_scan(window)
        for item in self._timed:
            self._add_moment(item, partials)
        return {
            item.name: self.value(item, item.picked)
            for item in self.plan.aggregates
            if item.picked is not None
        }

    def scans(self) -> dict[str, tuple[Window, list[str]]]:
        """Return the steps that scan a window, with their columns, such as `least0`."""
        return {
            self._scan(window): (window, [name for name, _ in self._scan_columns(window)])
            for window in self._windows()
        }

    def _windows(self) -> list[Window]:
        return sorted({self._window(item) for item, _ in self._scanned})

    def _window(self, item: AggregatePlan) -> Window:
        window = window_of(self.plan, item)
        if window is None:
            raise ValueError(item.name)
        return window

    def value(self, item: AggregatePlan, partial: Partial) -> Sql:
        """Return a partial of an aggregate that is no sum."""
        match partial:
            case Partial.MIN | Partial.MAX:
                word = "least" if partial is Partial.MIN else "greatest"
                if item.window is None:
                    return sql.column(f"{word}{item.measure}", "partial")
                return sql.column(f"{word}{item.measure}", self._scan(self._window(item)))
            case _:
                return sql.column("value", self._moment(item))

    def _scan(self, window: Window) -> str:
        return f"{self.alias}_scan_{window.label}"

    def _moment(self, item: AggregatePlan) -> str:
        window = window_of(self.plan, item)
        word = "last" if item.picked is Partial.LAST else "first"
        label = "all" if window is None or word == "last" else window.label
        return f"{self.alias}_{word}{item.measure}_{label}" + (
            f"_{window.label}" if window is not None and word == "last" else ""
        )

    def _add_scan(self, window: Window) -> None:
        """Add the least and greatest values, and the earliest times, of a window's events."""
        columns = self._scan_columns(window)
        width = max(window.hop, default_hop(Duration(window.length)).microseconds)
        tiles = self._add_tiles(width)
        asked = self._add_asked(window, width)
        self.joins[self._scan(window)] = self.steps.add(
            self._scan(window), self._merged(columns, tiles, asked, width, ends=window.offset > 0)
        )

    def _scan_columns(self, window: Window) -> list[tuple[str, type[exp.AggFunc]]]:
        found: dict[str, type[exp.AggFunc]] = {}
        for item, partial in self._scanned:
            if self._window(item) != window:
                continue
            match partial:
                case Partial.MIN:
                    found[f"least{item.measure}"] = exp.Min
                case Partial.MAX:
                    found[f"greatest{item.measure}"] = exp.Max
                case Partial.LAST:
                    found[f"latest{item.measure}"] = exp.Max
                case _:
                    found[f"earliest{item.measure}"] = exp.Min
        return list(found.items())

    def _event_value(self, name: str, side: str | None = None) -> Sql:
        index = name.lstrip("abcdefghijklmnopqrstuvwxyz")
        if name.startswith(("earliest", "latest")):
            counts = sql.equal(sql.column(f"n{index}", side), sql.integer(1))
            return sql.when(counts, sql.column("happened", side))
        return sql.column(f"v{index}", side)

    def _add_tiles(self, width: int) -> str:
        """Add the tiles of one width with all that any scan takes from them."""
        step = f"{self.alias}_tiles_{width // 1_000_000}s"
        if step in self.steps:
            return step
        columns = {
            name: function
            for window in self._windows()
            for name, function in self._scan_columns(window)
        }
        tile = sql.floor_to(sql.column("happened"), width)
        query = (
            sql.select(
                sql.column("entity"),
                sql.aliased(tile, "tile"),
                sql.aliased(sql.aggregate(exp.Max, sql.column("known")), "known"),
                *(
                    sql.aliased(sql.aggregate(function, self._event_value(name)), name)
                    for name, function in columns.items()
                ),
            )
            .from_(sql.table(f"{self.alias}_events"))
            .group_by(sql.column("entity"), tile)
        )
        return self.steps.add(step, query)

    def _add_asked(self, window: Window, width: int) -> str:
        """Add the tiles that each point's window touches, whether they have events or not."""
        edge = window.edge(sql.column("as_of"))
        first = sql.floor_to(edge, width)
        end = window.end(sql.column("as_of"))
        last = sql.floor_to(sql.subtract(end, sql.integer(1)), width)
        numbers = self.dialect.sequence(first, last, width, "tiles", "tile")
        query = (
            sql.select(
                *(sql.column(name) for name in POINT),
                sql.aliased(edge, "edge"),
                *([sql.aliased(end, "end")] if window.offset else []),
                sql.column("tile", "tiles"),
            )
            .from_(sql.table(f"{self.alias}_points"))
            .join(numbers, join_type="cross")
        )
        return self.steps.add(f"{self.alias}_asked_{window.label}", query)

    def _merged(
        self,
        columns: list[tuple[str, type[exp.AggFunc]]],
        tiles: str,
        asked: str,
        width: int,
        *,
        ends: bool,
    ) -> exp.Select:
        """Merge the tiles that count as a whole, and the events of the others."""
        known, edge = sql.column("known", "tile"), sql.column("edge", "asked")
        horizon, start = sql.column("horizon", "asked"), sql.column("tile", "asked")
        identity = [sql.column(name, "asked") for name in POINT]
        happened = sql.column("happened", "event")
        inside = [sql.less(sql.column("known", "event"), horizon), sql.less_equal(edge, happened)]
        within = [sql.less_equal(edge, start)]
        if ends:
            end = sql.column("end", "asked")
            inside.append(sql.less(happened, end))
            within.append(sql.less_equal(sql.add(start, sql.integer(width)), end))
        whole = sql.both(sql.less(known, horizon), *within)
        same_tile = sql.both(
            sql.equal(sql.column("entity", "tile"), sql.column("entity", "asked")),
            sql.equal(sql.column("tile", "tile"), start),
        )
        # A null equals nothing, so that a tile that counts as a whole meets none of its events.
        opened = sql.when(exp.Not(this=exp.Paren(this=whole)), start)
        same_events = sql.both(
            sql.equal(sql.column("entity", "event"), sql.column("entity", "asked")),
            sql.equal(sql.floor_to(happened, width), opened),
            *inside,
        )
        columns_of_parts = (
            sql.aliased(
                sql.when(whole, sql.column(name, "tile"), self._event_value(name, "event")), name
            )
            for name, _ in columns
        )
        parts = (
            sql.select(*identity, *columns_of_parts)
            .from_(sql.table(asked, alias="asked"))
            .join(sql.table(tiles, alias="tile"), on=same_tile)
            .join(
                sql.table(f"{self.alias}_events", alias="event"), on=same_events, join_type="left"
            )
        )
        point = [sql.column(name) for name in POINT]
        return (
            sql.select(
                *point,
                *(
                    sql.aliased(sql.aggregate(function, sql.column(name)), name)
                    for name, function in columns
                ),
            )
            .from_(sql.nested(parts, "parts"))
            .group_by(*point)
        )

    def _add_moment(self, item: AggregatePlan, partials: str) -> None:
        """Add the value of the first or last event, whose time is known; ties follow the order."""
        step = self._moment(item)
        if step in self.steps:
            return
        is_last = item.picked is Partial.LAST
        window = window_of(self.plan, item)
        word = "latest" if is_last else "earliest"
        ends_now = window is None or not window.offset
        goes_by_all = window is None or (is_last and ends_now)
        origin = partials if goes_by_all or window is None else self._scan(window)
        moment = sql.column(f"{word}{item.measure}", "point")
        conditions = [
            sql.equal(sql.column("entity", "event"), sql.column("entity", "point")),
            sql.equal(sql.column("happened", "event"), moment),
            sql.less(sql.column("known", "event"), sql.column("horizon", "point")),
            sql.equal(sql.column(f"n{item.measure}", "event"), sql.integer(1)),
        ]
        query = sql.select(
            *(sql.column(name, "point") for name in POINT),
            sql.aliased(sql.column(f"v{item.measure}", "event"), "value"),
            sql.aliased(sql.column("tie", "event"), "tie"),
        ).from_(sql.table(origin, alias="point"))
        query = query.join(
            sql.table(f"{self.alias}_events", alias="event"), on=sql.both(*conditions), copy=False
        )
        if is_last and window is not None and ends_now:
            edge = window.edge(sql.column("as_of", "point"))
            query = query.where(sql.less_equal(edge, moment), copy=False)
        direction = sql.descending if is_last else sql.ascending
        order: list[Sql] = [direction(sql.column("tie")), direction(sql.column("value"))]
        self.joins[step] = self.steps.add(step, first_of(query, order, [sql.column("value")]))


def first_of(query: exp.Select, order: list[Sql], columns: list[Sql]) -> exp.Select:
    """Keep, for each point, the row that comes first."""
    point = [sql.column(name) for name in POINT]
    rank = sql.over(sql.call("row_number"), point, order)
    ranked = sql.select(*point, *columns, sql.aliased(rank, "rank"))
    ranked.from_(sql.nested(query, "candidates"), copy=False)
    first = sql.select(*point, *columns).from_(sql.nested(ranked, "ranked"), copy=False)
    return first.where(sql.equal(sql.column("rank"), sql.integer(1)), copy=False)
