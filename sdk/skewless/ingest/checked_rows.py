"""Rows as they come in at the front door: checked against the source and against its views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from skewless.definitions.expression import to_datetime
from skewless.errors import InputError
from skewless.ingest.checks import RowCheck, key_check, units_check
from skewless.ingest.normalise import listed, normalise
from skewless.offline.frames import incoming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.aws import Aws
    from skewless.definitions.source import Source
    from skewless.definitions.types import ValueType
    from skewless.ingest.normalise import Normalised
    from skewless.registry.published import Published


def checked_rows(
    source: Source,
    published: Published,
    frame: Any,
    aws: Aws,
    *,
    kinds: Mapping[str, ValueType] | None = None,
    not_after: int | None = None,
    strict: bool,
) -> Normalised:
    """Return a frame's rows, those that fit the source apart from those that do not.

    Args:
        source: whose rows.
        published: the views, some of which refuse values that they could not sum up.
        frame: as users give it.
        aws: where frames by name are.
        kinds: the columns that the frame must have; the source's by default.
        not_after: of history: the clock, after which nothing can have happened.
        strict: whether one bad row refuses all.

    Raises:
        InputError: the frame as a whole does not fit, or, if strict, a row.
    """
    plans = published.plans_of(source, retired=True)
    checks = [check for plan in plans for check in units_check(plan)]
    checks += [key_check(plan.view.entity) for plan in plans if plan.key_types]
    kinds = kinds or source.columns
    if not_after is not None:
        times = dict.fromkeys((source.event_time, source.arrival or source.event_time))
        checks += [_future_check(name, not_after) for name in times]
    table = incoming.to_arrow(frame, aws, kinds, only=True)
    checked = normalise(table, source, kinds=kinds, checks=checks)
    if strict and checked.rejected.num_rows:
        raise InputError(
            f"{source}: {checked.rejected.num_rows:,} of {table.num_rows:,} rows do not fit, "
            f"and strict=True refuses them. Nothing was written:{listed(checked.reasons)}"
        )
    return checked


def _future_check(column: str, now: int) -> RowCheck:
    return RowCheck(
        (column,),
        lambda table: pc.greater(pc.cast(table[column], pa.int64()), now),
        f"history ends at {to_datetime(now).isoformat()}, the store's clock",
    )
