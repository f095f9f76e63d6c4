"""Traffic as it was measured: what came into the log on the last days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.compiler.instants import DAY, floor_to
from skewless.cost.traffic import Traffic
from skewless.errors import InputError, shown
from skewless.offline.engines.counts import logged_counts
from skewless.offline.query.events import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.offline.engines.engine import Engine
    from skewless.registry.published import Published


def measured_traffic(
    published: Published,
    engine: Engine,
    now: int,
    *,
    days: int,
    predictions: Mapping[str, float],
    events_per_ingest: float,
    readers: int,
) -> Traffic:
    """Count the events and the entities of the last whole UTC days; see `FeatureStore.traffic`."""
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        raise InputError(f"days is {shown(days)}; it is a whole number from 1")
    today = floor_to(now, DAY)
    span = Span(today - days * DAY, today)
    events: dict[str, float] = {}
    entities: dict[str, float] = {}
    pairs = {(view.source.name, view.entity.name): view for view in published.definitions.views}
    for (source, entity), view in pairs.items():
        found = logged_counts(view.source, view.entity, span, engine)
        events[source] = found.rows / days
        if view.entity.keys:
            entities[entity] = max(found.entities, entities.get(entity, 0))
    return Traffic(
        entities, events, predictions, events_per_ingest=events_per_ingest, readers=readers
    )
