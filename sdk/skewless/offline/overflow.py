"""An engine's overflow told in the user's words: which aggregates may have left their range."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from skewless.definitions import types
from skewless.definitions.aggregation import VARIANCES, Function
from skewless.errors import QueryError, ValueOverflowError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.compiler.plan import AggregatePlan, ViewPlan

# Trino and DuckDB each have several words for it.
_OVERFLOW = re.compile(
    r"overflow|out of range|NUMERIC_VALUE_OUT_OF_RANGE|failed to cast|cannot cast", re.IGNORECASE
)


def explained(error: QueryError, plans: Iterable[ViewPlan]) -> QueryError | ValueOverflowError:
    """Return the error to raise: one that names the aggregates, where a value left its range."""
    if not _OVERFLOW.search(error.reason):
        return error
    suspects = [
        f"{plan.view.name}.{item.name} ({plan.view.aggregations[item.name]})"
        for plan in plans
        for item in plan.aggregates
        if _may_overflow(item)
    ]
    if not suspects:
        return error
    return ValueOverflowError(
        "a value left the range of exact integers, which is an error and never wraps: an Int64 sum "
        "has 64 bits, all else 38 digits. Aggregates that may be meant: "
        f"{', '.join(suspects)}. Shorten the window, lower the scale, or filter the rows. "
        f"The engine said: {error.reason}"
    )


def _may_overflow(item: AggregatePlan) -> bool:
    if item.function in VARIANCES or item.function is Function.MEAN:
        return True
    return item.function is Function.SUM and item.type in (types.Int64, types.Float64)
