"""The latest row of each entity as of each point, from one read of the events.

For engines without ASOF joins, which compute a step again for each of its readers: Athena charges
for each. Windows over events and points carry an event's columns to the points beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.offline.query import sql
from skewless.offline.query.row_order import sort_keys
from skewless.offline.query.window import POINT

if TYPE_CHECKING:
    from skewless.compiler.plan import ViewPlan
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql, Steps

_ASKS, _EVENT = 0, 1


def add_carried(plan: ViewPlan, dialect: Dialect, steps: Steps, alias: str) -> None:
    """Add `<alias>_winner` of a latest-value view: for each point the winner's columns, or nulls.

    An entity's events are numbered in the order in which later ones win. The greatest number that
    is known before a point is its winner's. A number has one event, and the points that it is the
    winner of stand beside it in a window.

    Args:
        plan: the view.
        dialect: the engine.
        steps: where the steps are added; the view's points and events are there.
        alias: how the view's steps begin.
    """
    kept = [*(f"c{index}" for index in range(len(plan.columns))), "deleted"]
    ttl = plan.view.ttl
    carried = kept if ttl is None else ["happened", *kept]
    keys = sort_keys(plan, dialect, ("happened", "tie", *kept))
    order = [sql.ascending(key) for key in keys]
    number = sql.over(sql.call("row_number"), [sql.column("entity")], order)
    numbered = sql.select(sql.star(), sql.aliased(number, "number"))
    steps.add(f"{alias}_numbered", numbered.from_(sql.table(f"{alias}_events")))
    steps.add(f"{alias}_axis", _axis(alias, ["number", *carried]))
    latest = sql.over(
        sql.aggregate(exp.Max, sql.column("number")),
        [sql.column("entity")],
        [sql.column("at"), sql.column("kind")],
        running=True,
    )
    running = sql.select(sql.star(), sql.aliased(latest, "latest"))
    steps.add(f"{alias}_running", running.from_(sql.table(f"{alias}_axis")))
    steps.add(f"{alias}_found", _found(alias, carried))
    values: dict[str, Sql] = {name: sql.column(name) for name in kept}
    if ttl is not None:
        oldest = sql.subtract(sql.column("as_of"), sql.integer(ttl.microseconds))
        is_alive = sql.less_equal(oldest, sql.column("happened"))
        values = {name: sql.when(is_alive, value) for name, value in values.items()}
    winner = sql.select(
        *map(sql.column, POINT), *(sql.aliased(value, name) for name, value in values.items())
    ).from_(sql.table(f"{alias}_found"))
    asked = sql.equal(sql.column("kind"), sql.integer(_ASKS))
    steps.add(f"{alias}_winner", winner.where(asked))


def _axis(alias: str, carried: list[str]) -> exp.Query:
    """Put events where they became known, and points at their horizons, which come first."""
    null = sql.cast(exp.Null(), "BIGINT")
    events = sql.select(
        sql.column("entity"),
        sql.aliased(sql.column("known"), "at"),
        sql.aliased(sql.integer(_EVENT), "kind"),
        sql.aliased(null, "as_of"),
        sql.aliased(null, "horizon"),
        *map(sql.column, carried),
    )
    asks = sql.select(
        sql.column("entity"),
        sql.aliased(sql.column("horizon"), "at"),
        sql.aliased(sql.integer(_ASKS), "kind"),
        sql.column("as_of"),
        sql.column("horizon"),
        # An untyped null takes the type of the events' column in the union.
        *(sql.aliased(exp.Null(), name) for name in carried),
    )
    return sql.union_all(
        [
            events.from_(sql.table(f"{alias}_numbered")),
            asks.from_(sql.table(f"{alias}_points")),
        ]
    )


def _found(alias: str, carried: list[str]) -> exp.Select:
    """Give each point the columns of the event whose number it found."""
    is_event = sql.equal(sql.column("kind"), sql.integer(_EVENT))
    number = sql.when(is_event, sql.column("number"), sql.column("latest"))
    # Points without a number are by themselves, and their columns are null.
    beside = [sql.column("entity"), number]
    event_first = [sql.descending(sql.column("kind"))]
    values = {
        name: sql.over(sql.call("first_value", sql.column(name)), beside, event_first)
        for name in carried
    }
    return sql.select(
        *map(sql.column, (*POINT, "kind")),
        *(sql.aliased(value, name) for name, value in values.items()),
    ).from_(sql.table(f"{alias}_running"))
