"""Watch: what alarms and the dashboard need to know, every five minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambdas import runtime
from skewless.compiler.instants import MINUTE, floor_to
from skewless.materialize.watch import overdue_views, rows_added
from skewless.offline.catalog import QUARANTINE_TABLE

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_EVERY = 5 * MINUTE


@runtime.handler
def handle(_event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Measure how far behind each view is, and how many rows were refused in the last span."""
    now = runtime.now()
    until = floor_to(now, _EVERY)
    views = runtime.published().definitions.views
    behind = overdue_views(runtime.online_table(), views, now)
    for view, seconds in behind.items():
        runtime.emit(view, OverdueSeconds=seconds)
    late = sum(seconds > 0 for seconds in behind.values())
    database = runtime.resources().database
    rejected = rows_added(runtime.aws, database, QUARANTINE_TABLE, until - _EVERY, until)
    runtime.emit(None, OverdueViews=late, RejectedRows=rejected)
    runtime.logger.info("watched", extra={"views": len(behind), "overdue": late})
    return {"views": len(behind), "overdue": late, "rejected": rejected}
