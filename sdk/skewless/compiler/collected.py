"""What a tile collects of its events: the first, the last or the greatest few of them.

A partial is a tuple in the order of the list, cut to a number of elements. Two combine by putting
them together, in order, and cutting again. Whatever of a window's events is in its list is in the
list of their tile too, so tiles may combine in any order.
"""

from __future__ import annotations

import operator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from skewless.compiler.partials import KEPT, Holds, Kept, Partial, Shape, pick_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Items = tuple[Any, ...]
    Gather = Callable[[Iterable[Any], int], Items]


def _first(items: Iterable[Any], most: int) -> Items:
    return tuple(sorted(items, key=pick_order)[:most])


def _last(items: Iterable[Any], most: int) -> Items:
    return tuple(sorted(items, key=pick_order, reverse=True)[:most])


def _last_distinct(items: Iterable[Any], most: int) -> Items:
    found: dict[Any, Any] = {}
    for item in sorted(items, key=pick_order, reverse=True):
        found.setdefault(item[2], item)
        if len(found) == most:
            break
    return tuple(found.values())


def _top(items: Iterable[Any], most: int) -> Items:
    return tuple(sorted(items, reverse=True)[:most])


def _bottom(items: Iterable[Any], most: int) -> Items:
    return tuple(sorted(items)[:most])


_GATHER: dict[Partial, tuple[Shape, Gather]] = {
    Partial.FIRST_N: (Shape.PICKS, _first),
    Partial.LAST_N: (Shape.PICKS, _last),
    Partial.LAST_DISTINCT_N: (Shape.PICKS, _last_distinct),
    Partial.TOP_N: (Shape.VALUES, _top),
    Partial.BOTTOM_N: (Shape.VALUES, _bottom),
}
_COLUMNS = {
    Shape.PICKS: (("_at", Holds.TIMES), ("_tie", Holds.TIEBREAKS), ("_value", Holds.VALUES)),
    Shape.VALUES: (("_value", Holds.VALUES),),
}
_ONE = {Shape.PICKS: operator.attrgetter("picked"), Shape.VALUES: operator.attrgetter("value")}


@lru_cache(maxsize=1024)
def kept_of(partial: Partial, most: int = 0) -> Kept:
    """Return how a partial is kept.

    Args:
        partial: which.
        most: of a list, how many elements a tile keeps; else 0.
    """
    if partial in KEPT:
        return KEPT[partial]
    shape, gather = _GATHER[partial]
    one = _ONE[shape]
    return Kept(
        shape,
        _COLUMNS[shape],
        _read_picks if shape is Shape.PICKS else _read_values,
        lambda event: (one(event),),
        lambda left, right: gather((*left, *right), most),
        most=most,
    )


def list_of(partial: Partial, items: Iterable[Any], most: int) -> Items:
    """Return the values of a list, of everything that the tiles of a window collected."""
    shape, gather = _GATHER[partial]
    found = gather(items, most)
    return tuple(item[2] for item in found) if shape is Shape.PICKS else found


def _read_picks(columns: Sequence[Any]) -> Items:
    return () if columns[0] is None else tuple(zip(*columns, strict=True))


def _read_values(columns: Sequence[Any]) -> Items:
    return () if columns[0] is None else tuple(columns[0])
