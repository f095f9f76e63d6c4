"""Watch: what alarms and the dashboard need to know, every five minutes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from lambdas import runtime
from skewless.compiler.instants import MINUTE, floor_to
from skewless.definitions.expression import to_microseconds
from skewless.materialize.watch import failed_entities, overdue_views, rows_added
from skewless.offline.lake.catalog import QUARANTINE_TABLE, quarantine_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from skewless.definitions.source import Source

_EVERY = 5 * MINUTE
# A commit is stamped before it can be seen, by its writer's clock. Spans end this much before the
# call, so that all of their commits are there.
_LANDING = MINUTE


@runtime.handler
def handle(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Measure how far behind each view is, whom it fails, and how many rows were refused.

    Args:
        event: `scheduled`, the ISO time that the call was scheduled for, whenever it is made. A
            call by hand has none: it counts no refused rows, which the scheduled one counts.
    """
    now = runtime.now()
    published = runtime.published()
    plans = [published.plan(view) for view in published.live_views]
    behind = overdue_views(runtime.online_table(), plans, now)
    for view, seconds in behind.items():
        runtime.emit(view, OverdueSeconds=seconds)
    failed = failed_entities(runtime.online_table(), plans)
    for view, count in failed.items():
        runtime.emit(view, FailedEntities=count)
    late = sum(seconds > 0 for seconds in behind.values())
    told: dict[str, Any] = {"views": len(behind), "overdue": late, "failed": sum(failed.values())}
    if scheduled := event.get("scheduled"):
        told["rejected"] = _rejected(
            published.definitions.sources, datetime.fromisoformat(scheduled)
        )
        runtime.emit(None, RejectedRows=told["rejected"])
    # The last one: an alarm takes it that the watch has run to its end.
    runtime.emit(None, OverdueViews=late)
    counts = {name: told[name] for name in ("views", "overdue", "failed")}
    runtime.logger.info("watched", extra=counts)
    return told


def _rejected(sources: Iterable[Source], scheduled: datetime) -> int:
    """Count the rows refused in the span of a scheduled call; each instant is in one span."""
    until = floor_to(to_microseconds(scheduled, "scheduled"), _EVERY) - _LANDING
    database = runtime.resources().database
    # Producers of an older release keep the refused rows of all sources in one table.
    tables = (QUARANTINE_TABLE, *(quarantine_table(source.name) for source in sources))
    return sum(rows_added(runtime.aws, database, table, until - _EVERY, until) for table in tables)
