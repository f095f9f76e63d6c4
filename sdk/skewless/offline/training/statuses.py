"""Statuses in history: whether a view knew an entity, as serving reports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from skewless.compiler import instants
from skewless.compiler.status import FAILED, MISSING, OK
from skewless.definitions.names import RESERVED_PREFIX
from skewless.offline.query import identifiers
from skewless.offline.training.overflow import marked

if TYPE_CHECKING:
    from skewless.compiler.plan import RolePlan, SelectionPlan


def names_of(label: str) -> tuple[str, str]:
    """Return the names of a view's status columns; no feature may have such a name."""
    return f"{RESERVED_PREFIX}as_of__{label}", f"{RESERVED_PREFIX}status__{label}"


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
    for label, role in zip(plan.labels, plan.roles, strict=True):
        as_of, status = names_of(label)
        at = moments
        if not leaks:
            refresh = role.plan.view.refresh
            at = np.array([instants.as_of(refresh, int(moment)) for moment in moments], np.int64)
        columns[as_of] = pa.array(at).cast(pa.timestamp("us", "UTC"))
        there = np.asarray(found[identifiers.there(role.read)].to_pylist(), np.bool_)
        told = np.where(there, OK, MISSING)
        columns[status] = pa.array(np.where(_failed(found, role), FAILED, told).tolist())
    return pa.table(columns)


def _failed(found: pa.Table, role: RolePlan) -> Any:
    """Return in which rows a selected feature of the view overflowed."""
    failed = np.zeros(found.num_rows, np.bool_)
    for item in role.plan.aggregates:
        name = identifiers.selected_overflow(role.read, item.name)
        if item.by is not None:
            name = identifiers.selected_failure(role.read, item.name)
        if role.plan.is_failure(item):
            failed[marked(found, name)] = True
    return failed
