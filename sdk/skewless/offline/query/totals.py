"""Sums over windows by running totals: exact integers make subtraction exact.

For each entity two running totals are taken in one pass over the events and the points asked for:
in the order events became *known*, up to T, and in the order they *happened*, up to a window's left
edge L. The events of the window that V(T) sees are

    known before T  -  happened before L  +  happened before L but not known before T

and the last term holds only events that came in later than a whole window, which are few.
A window with an offset has a right edge R; its sum is the difference of what happened before R and
before L, less the same term for each.
One sort serves any number of windows; no step grows with labels times events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler.partials import SQUARES_BASE, Partial
from skewless.offline.query import sql
from skewless.offline.query.window import POINT, AllHistory, Window, window_of

if TYPE_CHECKING:
    from skewless.compiler.plan import AggregatePlan, ViewPlan
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql, Steps

_KNOWN, _HAPPENED = 0, 1
_ASKS, _EVENT = 0, 1


@dataclass(frozen=True, slots=True)
class Total:
    """One running column.

    Attributes:
        name: its column.
        measure: the measure's index.
        value: an event's contribution.
        function: SUM; or MIN or MAX, for what needs no left edge.
        kind: its SQL type; None for the type of the value.
    """

    name: str
    measure: int
    value: Sql
    function: type[exp.AggFunc]
    kind: str | None


class Totals:
    """Adds the steps that compute the sums of one view, and names their columns."""

    def __init__(self, plan: ViewPlan, dialect: Dialect, steps: Steps, alias: str) -> None:
        self.plan = plan
        self.dialect = dialect
        self.steps = steps
        self.alias = alias
        found = {window_of(plan, aggregate) for aggregate in plan.aggregates}
        self.windows = sorted(window for window in found if window is not None)
        everything: list[Window | AllHistory] = [AllHistory()] if None in found else []
        self.asked = [*self.windows, *everything]
        pairs = [(window.since, window.after) for window in self.windows]
        self.edges = sorted({edge for pair in pairs for edge in pair if edge is not None})
        self._asked_edges = [*self.edges, *everything]
        self.sums = self._sums()
        self.extremes = self._extremes()

    def add(self, *, lateness: int | None, is_replay: bool) -> str:
        """Add the steps; the last has the partials of every window for each point.

        Args:
            lateness: no event became known later than this after it happened, in microseconds;
                None where that is not known.
            is_replay: whether a point's horizon may lie before its T. Then what became known in
                between is unseen, however soon it became known.
        """
        self.steps.add(f"{self.alias}_axis", sql.union_all([self._events(), *self._asks()]))
        self.steps.add(f"{self.alias}_running", self._running())
        if self.dialect.keeps_order and self.extremes:
            self.steps.add(f"{self.alias}_extremes", self._running_extremes())
        if is_replay:
            lateness = None
        has_late = bool(self.edges) and (lateness is None or lateness > self.edges[0].length)
        if has_late:
            self.steps.add(f"{self.alias}_late", self._late(is_replay=is_replay))
        return self.steps.add(f"{self.alias}_partials", self._partials(has_late=has_late))

    def column(self, aggregate: AggregatePlan, partial: str) -> str:
        """Return the column of a partial, such as `n` or `S`, over an aggregate's window."""
        return windowed(f"{partial}{aggregate.measure}", window_of(self.plan, aggregate))

    def _sums(self) -> list[Total]:
        needed = {
            (column.measure, column.partial)
            for tiles in self.plan.tile_sets
            for column in tiles.columns
        }
        exact = self.dialect.exact_type
        found = []
        for index in range(len(self.plan.measures)):
            found.append(Total(f"n{index}", index, sql.column(f"n{index}"), exp.Sum, "BIGINT"))
            units = self.dialect.exact(sql.column(f"u{index}"))
            if (index, Partial.SUM) in needed and self.plan.measures[index].may_be_uncountable:
                one = sql.when(uncountable(index), sql.integer(1), sql.integer(0))
                found.append(Total(f"o{index}", index, one, exp.Sum, "BIGINT"))
            if (index, Partial.SUM) in needed:
                found.append(Total(f"S{index}", index, units, exp.Sum, exact))
            if (index, Partial.SQUARES) in needed:
                high, low = square_digits(self.dialect, units)
                found.append(Total(f"Qhigh{index}", index, high, exp.Sum, exact))
                found.append(Total(f"Qlow{index}", index, low, exp.Sum, exact))
        return found

    def _extremes(self) -> list[Total]:
        """Columns without a left edge: extremes over all history, and the latest time of `last`."""
        found: dict[str, Total] = {}
        chosen = [(item, partial) for item in self.plan.aggregates for partial in item.chosen]
        for aggregate, partial in chosen:
            index, all_history = aggregate.measure, aggregate.window is None
            counts = sql.equal(sql.column(f"n{index}"), sql.integer(1))
            time = sql.when(counts, sql.column("happened"))
            value = sql.column(f"v{index}")
            match partial:
                case Partial.LAST if not aggregate.offset:
                    total = Total(f"latest{index}", index, time, exp.Max, "BIGINT")
                case Partial.FIRST if all_history:
                    total = Total(f"earliest{index}", index, time, exp.Min, "BIGINT")
                case Partial.MIN if all_history:
                    total = Total(f"least{index}", index, value, exp.Min, None)
                case Partial.MAX if all_history:
                    total = Total(f"greatest{index}", index, value, exp.Max, None)
                case _:
                    continue
            found[total.name] = total
        return list(found.values())

    @property
    def _all(self) -> list[Total]:
        return [*self.sums, *self.extremes]

    def _events(self) -> exp.Select:
        """Every event once in each lane; extremes count in the lane of the known only."""
        lane = sql.column("lane")
        in_known = sql.equal(lane, sql.integer(_KNOWN))
        totals = [sql.aliased(total.value, total.name) for total in self.sums]
        totals += [
            sql.aliased(sql.when(in_known, total.value), total.name) for total in self.extremes
        ]
        null = sql.cast(exp.Null(), "BIGINT")
        lanes = [(_KNOWN,), (_HAPPENED,)]
        values = exp.values(lanes, alias="lanes", columns=["lane"])
        return (
            sql.select(
                sql.column("entity"),
                lane,
                sql.aliased(sql.when(in_known, sql.column("known"), sql.column("happened")), "at"),
                sql.aliased(sql.integer(_EVENT), "kind"),
                sql.aliased(null, "as_of"),
                sql.aliased(null, "horizon"),
                sql.aliased(null, "asks"),
                *totals,
            )
            .from_(sql.table(f"{self.alias}_events"))
            .join(values, join_type="cross")
        )

    def _asks(self) -> list[exp.Select]:
        """The totals of each point: known before T, and before each left edge."""
        found = [self._ask(_KNOWN, sql.column("horizon"), 0)]
        for number, edge in enumerate(self._asked_edges, start=1):
            found.append(self._ask(_HAPPENED, edge.edge(sql.column("as_of")), number))
        return found

    def _ask(self, lane: int, at: Sql, number: int) -> exp.Select:
        nothing = [
            # An untyped null takes the type of the events' column in the union.
            sql.aliased(sql.cast(exp.Null(), total.kind) if total.kind else exp.Null(), total.name)
            for total in self._all
        ]
        return sql.select(
            sql.column("entity"),
            sql.aliased(sql.integer(lane), "lane"),
            sql.aliased(at, "at"),
            sql.aliased(sql.integer(_ASKS), "kind"),
            sql.column("as_of"),
            sql.column("horizon"),
            sql.aliased(sql.integer(number), "asks"),
            *nothing,
        ).from_(sql.table(f"{self.alias}_points"))

    def _running(self) -> exp.Query:
        if self.dialect.keeps_order:
            return sql.union_all([self._running_lane(lane) for lane in (_KNOWN, _HAPPENED)])
        columns = [self._over(total) for total in self._all]
        return self._asked_columns(columns).from_(sql.table(f"{self.alias}_axis"))

    def _running_lane(self, lane: int) -> exp.Select:
        """Sum through a sorted lane, one entity after the other, which needs no partitions.

        The sum of the entities before is the same in both lanes, so it falls out of the difference.
        """
        rows = (
            sql.select(sql.star())
            .from_(sql.table(f"{self.alias}_axis"))
            .where(sql.equal(sql.column("lane"), sql.integer(lane)))
            .order_by(*(sql.column(name) for name in ("entity", "at", "kind")))
        )
        sorted_rows = sql.nested(rows, "sorted")
        columns = [
            sql.aliased(
                sql.over(sql.aggregate(exp.Sum, sql.column(total.name)), [], [], running=True),
                total.name,
            )
            for total in self.sums
        ]
        return self._asked_columns(columns).from_(sorted_rows)

    def _running_extremes(self) -> exp.Select:
        columns = [self._over(total) for total in self.extremes]
        known = sql.equal(sql.column("lane"), sql.integer(_KNOWN))
        query = self._asked_columns(columns).from_(sql.table(f"{self.alias}_axis"))
        return query.where(known)

    def _asked_columns(self, columns: list[Sql]) -> exp.Select:
        return sql.select(*(sql.column(name) for name in (*POINT, "kind", "asks")), *columns)

    def _over(self, total: Total) -> Sql:
        call = sql.aggregate(total.function, sql.column(total.name))
        partition = [sql.column("entity"), sql.column("lane")]
        # A point sorts before the events of its own microsecond, which it must not see.
        order: list[Sql] = [sql.column("at"), sql.column("kind")]
        return sql.aliased(sql.over(call, partition, order, running=True), total.name)

    def _late(self, *, is_replay: bool) -> exp.Select:
        """Sum, for each point, what happened before L and was not known before the horizon."""
        happened, known = sql.column("happened", "event"), sql.column("known", "event")
        as_of = sql.column("as_of", "point")
        sums = []
        for edge in self.edges:
            before = sql.less(happened, edge.edge(as_of))
            for total in self._sums_at(edge):
                value = sql.when(before, total.value.transform(_of_event))
                name = windowed(total.name, edge)
                sums.append(sql.aliased(sql.aggregate(exp.Sum, value), name))
        shortest = self.edges[0]
        identity = [sql.column(name, "point") for name in POINT]
        conditions = [
            sql.equal(sql.column("entity", "event"), sql.column("entity", "point")),
            sql.less_equal(sql.column("horizon", "point"), known),
            # The longest windows reach back furthest, the shortest's edge is the latest but for
            # its hop, so that is the widest condition.
            sql.less(happened, sql.subtract(as_of, sql.integer(shortest.length))),
        ]
        if not is_replay:
            # Where the horizon is T the others imply this one, by which few events are looked at.
            late = sql.subtract(known, happened)
            conditions.append(sql.less(sql.integer(shortest.length), late))
        return (
            sql.select(*identity, *sums)
            .from_(sql.table(f"{self.alias}_points", alias="point"))
            .join(sql.table(f"{self.alias}_events", alias="event"), on=sql.both(*conditions))
            .group_by(*identity)
        )

    def sums_of(self, window: Window | AllHistory) -> list[Total]:
        """Return the sums that some aggregate of the window needs."""
        wanted = window if isinstance(window, Window) else None
        measures = {
            aggregate.measure
            for aggregate in self.plan.aggregates
            if window_of(self.plan, aggregate) == wanted
        }
        return [total for total in self.sums if total.measure in measures]

    def _sums_at(self, edge: Window) -> list[Total]:
        needed = {
            total.name
            for window in self.windows
            if edge in (window.since, window.after)
            for total in self.sums_of(window)
        }
        return [total for total in self.sums if total.name in needed]

    def _partials(self, *, has_late: bool) -> exp.Select:
        point = [sql.column(name, "running") for name in POINT]
        side = "extreme" if self.dialect.keeps_order else "running"
        columns = [
            sql.aliased(self._answer(exp.Max, total, 0, side), total.name)
            for total in self.extremes
        ]
        for window in self.asked:
            columns += [
                sql.aliased(
                    self._difference(total, window, has_late=has_late),
                    windowed(total.name, window),
                )
                for total in self.sums_of(window)
            ]
        query = (
            sql.select(*point, *columns)
            .from_(sql.table(f"{self.alias}_running", alias="running"))
            .where(sql.equal(sql.column("kind", "running"), sql.integer(_ASKS)))
            .group_by(*point)
        )
        if has_late:
            query = self._joined(query, f"{self.alias}_late", "late", [])
        if self.extremes and self.dialect.keeps_order:
            asks = [sql.equal(sql.column(name, side), sql.integer(0)) for name in ("kind", "asks")]
            query = self._joined(query, f"{self.alias}_extremes", side, asks)
        return query

    def _joined(
        self, query: exp.Select, step: str, alias: str, conditions: list[Sql]
    ) -> exp.Select:
        same = [sql.equal(sql.column(name, alias), sql.column(name, "running")) for name in POINT]
        on = sql.both(*same, *conditions)
        return query.join(sql.table(step, alias=alias), on=on, join_type="left", copy=False)

    def _answer(
        self, function: type[exp.AggFunc], total: Total, number: int, side: str = "running"
    ) -> Sql:
        asked = sql.equal(sql.column("asks", side), sql.integer(number))
        answer = sql.aggregate(function, sql.when(asked, sql.column(total.name, side)))
        return sql.coalesce(answer, sql.integer(0)) if total.function is exp.Sum else answer

    def _difference(self, total: Total, window: Window | AllHistory, *, has_late: bool) -> Sql:
        start = window.since if isinstance(window, Window) else window
        end = window.after if isinstance(window, Window) else None
        upto = self._before(total, end)
        value = sql.subtract(upto, self._before(total, start))
        if has_late and isinstance(start, Window):
            value = sql.add(value, self._late_sum(total, start))
        if has_late and end is not None:
            value = sql.subtract(value, self._late_sum(total, end))
        return value

    def _before(self, total: Total, edge: Window | AllHistory | None) -> Sql:
        """Write what happened before an edge; for no edge, what was known before T."""
        number = 0 if edge is None else self._asked_edges.index(edge) + 1
        return self._answer(exp.Sum, total, number)

    def _late_sum(self, total: Total, edge: Window) -> Sql:
        late = sql.aggregate(exp.Max, sql.column(windowed(total.name, edge), "late"))
        return sql.coalesce(late, sql.integer(0))


def square_digits(dialect: Dialect, units: Sql) -> tuple[Sql, Sql]:
    """Write the square of units in two digits of `SQUARES_BASE`, the high one first.

    They are summed apart: no running total over all history, and no tile, overflows 38 decimal
    digits where the window itself does not.
    """
    square = sql.multiply(units, units)
    base = dialect.exact(sql.integer(SQUARES_BASE))
    low = dialect.remainder(square, base)
    return dialect.quotient(sql.subtract(square, low), base), low


def uncountable(measure: int) -> Sql:
    """Say whether an event's value counts and has no units in 64 bits."""
    counts = sql.equal(sql.column(f"n{measure}"), sql.integer(1))
    return sql.both(counts, sql.is_null(sql.column(f"u{measure}")))


def squares(dialect: Dialect, high: Sql, low: Sql) -> Sql:
    """Put the two digits of a sum of squares together; null where it has more than 38 digits."""
    base = dialect.exact(sql.integer(SQUARES_BASE))
    total = sql.add(sql.multiply(dialect.exact(high), base), dialect.exact(low))
    return sql.when(squares_fit(dialect, high, low), total)


def squares_fit(dialect: Dialect, high: Sql, low: Sql) -> Sql:
    """Say whether a sum of squares has at most 38 digits, without adding it up.

    Engines have exact integers of different width; this check is 38 digits in all of them.
    """
    base = dialect.exact(sql.integer(SQUARES_BASE))
    high, low = dialect.exact(high), dialect.exact(low)
    carried = dialect.quotient(sql.subtract(low, dialect.remainder(low, base)), base)
    limit = dialect.exact(sql.text(str(10**38 // SQUARES_BASE)))
    return sql.less(sql.add(high, carried), limit)


def windowed(name: str, window: Window | AllHistory | None) -> str:
    """Name the column of a sum over a window."""
    return f"{name}_{window.label if window is not None else AllHistory.label}"


def _of_event(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Column) and not node.table:
        return sql.column(node.name, "event")
    return node
