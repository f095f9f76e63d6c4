"""The last few events before each point, for an engine that joins points to instants. Pure.

To join a point to all events of its window, and to cut then, takes time by the window's events.
Here a point looks up two places in the order of its entity's events, and is joined to what is
between them.

Of an entity, P events happened before the point's horizon, and K of them were known by then. So at
most P - K of any of them were not. Among the last n + P - K events, n are known at least, and these
are the last n of the known. Events of one instant stand in any order, so all that happened with the
first of them belong to them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.offline.query import sql
from skewless.offline.query.window import POINT

if TYPE_CHECKING:
    from sqlglot import exp

    from skewless.offline.query.sql import Sql, Steps
    from skewless.offline.query.window import AllHistory, Window


def last_inside(
    steps: Steps, alias: str, measure: int, window: Window | AllHistory, most: int
) -> exp.Select:
    """Start a SELECT of `event`s as `window.events_inside`: the last ones, `most` at the least.

    Args:
        steps: where the steps are added; the view's points and events are there.
        alias: how the view's steps begin.
        measure: whose events.
        window: ends at the point.
        most: how many are asked for.
    """
    placed = _add_placed(steps, alias, measure)
    near = _add_near(steps, alias, measure, placed, most)
    on = [
        sql.equal(sql.column("entity", "event"), sql.column("entity", "point")),
        sql.equal(sql.column("place", "event"), sql.column("place", "point")),
        sql.less(sql.column("known", "event"), sql.column("horizon", "point")),
        sql.less_equal(window.edge(sql.column("as_of", "point")), sql.column("happened", "event")),
    ]
    return (
        sql.select(*(sql.column(name, "point") for name in POINT))
        .from_(sql.table(near, alias="point"))
        .join(sql.table(placed, alias="event"), on=sql.both(*on))
    )


def _add_placed(steps: Steps, alias: str, measure: int) -> str:
    """Add the measure's events with their places, and the first and last place of their instant."""
    happened, entity = sql.column("happened"), sql.column("entity")
    columns = [
        *map(sql.column, ("entity", "happened", "known", "tie", f"v{measure}")),
        sql.aliased(sql.over(sql.call("row_number"), [entity], [happened]), "place"),
        sql.aliased(sql.over(sql.call("rank"), [entity], [happened]), "first"),
        sql.aliased(sql.over(sql.call("count", sql.star()), [entity], [happened]), "last"),
    ]
    return _added(steps, f"{alias}_placed{measure}", columns, alias, measure)


def _add_near(steps: Steps, alias: str, measure: int, placed: str, most: int) -> str:
    """Add each point once for each place to look at."""
    count = sql.over(sql.call("count", sql.star()), [sql.column("entity")], [sql.column("known")])
    columns = [sql.column("entity"), sql.column("known"), sql.aliased(count, "number")]
    known = _added(steps, f"{alias}_known{measure}", columns, alias, measure)
    name = f"{alias}_near{measure}_{most}"
    if name in steps:
        return name
    point = [sql.column(each, "point") for each in POINT]
    since = sql.subtract(sql.column("number", "known"), sql.integer(most - 1))
    places = sql.call(
        "unnest",
        sql.call(
            "range",
            sql.column("first", "start"),
            sql.add(sql.column("last", "event"), sql.integer(1)),
        ),
    )
    start = [
        sql.equal(sql.column("entity", "start"), sql.column("entity", "point")),
        sql.equal(sql.column("place", "start"), sql.call("greatest", since, sql.integer(1))),
    ]
    query = (
        sql.select(*point, sql.aliased(places, "place"))
        .from_(sql.table(f"{alias}_points", alias="point"))
        .join(sql.table(known, alias="known"), on=_before("known", "known"), join_type="asof")
        .join(sql.table(placed, alias="event"), on=_before("event", "happened"), join_type="asof")
        .join(sql.table(placed, alias="start"), on=sql.both(*start))
    )
    return steps.add(name, query)


def _added(steps: Steps, name: str, columns: list[Sql], alias: str, measure: int) -> str:
    """Add a step of the measure's events."""
    if name in steps:
        return name
    counts = sql.equal(sql.column(f"n{measure}"), sql.integer(1))
    return steps.add(name, sql.select(*columns).from_(sql.table(f"{alias}_events")).where(counts))


def _before(table: str, instant: str) -> Sql:
    return sql.both(
        sql.equal(sql.column("entity", "point"), sql.column("entity", table)),
        sql.less(sql.column(instant, table), sql.column("horizon", "point")),
    )
