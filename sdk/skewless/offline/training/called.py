"""On-demand features that no SQL computes: Python functions, row by row, after the query.

They are computed by the code that serves them (`compiler.on_demand`), of the same physical values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute

from skewless.compiler.bound import Feature, Request, RequestTime
from skewless.compiler.on_demand import OnDemand
from skewless.definitions import types
from skewless.errors import FunctionError
from skewless.offline.frames.logical import physical_type, physical_values
from skewless.offline.query import identifiers
from skewless.offline.query.history import INSTANT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.compiler.plan import SelectionPlan
    from skewless.definitions.types import ValueType

pc: Any = pyarrow.compute
_ROWS_AT_ONCE = 65_536
_MOST_ROWS = 3  # named for each view


@dataclass(slots=True)
class FailedCalls:
    """The rows on which functions failed.

    Attributes:
        rows: the numbers of the labels' rows, by output column.
        reasons: the first few of each view: the row, and why.
    """

    rows: dict[str, list[int]] = field(default_factory=dict)
    reasons: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Return how many cells of each output failed, without zeros."""
        return {output: len(rows) for output, rows in self.rows.items()}

    def error(self, count: int) -> FunctionError:
        """Return an error that names views, features, rows and inputs; `count` is of all rows."""
        told = [f"row {row}: {why}" for reasons in self.reasons.values() for row, why in reasons]
        cells = ", ".join(f"{output} in {len(rows):,}" for output, rows in self.rows.items())
        lines = "".join(f"\n  - {each}" for each in told)
        return FunctionError(
            f"functions of on-demand views failed: {cells} of {count:,} label rows, from 0. "
            f"errors='null' makes these cells null and counts them:{lines}"
        )


def with_called(
    found: pa.Table, labels: pa.Table, plan: SelectionPlan
) -> tuple[pa.Table, FailedCalls]:
    """Add the columns of on-demand features that the query did not compute.

    Args:
        found: the query's result, physical, in the labels' order.
        labels: the prepared labels.
        plan: the selection.

    Raises:
        CompileError: a function was published for another version of Python.
    """
    failures = FailedCalls()
    if not plan.after_sql:
        return found, failures
    return _Calls(plan, failures).added(found, labels), failures


class _Calls:
    """Computes the columns."""

    def __init__(self, plan: SelectionPlan, failures: FailedCalls) -> None:
        self._plan = plan
        self._failures = failures
        self._on_demand = OnDemand(plan.after_sql)
        views = [each.view for each in plan.after_sql]
        self._made = {
            Feature(view.name, view.version, name): (view, name, type_)
            for view in views
            for name, type_ in view.feature_types.items()
        }
        self._outputs = {
            Feature(item.view.name, item.view.version, item.feature): item.output
            for item in plan.selected
        }

    def added(self, found: pa.Table, labels: pa.Table) -> pa.Table:
        """Return the query's result with the columns."""
        columns = list(self._columns(found, labels))
        parts: dict[Feature, list[pa.Array]] = {feature: [] for feature in self._made}
        flags: dict[Feature, list[bool]] = {feature: [] for feature in self._made}
        for first in range(0, max(found.num_rows, 1), _ROWS_AT_ONCE):
            chunk = [
                (key, physical_values(column.slice(first, _ROWS_AT_ONCE), type_), flag)
                for key, column, type_, flag in columns
            ]
            size = min(_ROWS_AT_ONCE, found.num_rows - first)
            values = self._rows(chunk, first, size, flags)
            for feature, (_, _, type_) in self._made.items():
                parts[feature].append(pa.array(values[feature], physical_type(type_)))
        for feature, (view, name, type_) in self._made.items():
            column = pa.chunked_array(parts[feature], physical_type(type_))
            found = found.append_column(identifiers.selected(view, name), column)
            if any(flags[feature]):
                flag = identifiers.selected_overflow(view, name)
                found = found.append_column(flag, pa.array(flags[feature]))
        return found

    def _rows(
        self,
        chunk: list[tuple[Any, list[Any], pa.ChunkedArray | None]],
        first: int,
        size: int,
        flags: dict[Feature, list[bool]],
    ) -> dict[Feature, list[Any]]:
        keys = [key for key, _, _ in chunk]
        made: dict[Feature, list[Any]] = {feature: [] for feature in self._made}
        over = {key: flag.slice(first, size).to_pylist() for key, _, flag in chunk if flag}
        for number, row in enumerate(zip(*(values for _, values, _ in chunk), strict=True)):
            environment = dict(zip(keys, row, strict=True))
            overflowed = {key for key, found in over.items() if found[number]}
            failed: dict[Feature, str] = {}
            self._on_demand.add(environment, overflowed, failed)
            for feature, column in made.items():
                column.append(environment[feature])
                flags[feature].append(feature in overflowed)
            if failed:
                self._note(first + number, failed)
        return made

    def _note(self, row: int, failed: Mapping[Feature, str]) -> None:
        for feature, why in failed.items():
            if feature in self._outputs:
                self._failures.rows.setdefault(self._outputs[feature], []).append(row)
            if why.startswith("it reads "):
                continue  # the failure that it comes of is told
            reasons = self._failures.reasons.setdefault(feature.view, [])
            if len(reasons) < _MOST_ROWS and (row, why) not in reasons:
                reasons.append((row, why))

    def _columns(
        self, found: pa.Table, labels: pa.Table
    ) -> Iterator[tuple[Any, pa.ChunkedArray, ValueType, pa.ChunkedArray | None]]:
        """Return what rows are computed of: what it is, its values, their type, overflows."""
        yield RequestTime(), labels[INSTANT], types.Timestamp, None
        for name, type_ in self._plan.request:
            yield Request(name), labels[identifiers.given(name)], type_, None
        reads = frozenset[Feature]().union(*(plan.reads for plan in self._plan.after_sql))
        there = [
            *(
                (role.feature(name), role.read, name)
                for role in self._plan.roles
                for name in role.read.feature_types
            ),
            *(
                (feature, plan.view, feature.name)
                for plan in self._plan.in_sql
                for feature in plan.made
            ),
        ]
        for feature, view, name in there:
            if feature in reads:
                flag = identifiers.selected_overflow(view, name)
                has_flag = flag in found.column_names
                yield (
                    feature,
                    found[identifiers.selected(view, name)],
                    view.feature_types[name],
                    found[flag] if has_flag else None,
                )
