"""OpenLineage of a store: what is published, and the cuts that its views are served from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.definitions.expression import to_datetime
from skewless.online.address import view_partition
from skewless.online.table import NO_SNAPSHOT
from skewless.registry.openlineage import CommittedCut, OpenLineage, StorePlace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from skewless.aws import Aws, Resources
    from skewless.online.table import OnlineTable
    from skewless.registry.model_lock import ModelLock
    from skewless.registry.published import Published


def openlineage(
    aws: Aws,
    resources: Resources,
    table: OnlineTable,
    published: Published,
    models: Iterable[ModelLock],
    *,
    producer: str,
    at: datetime,
) -> list[dict[str, Any]]:
    """Return the events of a store; see `FeatureStore.openlineage`."""
    _, partition, _, region, account, _ = aws.arn("dynamodb", "").split(":", 5)
    place = StorePlace(
        store=resources.store,
        partition=partition,
        region=region,
        account=account,
        database=resources.database,
        online_table=resources.online_table,
    )
    events = OpenLineage(published, tuple(models), place, producer, at)
    return events.events(_cuts(table, published))


def _cuts(table: OnlineTable, published: Published) -> Iterator[CommittedCut]:
    for view in published.live_views:
        watermark = table.read_watermark(view_partition(published.plan(view)))
        if watermark.cut is not None and not watermark.is_retired:
            snapshot = None if watermark.snapshot == NO_SNAPSHOT else watermark.snapshot
            yield CommittedCut(view, to_datetime(watermark.cut), snapshot)
