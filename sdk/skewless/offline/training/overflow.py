"""Overflow in history: the cells whose value left the range of exact integers.

The query returns null in these cells. A second column beside each feature that may overflow marks
them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import pyarrow.compute

from skewless.compiler.bound import Feature, features_of
from skewless.compiler.physical import from_physical
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.view import view_behind
from skewless.errors import InputError, ValueOverflowError
from skewless.offline.query import identifiers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from skewless.compiler.plan import SelectionPlan
    from skewless.definitions.service import SelectedFeature
    from skewless.definitions.types import ValueType

pc: Any = pyarrow.compute
_MOST_ROWS = 3  # named for each feature


class Errors(Enum):
    """How to treat a cell that overflows; the value is a user's word for it."""

    RAISE = "raise"
    NULL = "null"

    @classmethod
    def of(cls, name: str) -> Errors:
        """Read what a user wrote.

        Raises:
            InputError: it is none of them.
        """
        try:
            return cls(name)
        except ValueError as error:
            raise InputError(
                f"errors is {name!r}; it is 'raise', or 'null', which makes the cells that "
                "overflow null and counts them in the manifest"
            ) from error


@dataclass(frozen=True, slots=True)
class Overflows:
    """The cells that overflowed.

    Attributes:
        rows: for each output with overflows, the feature and the numbers of the labels' rows.
        of_maps: for each output that is a map, the rows of them in which a value overflowed.
    """

    rows: Mapping[str, tuple[SelectedFeature, Sequence[int]]]
    of_maps: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @classmethod
    def found(cls, result: pa.Table, plan: SelectionPlan) -> Overflows:
        """Read a result of the query, in the labels' order."""
        rows = {}
        of_maps = {}
        for item in plan.selected:
            view, feature = item.view, item.feature
            if numbers := marked(result, identifiers.selected_overflow(view, feature)):
                rows[item.output] = (item, numbers)
            if numbers := marked(result, identifiers.selected_failure(view, feature)):
                of_maps[item.output] = numbers
        return cls(rows, of_maps)

    def raising(self, plan: SelectionPlan) -> Overflows:
        """Return those that are errors: a window with too many values is null by definition."""
        errors = {
            role.feature(item.name)
            for role in plan.roles
            for item in role.plan.aggregates
            if item.by is None and role.plan.is_failure(item)
        }
        for on_demand in plan.on_demand:
            read = {name: features_of(typed.bound) for name, typed in on_demand.features}
            made = [
                each for each in on_demand.made if read.get(each.name, on_demand.reads) & errors
            ]
            errors.update(made)
        found: dict[str, tuple[SelectedFeature, Sequence[int]]] = {}
        for output, (item, rows) in self.rows.items():
            if Feature(item.view.name, item.view.version, item.feature) in errors:
                found[output] = (item, rows)
            elif output in self.of_maps:
                found[output] = (item, self.of_maps[output])
        return Overflows(found)

    def counts(self) -> dict[str, int]:
        """Return how many cells of each output overflowed, without zeros."""
        return {output: len(rows) for output, (_, rows) in self.rows.items()}

    def error(self, labels: pa.Table, plan: SelectionPlan) -> ValueOverflowError:
        """Return an error that names features, entities and rows; `labels` are prepared ones."""
        told = "; ".join(_told(item, rows, labels, plan) for item, rows in self.rows.values())
        return ValueOverflowError(
            f"values left the range of exact integers: {told}. They never wrap: an Int64 sum has "
            "64 bits, all else 38 digits. Shorten the window, lower the scale, or filter the rows; "
            "errors='null' makes these cells null and counts them"
        )


def marked(result: pa.Table, name: str) -> list[int]:
    """Return the rows in which a column is true; none if there is no such column."""
    if name not in result.column_names:
        return []
    return list(pc.indices_nonzero(result[name].combine_chunks()).to_pylist())


def _told(item: SelectedFeature, rows: Sequence[int], labels: pa.Table, plan: SelectionPlan) -> str:
    view = item.view
    if isinstance(view, OnDemandView):
        keys = list(plan.keys)
        what = f"{view.name}.{item.feature} (computed from a feature that overflows)"
    else:
        keys = list(view.columns_of_keys.values())
        what = f"{view.name}.{item.feature} ({view_behind(view).aggregations[item.feature]})"
    shown = ", ".join(
        f"{row} ({_key(labels, {name: plan.keys[name] for name in keys}, row)})"
        for row in rows[:_MOST_ROWS]
    )
    rest = len(rows) - _MOST_ROWS
    more = f" and {rest:,} more" if rest > 0 else ""
    return f"{what} in {len(rows):,} of {labels.num_rows:,} label rows, from 0: row {shown}{more}"


def _key(labels: pa.Table, keys: Mapping[str, ValueType], row: int) -> str:
    physical = ((name, labels[identifiers.given(name)][row].as_py()) for name in keys)
    return ", ".join(f"{name}={from_physical(value, keys[name])!r}" for name, value in physical)
