"""Measurements for a store's operators. Boto3's half of the package: no Arrow, no SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.errors import InputError
from skewless.materialize.due import overdue
from skewless.offline.storage.glue_table import describe_table, iceberg_metadata
from skewless.online.address import view_partition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.aws import Aws
    from skewless.compiler.plan import ViewPlan
    from skewless.online.store import OnlineStore


def overdue_views(table: OnlineStore, plans: Iterable[ViewPlan], now: int) -> dict[str, float]:
    """Return for how many seconds each view's next cut has been missed, by `name@version`."""
    found = {}
    for plan in plans:
        watermark = table.read_watermark(view_partition(plan))
        found[plan.name] = overdue(plan, watermark, now) / 1_000_000
    return found


def failed_entities(table: OnlineStore, plans: Iterable[ViewPlan]) -> dict[str, int]:
    """Return how many entities of each view are failed, by `name@version`."""
    return {plan.name: table.failed.count(view_partition(plan)) for plan in plans}


def rows_added(aws: Aws, database: str, name: str, since: int, until: int) -> int:
    """Return how many rows were appended to an Iceberg table in a span of time, in microseconds.

    Its metadata says so for each snapshot; the rows themselves are not read. 0 if there is no such
    table.
    """
    try:
        described = describe_table(f"{database}.{name}", aws)
    except InputError:
        return 0
    metadata = iceberg_metadata(described, aws)
    return sum(
        int(snapshot.get("summary", {}).get("added-records", 0))
        for snapshot in metadata.get("snapshots", ())
        if since <= snapshot["timestamp-ms"] * 1000 < until
        and snapshot.get("summary", {}).get("operation") == "append"
    )
