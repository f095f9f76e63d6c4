"""The answers for the points of some entities, from all events of these entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from skewless.offline.engines import range_values
from skewless.offline.engines.range_values import Ranges
from skewless.offline.engines.ranges import Points, lanes_of
from skewless.offline.query.window import POINT
from skewless.offline.query.windowed import HAPPENED, WindowAnswer, WindowKind, columns_of, sum_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.offline.engines.ranges import Integers
    from skewless.offline.engines.window_columns import Columns
    from skewless.offline.query.windowed import Windowed


class WindowPart(NamedTuple):
    """The answers for some points, without the events that they are made of.

    Attributes:
        table: the points and the answers.
        digits: for each sum, in how many digits it is; none if it is 0 everywhere.
    """

    table: pa.Table
    digits: Mapping[tuple[WindowKind, str], int]

    @classmethod
    def of(cls, windowed: Windowed, points: Columns, events: Columns) -> WindowPart:
        """Compute the answers.

        Raises:
            TooManyLanesError: SQL is the better.
        """
        work = _Work(windowed, points, events)
        return cls(work.table(points), work.digits)


class _Work:
    """The events of some points, and what is found of them on the way."""

    def __init__(self, windowed: Windowed, points: Columns, events: Columns) -> None:
        self._windowed = windowed
        self._events = events
        edges = [points[f"edge{number}"] for number in range(len(windowed.edges))]
        ends = {number: points[f"end{number}"] for number in windowed.ending}
        asked = Points.of(points["entity"], points["horizon"], edges, ends)
        lanes = lanes_of(asked, events["entity"], events[HAPPENED], events["known"])
        self._order = asked.order
        self._ranges = Ranges(len(points), lanes)
        self._most = self._ranges.most
        self._counted: dict[tuple[int | None, int], Integers] = {}
        self.digits: dict[tuple[WindowKind, str], int] = {}

    def table(self, points: Columns) -> pa.Table:
        """Return the points with all answers."""
        answers: dict[str, pa.Array] = {}
        for group in _grouped(self._windowed.answers):
            answers.update(self._extremes(group) if group[0].kind.is_extreme else self._sums(group))
        at = {name: pa.array(points[name][self._order]) for name in POINT}
        return pa.table({**at, **answers})

    def _sums(self, group: Sequence[WindowAnswer]) -> Mapping[str, pa.Array]:
        answer, windows = group[0], [one.window for one in group]
        if answer.value.startswith("n"):
            return {columns_of(one, 1)[0]: pa.array(self._count(one)) for one in group}
        values = self._events[answer.value]
        if not values.any():
            self.digits[sum_of(answer)] = 0
            return {}
        digits = range_values.digits(values, self._most, squared=answer.kind.is_squared)
        self.digits[sum_of(answer)] = len(digits)
        return {
            columns_of(one, len(digits))[place]: pa.array(total)
            for place, digit in enumerate(digits)
            for one, total in zip(group, self._ranges.sums(digit, windows), strict=True)
        }

    def _count(self, answer: WindowAnswer) -> Integers:
        """Count the events that have the answer's value."""
        flags = self._flags(answer.measure)
        key = None if bool(flags.all()) else answer.measure, answer.window
        if key not in self._counted:
            if key[0] is None:
                self._counted[key] = self._ranges.counts(answer.window)
            else:
                (self._counted[key],) = self._ranges.sums(flags, [answer.window])
        return self._counted[key]

    def _flags(self, measure: int) -> Integers:
        return self._events[f"n{measure}"]

    def _extremes(self, group: Sequence[WindowAnswer]) -> Mapping[str, pa.Array]:
        answer, windows = group[0], [one.window for one in group]
        is_least = answer.kind is WindowKind.LEAST
        values, words = self._events[answer.value], self._events.words.get(answer.value)
        limits = np.finfo if values.dtype.kind == "f" else np.iinfo
        limit: Any = limits(values.dtype)
        nothing = limit.max if is_least else limit.min
        values = np.where(self._flags(answer.measure), values, nothing)
        choose = np.minimum if is_least else np.maximum
        found: dict[str, pa.Array] = {}
        for one, best in zip(
            group, self._ranges.extremes(values, nothing, choose, windows), strict=True
        ):
            column = pa.array(best, mask=self._count(one) == 0)
            found[columns_of(one, 1)[0]] = column if words is None else words.take(column)
        return found


def _grouped(answers: Sequence[WindowAnswer]) -> list[list[WindowAnswer]]:
    """Group the answers that differ in their windows only; each is there once."""
    groups: dict[tuple[WindowKind, str, int], dict[int, WindowAnswer]] = {}
    for answer in answers:
        kind, value = sum_of(answer)
        groups.setdefault((kind, value, answer.measure), {})[answer.window] = answer
    return [list(group.values()) for group in groups.values()]
