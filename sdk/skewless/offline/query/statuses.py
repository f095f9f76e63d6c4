"""Whether a view knew an entity at a point, as a step of a query.

An aggregated view knows an entity from its first event on that passes the view's `where`, however
long ago that was; a latest-value view while it has a winner that is no tombstone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.offline.query import sql
from skewless.offline.query.window import POINT

if TYPE_CHECKING:
    from skewless.compiler.plan import ViewPlan
    from skewless.offline.query.sql import Sql, Steps

THERE = "is_there"


def add_status(plan: ViewPlan, steps: Steps, alias: str, every: exp.Select) -> None:
    """Add `<alias>_status`: for each point whether the view knows the entity.

    Args:
        plan: the view.
        steps: where the step is added; the view's points, and a latest view's winners, are there.
        alias: how the view's steps begin.
        every: all events of an aggregated view, of any age.
    """
    if plan.view.is_aggregated:
        events = steps.add(f"{alias}_every", every)
        first = sql.aliased(sql.aggregate(exp.Min, sql.column("known")), "since")
        grouped = sql.select(sql.column("entity"), first).from_(sql.table(events))
        since = steps.add(f"{alias}_since", grouped.group_by(sql.column("entity")))
        same = sql.equal(sql.column("entity", "since"), sql.column("entity", "point"))
        is_there: Sql = sql.less(sql.column("since", "since"), sql.column("horizon", "point"))
        rows = exp.select().from_(sql.table(f"{alias}_points", alias="point"))
        rows = rows.join(sql.table(since, alias="since"), on=same, join_type="left")
    else:
        is_there = exp.Not(this=sql.column("deleted", "point"))
        rows = exp.select().from_(sql.table(f"{alias}_winner", alias="point"))
    known = sql.coalesce(is_there, exp.Boolean(this=False))
    columns = [sql.column(name, "point") for name in POINT]
    steps.add(f"{alias}_status", rows.select(*columns, sql.aliased(known, THERE)))
