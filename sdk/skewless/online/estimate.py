"""Estimates of an entity's largest item and its cost, for plans, before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.compiler.plan import plan_view
from skewless.online.codec import tile_bytes_estimate
from skewless.online.item_size import read_units, write_units

if TYPE_CHECKING:
    from skewless.definitions.view import FeatureView

_LARGE_ITEM_BYTES = 300_000


def estimate(view: FeatureView) -> dict[str, object]:
    """Estimate an entity's item at its largest, and what it costs."""
    item_bytes = tile_bytes_estimate(plan_view(view))
    found: dict[str, object] = {
        "item_bytes_at_most": item_bytes,
        "read_units_at_most": read_units(item_bytes),
        "write_units_at_most": write_units(0, item_bytes),
    }
    if item_bytes > _LARGE_ITEM_BYTES:
        found["warning"] = (
            f"an entity that is busy in every tile needs {item_bytes} bytes, near DynamoDB's "
            "409,600; such a cut is refused. Lengthen the hop or shorten the window."
        )
    return found
