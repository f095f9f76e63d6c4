"""Statuses: whether a view knew an entity at a point, as serving says it beside the values.

An aggregated view knows an entity from its first event on that passes the view's `where`, however
long ago that was; a latest-value view while it has a winner that is no tombstone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sqlglot import exp

from skewless.compiler import instants
from skewless.definitions.names import RESERVED_PREFIX
from skewless.offline import identifiers, sql
from skewless.offline.totals import POINT

if TYPE_CHECKING:
    from skewless.compiler.plan import SelectionPlan, ViewPlan
    from skewless.offline.sql import Sql, Steps

THERE = "is_there"
# As `online.answer` has them; what is stale, history cannot know.
_OK, _MISSING, _FAILED = "ok", "missing", "failed"


def names_of(label: str) -> tuple[str, str]:
    """Return what a view's columns are called; no feature's name may begin so."""
    return f"{RESERVED_PREFIX}as_of__{label}", f"{RESERVED_PREFIX}status__{label}"


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


def statuses(found: pa.Table, plan: SelectionPlan, asked: Any, *, leaks: bool) -> pa.Table:
    """Return as_of and status of each view, row by row.

    Args:
        found: what the query returned, in the labels' order.
        plan: the features asked for.
        asked: the labels' instants, in microseconds.
        leaks: whether a label is answered as of its own instant, whatever the refresh.
    """
    columns: dict[str, Any] = {}
    moments = np.asarray(asked, np.int64)
    for label, view_plan in zip(plan.labels, plan.views, strict=True):
        as_of, status = names_of(label)
        at = moments
        if not leaks:
            refresh = view_plan.view.refresh
            at = np.array([instants.as_of(refresh, int(moment)) for moment in moments], np.int64)
        columns[as_of] = pa.array(at).cast(pa.timestamp("us", "UTC"))
        there = np.asarray(found[identifiers.there(view_plan.view)].to_pylist(), np.bool_)
        told = np.where(there, _OK, _MISSING)
        columns[status] = pa.array(np.where(_failed(found, view_plan), _FAILED, told).tolist())
    return pa.table(columns)


def _failed(found: pa.Table, plan: ViewPlan) -> Any:
    """Return in which rows a selected feature of the view overflowed."""
    failed = np.zeros(found.num_rows, np.bool_)
    for feature in plan.view.feature_types:
        name = identifiers.selected_overflow(plan.view, feature)
        if name in found.column_names:
            failed |= np.asarray(found[name].to_pylist(), np.bool_)
    return failed
