"""The answers for the points of some entities, from all events of these entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from skewless.offline.engines import range_values
from skewless.offline.engines.range_values import Ranges
from skewless.offline.engines.ranges import Points, lanes_of
from skewless.offline.query.totals import POINT
from skewless.offline.query.windowed import HAPPENED, WindowAnswer, WindowKind, columns_of, sum_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.offline.engines.range_values import Values
    from skewless.offline.engines.ranges import Integers
    from skewless.offline.query.windowed import Windowed

pc: Any = pyarrow.compute


class _Part:
    """The answers for some points, from all events of their entities.

    Attributes:
        table: the points and the answers.
        digits: for each sum, in how many digits it is.
    """

    def __init__(self, windowed: Windowed, points: pa.Table, events: pa.Table) -> None:
        self._events = events
        edges = [_numbers(points[f"edge{n}"]) for n in range(len(windowed.edges))]
        asked = Points.of(_numbers(points["entity"]), _numbers(points["horizon"]), edges)
        moments = (_numbers(events[name]) for name in ("entity", HAPPENED, "known"))
        self._ranges = Ranges(points.num_rows, lanes_of(asked, *moments))
        self._most = self._ranges.most
        self._counted: dict[tuple[int, int], Integers] = {}
        self.digits: dict[tuple[WindowKind, str], int] = {}
        answers: dict[str, pa.Array] = {}
        for group in _grouped(windowed.answers):
            answers.update(self._extremes(group) if group[0].kind.is_extreme else self._sums(group))
        place = pa.array(asked.order)
        self.table = pa.table({**{name: points[name].take(place) for name in POINT}, **answers})

    def _sums(self, group: Sequence[WindowAnswer]) -> Mapping[str, pa.Array]:
        answer, windows = group[0], [one.window for one in group]
        if answer.value.startswith("n"):
            return {columns_of(one, 1)[0]: pa.array(self._count(one)) for one in group}
        values = _numbers(self._events[answer.value])
        digits = range_values.digits(values, self._most, squared=answer.kind.is_squared)
        self.digits[sum_of(answer)] = len(digits)
        return {
            columns_of(one, len(digits))[place]: pa.array(total)
            for place, digit in enumerate(digits)
            for one, total in zip(group, self._ranges.sums(digit, windows), strict=True)
        }

    def _count(self, answer: WindowAnswer) -> Integers:
        """Count the events that have the answer's value."""
        key = answer.measure, answer.window
        if key not in self._counted:
            flags = self._flags(answer.measure)
            window = answer.window
            if bool(flags.all()):
                self._counted[key] = self._ranges.counts(window)
            else:
                (self._counted[key],) = self._ranges.sums(flags, [window])
        return self._counted[key]

    def _flags(self, measure: int) -> Integers:
        return _numbers(self._events[f"n{measure}"])

    def _extremes(self, group: Sequence[WindowAnswer]) -> Mapping[str, pa.Array]:
        answer, windows = group[0], [one.window for one in group]
        is_least = answer.kind is WindowKind.LEAST
        values, words = _ranked(self._events[answer.value])
        limits = np.finfo if values.dtype == np.float64 else np.iinfo
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


def _numbers(column: pa.ChunkedArray) -> Values:
    """Return a column without nulls."""
    if column.null_count:
        raise ValueError(column.type)
    found: Values = column.to_numpy()
    return found


def _ranked(column: pa.ChunkedArray) -> tuple[Values, pa.Array | None]:
    """Return numbers that order like the values, and the values in order unless they are these."""
    if pa.types.is_int64(column.type) or pa.types.is_float64(column.type):
        return _numbers(column), None
    encoded = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    rank = np.empty(len(order), np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    codes = pc.fill_null(encoded.indices, 0).to_numpy()
    return rank[codes] if len(rank) else np.zeros(len(codes), np.int64), encoded.dictionary.take(
        order
    )
