"""Overflow: which features of a state leave the range of exact integers, checked at writing.

Readers check each window by themselves. This check tells writers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.compiler.partials import Partial
from skewless.definitions.expression import INT64_MAX
from skewless.online.codec import read_tiles
from skewless.online.fold import Folder
from skewless.online.keyed import every
from skewless.online.tiles import EXACT_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.compiler.plan import ViewPlan


def overflow_of(plan: ViewPlan, states: Sequence[bytes], instant: int) -> str | None:
    """Return why features of encoded states overflow as of an instant; None if none does."""
    if not plan.tile_sets or not _judge(plan).may_overflow(states):
        return None
    return told(_judge(plan).folder.fold(states, instant).overflowed)


def told(overflowed: Mapping[str, str | None]) -> str | None:
    """Return the features that overflow, and why, in words; None if none does.

    One that has more values than its limit is null by its definition, and is not told.
    """
    found = sorted((name, limit) for name, limit in overflowed.items() if limit is not None)
    return "; ".join(f"{name} overflows: {limit}" for name, limit in found) or None


class _Judge:
    """A plan's bounds: a state below them cannot overflow, and need not be folded."""

    def __init__(self, plan: ViewPlan) -> None:
        self.folder = Folder(plan)
        self._plan = plan
        judged = {item.measure for item in plan.aggregates if plan.may_overflow(item)}
        narrow = {item.measure for item in plan.aggregates if item.is_narrow}
        self._bounds = [
            [
                (
                    index,
                    INT64_MAX
                    if column.partial is Partial.SUM and column.measure in narrow
                    else EXACT_MAX,
                )
                for index, column in enumerate(tile_set.columns)
                if column.partial in (Partial.SUM, Partial.SQUARES) and column.measure in judged
            ]
            for tile_set in plan.tile_sets
        ]

    def may_overflow(self, states: Sequence[bytes]) -> bool:
        opened = [read_tiles(self._plan, state)[0] for state in states]
        return any(
            sum(
                each.columns[index].reach()
                for tiles in opened
                for each in every(tiles[set_])
                if each.count
            )
            > bound
            for set_, columns in enumerate(self._bounds)
            for index, bound in columns
        )


_JUDGES: dict[str, _Judge] = {}


def _judge(plan: ViewPlan) -> _Judge:
    # Cached by fingerprint, like the codec's layouts.
    if plan.fingerprint not in _JUDGES:
        _JUDGES[plan.fingerprint] = _Judge(plan)
    return _JUDGES[plan.fingerprint]
