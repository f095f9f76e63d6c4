"""Estimates of an entity's largest item and its cost, for plans, before anything is written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skewless.compiler.plan import plan_view
from skewless.definitions.duration import HOP_LADDER, span
from skewless.online.codec import tile_bytes_estimate
from skewless.online.item_size import read_units, write_units

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.duration import Duration
    from skewless.definitions.version import Version
    from skewless.definitions.view import FeatureView

_LARGE_ITEM_BYTES = 300_000


def estimates(
    views: Iterable[FeatureView],
) -> dict[tuple[str, Version], dict[str, object]]:
    """Estimate the items of views, as `Plan.with_estimates` takes them."""
    return {(view.name, view.version): estimate(view) for view in views}


def estimate(view: FeatureView) -> dict[str, object]:
    """Estimate an entity's item at its largest, and what it costs."""
    plan = plan_view(view)
    item_bytes = tile_bytes_estimate(plan)
    found: dict[str, object] = {
        "item_bytes_at_most": item_bytes,
        "read_units_at_most": read_units(item_bytes),
        "write_units_at_most": write_units(0, item_bytes),
    }
    if item_bytes > _LARGE_ITEM_BYTES:
        way = "Lengthen the hop or shorten the window"
        if any(item.collected or item.by for item in plan.aggregates):
            way += ", or lower an n or a limit: each tile may hold as much"
        busy = "an entity that is busy in every tile"
        if not view.is_aggregated:
            busy, way = "an entity's latest row", "Leave a column out, or give it a shorter vector"
        found["warning"] = (
            f"{busy} needs {item_bytes} bytes, near DynamoDB's "
            f"409,600; such a cut is refused. {way}."
        )
    if windows := list(_windows(plan)):
        found["windows"] = windows
    return found


def _windows(plan: ViewPlan) -> Iterator[str]:
    """Say of each window what it spans, and what the next smaller hop would span and cost."""
    seen = {(item.window, item.hop, item.offset): None for item in plan.view.aggregations.values()}
    for window, hop, offset in seen:
        if window is None or hop is None:
            continue
        moved = "" if offset is None else f", offset {offset}"
        text = f"window {window}, hop {hop}{moved}: spans {span(window, hop, offset)}"
        smaller = [step for step in HOP_LADDER if step < hop]
        if smaller:
            least = _with_hop(plan, hop, smaller[-1])
            text += (
                f"; with hop {smaller[-1]} {span(window, smaller[-1], offset)}, and the largest "
                f"item has {least:,} bytes, {read_units(least):,} read units, "
                f"{write_units(0, least):,} write units"
            )
        yield text


def _with_hop(plan: ViewPlan, hop: Duration, smaller: Duration) -> int:
    sets = [
        replace(tiles, hop=smaller.microseconds) if tiles.hop == hop.microseconds else tiles
        for tiles in plan.tile_sets
    ]
    return tile_bytes_estimate(replace(plan, tile_sets=tuple(sets)))
