"""Values that are picked, not summed: min, max, first, last, and a view's latest row.

`last` and latest rows need no left edge: the latest event known before T is the answer, or there
is none in the window. `min`, `max` and `first` over a window go by tiles: the tiles that are known
before T as a whole count as one value each, and only the few others are opened to their events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler.partials import Partial
from skewless.definitions.duration import Duration, default_hop
from skewless.offline.query import identifiers, sql
from skewless.offline.query.totals import POINT, Window, window_of

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
        picking = [item for item in plan.aggregates if item.picked is not None]
        self._scanned = [
            item for item in picking if item.window is not None and item.picked is not Partial.LAST
        ]
        self._timed = [item for item in picking if item.picked in (Partial.FIRST, Partial.LAST)]

    def add(self, partials: str) -> dict[str, Sql]:
        """Add the steps, and return each picked feature's value by name.

        The value refers to the step `partials` by the alias `partial`, and to those of `joins`,
        a map of aliases to steps that have one row for each point at most.
        """
        for window in sorted({self._window(item) for item in self._scanned}):
            self._add_scan(window)
        for item in self._timed:
            self._add_moment(item, partials)
        return {
            item.name: self._value(item) for item in self.plan.aggregates if item.picked is not None
        }

    def scans(self) -> dict[str, tuple[Window, list[str]]]:
        """Return the steps that scan a window, with their columns, such as `least0`."""
        return {
            self._scan(window): (window, [name for name, _ in self._scan_columns(window)])
            for window in sorted({self._window(item) for item in self._scanned})
        }

    def _window(self, item: AggregatePlan) -> Window:
        window = window_of(self.plan, item)
        if window is None:
            raise ValueError(item.name)
        return window

    def _value(self, item: AggregatePlan) -> Sql:
        match item.picked:
            case Partial.MIN | Partial.MAX:
                word = "least" if item.picked is Partial.MIN else "greatest"
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
            self._scan(window), self._merged(columns, tiles, asked, width)
        )

    def _scan_columns(self, window: Window) -> list[tuple[str, type[exp.AggFunc]]]:
        found: dict[str, type[exp.AggFunc]] = {}
        for item in self._scanned:
            if self._window(item) != window:
                continue
            match item.picked:
                case Partial.MIN:
                    found[f"least{item.measure}"] = exp.Min
                case Partial.MAX:
                    found[f"greatest{item.measure}"] = exp.Max
                case _:
                    found[f"earliest{item.measure}"] = exp.Min
        return list(found.items())

    def _event_value(self, name: str, side: str | None = None) -> Sql:
        index = name.lstrip("abcdefghijklmnopqrstuvwxyz")
        if name.startswith("earliest"):
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
            for window in {self._window(item) for item in self._scanned}
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
        last = sql.floor_to(sql.subtract(sql.column("as_of"), sql.integer(1)), width)
        numbers = self.dialect.sequence(first, last, width, "tiles", "tile")
        query = (
            sql.select(
                *(sql.column(name) for name in POINT),
                sql.aliased(edge, "edge"),
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
    ) -> exp.Select:
        known, edge = sql.column("known", "tile"), sql.column("edge", "asked")
        horizon, start = sql.column("horizon", "asked"), sql.column("tile", "asked")
        identity = [sql.column(name, "asked") for name in POINT]
        same_tile = sql.both(
            sql.equal(sql.column("entity", "tile"), sql.column("entity", "asked")),
            sql.equal(sql.column("tile", "tile"), start),
        )
        whole = sql.both(sql.less(known, horizon), sql.less_equal(edge, start))
        base = (
            exp.select()
            .from_(sql.table(asked, alias="asked"))
            .join(sql.table(tiles, alias="tile"), on=same_tile)
        )
        as_tiles = base.select(*identity, *(sql.column(name, "tile") for name, _ in columns)).where(
            whole
        )
        same_events = sql.both(
            sql.equal(sql.column("entity", "event"), sql.column("entity", "asked")),
            sql.equal(sql.floor_to(sql.column("happened", "event"), width), start),
        )
        as_events = (
            base.select(
                *identity,
                *(sql.aliased(self._event_value(name, "event"), name) for name, _ in columns),
            )
            .join(sql.table(f"{self.alias}_events", alias="event"), on=same_events)
            .where(
                exp.Not(this=exp.Paren(this=whole.copy())),
                sql.less(sql.column("known", "event"), horizon),
                sql.less_equal(edge, sql.column("happened", "event")),
            )
        )
        parts = exp.Subquery(
            this=sql.union_all([as_tiles, as_events]), alias=exp.TableAlias(this=sql.name("parts"))
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
            .from_(parts)
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
        origin = partials if is_last or window is None else self._scan(window)
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
        if is_last and window is not None:
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
    ranked.from_(_named(query, "candidates"), copy=False)
    first = sql.select(*point, *columns).from_(_named(ranked, "ranked"), copy=False)
    return first.where(sql.equal(sql.column("rank"), sql.integer(1)), copy=False)


def _named(query: exp.Select, name: str) -> exp.Subquery:
    return exp.Subquery(this=query, alias=exp.TableAlias(this=sql.name(name)))


def add_latest(plan: ViewPlan, dialect: Dialect, steps: Steps, alias: str, lag: str | None) -> None:
    """Add `<alias>_features` of a latest-value view: the winning row's columns, or nulls.

    Args:
        plan: the view.
        dialect: the engine.
        steps: where the steps are added; the view's points and events are there.
        alias: how the view's steps begin.
        lag: a step of one row with the time `lag`, after which at the earliest an event becomes
            known; None if that is at once.
    """
    points, events = f"{alias}_points", f"{alias}_events"
    if dialect.joins_asof:
        _add_reached(steps, alias, lag)
        points, events = f"{alias}_late", f"{alias}_late_events"
    null = sql.cast(exp.Null(), "BIGINT")
    known = sql.select(
        sql.column("entity"),
        sql.aliased(sql.column("known"), "at"),
        sql.aliased(sql.integer(1), "kind"),
        sql.aliased(null, "as_of"),
        sql.aliased(null, "horizon"),
        sql.column("happened"),
    ).from_(sql.table(events))
    asks = sql.select(
        sql.column("entity"),
        sql.aliased(sql.column("horizon"), "at"),
        sql.aliased(sql.integer(0), "kind"),
        sql.column("as_of"),
        sql.column("horizon"),
        sql.aliased(null, "happened"),
    ).from_(sql.table(points))
    steps.add(f"{alias}_axis", sql.union_all([known, asks]))
    latest = sql.over(
        sql.aggregate(exp.Max, sql.column("happened")),
        [sql.column("entity")],
        [sql.column("at"), sql.column("kind")],
        running=True,
    )
    running = steps.add(
        f"{alias}_running",
        sql.select(
            *(sql.column(name) for name in POINT),
            sql.column("kind"),
            sql.aliased(latest, "latest"),
        ).from_(sql.table(f"{alias}_axis")),
    )
    if dialect.joins_asof:
        running = _add_found(steps, alias)
    _add_winner(plan, steps, alias, running)


def _add_reached(steps: Steps, alias: str, lag: str | None) -> None:
    """Add each point's latest event, and the points where it had not become known.

    An event that is known before T happened before T - `lag`. So the latest event before T - `lag`
    is the right one if it was known. If not, an earlier one is right, and the running maximum over
    the entity's events tells which.
    """
    point = [sql.column(name, "point") for name in POINT]
    bound: Sql = sql.column("horizon", "point")
    bounded = sql.select(*point).from_(sql.table(f"{alias}_points", alias="point"))
    if lag is not None:
        bounded = bounded.join(sql.table(lag, alias="lag"), join_type="cross", copy=False)
        bound = sql.subtract(bound, sql.coalesce(sql.column("lag", "lag"), sql.integer(0)))
    steps.add(f"{alias}_bounded", bounded.select(sql.aliased(bound, "bound"), copy=False))
    before = sql.both(
        sql.equal(sql.column("entity", "point"), sql.column("entity", "event")),
        sql.less(sql.column("happened", "event"), sql.column("bound", "point")),
    )
    steps.add(
        f"{alias}_reached",
        sql.select(
            *point,
            sql.aliased(sql.column("happened", "event"), "latest"),
            sql.column("known", "event"),
        )
        .from_(sql.table(f"{alias}_bounded", alias="point"))
        .join(sql.table(f"{alias}_events", alias="event"), on=before, join_type="asof left"),
    )
    late = sql.less_equal(sql.column("horizon"), sql.column("known"))
    steps.add(
        f"{alias}_late",
        sql.select(*(sql.column(name) for name in POINT))
        .from_(sql.table(f"{alias}_reached"))
        .where(late),
    )
    same = sql.equal(sql.column("entity", "event"), sql.column("entity", "point"))
    steps.add(
        f"{alias}_late_events",
        sql.select(*(sql.column(name, "event") for name in ("entity", "known", "happened")))
        .from_(sql.table(f"{alias}_events", alias="event"))
        .join(sql.table(f"{alias}_late", alias="point"), on=same, join_type="semi"),
    )


def _add_found(steps: Steps, alias: str) -> str:
    """Add the time of each point's winner: of most points as reached, of the others as running."""
    columns = [*(sql.column(name) for name in POINT), sql.column("latest")]
    is_late = sql.less_equal(sql.column("horizon"), sql.column("known"))
    in_time = exp.Not(this=sql.coalesce(is_late, exp.false()))
    reached = sql.select(*columns).from_(sql.table(f"{alias}_reached")).where(in_time)
    asked = sql.equal(sql.column("kind"), sql.integer(0))
    running = sql.select(*columns).from_(sql.table(f"{alias}_running")).where(asked)
    return steps.add(f"{alias}_found", sql.union_all([reached, running]))


def _add_winner(plan: ViewPlan, steps: Steps, alias: str, found: str) -> None:
    names = [f"c{index}" for index in range(len(plan.columns))]
    conditions = [
        sql.equal(sql.column("entity", "event"), sql.column("entity", "point")),
        sql.equal(sql.column("happened", "event"), sql.column("latest", "point")),
        sql.less(sql.column("known", "event"), sql.column("horizon", "point")),
    ]
    if plan.view.ttl is not None:
        alive = sql.subtract(sql.column("as_of", "point"), sql.integer(plan.view.ttl.microseconds))
        conditions.append(sql.less_equal(alive, sql.column("happened", "event")))
    kept = ("tie", *names, "deleted")
    candidates = (
        sql.select(
            *(sql.column(name, "point") for name in POINT),
            *(sql.column(name, "event") for name in kept),
        )
        .from_(sql.table(found, alias="point"), copy=False)
        .join(
            sql.table(f"{alias}_events", alias="event"),
            on=sql.both(*conditions),
            join_type="left",
            copy=False,
        )
    )
    if found == f"{alias}_running":
        asked = sql.equal(sql.column("kind", "point"), sql.integer(0))
        candidates = candidates.where(asked, copy=False)
    order: list[Sql] = [sql.descending(sql.column(name)) for name in kept]
    winner = first_of(candidates, order, [sql.column(name) for name in kept])
    steps.add(f"{alias}_winner", winner)
    is_there = exp.Not(this=sql.column("deleted"))
    features = [
        sql.aliased(sql.when(is_there, sql.column(name)), identifiers.feature(feature))
        for name, (feature, _) in zip(names, plan.columns, strict=True)
    ]
    steps.add(
        f"{alias}_features",
        sql.select(*(sql.column(name) for name in POINT), *features).from_(
            sql.table(f"{alias}_winner"), copy=False
        ),
    )
