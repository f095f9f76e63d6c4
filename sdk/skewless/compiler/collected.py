"""What a tile collects of its events: a few of them, how often each value occurs, distinct hashes.

A partial is a tuple of items. Two combine by putting them together and cutting again, by rules
that know no order of arrival: whatever of a window's events is in its list is in the list of their
tile, counts are added, and a set of hashes is a set. What exceeds its limit is a mark.
"""

from __future__ import annotations

import operator
from fractions import Fraction
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any

from skewless.compiler.buckets import BUCKETS, NO_BUCKET, representative
from skewless.compiler.distinct import (
    BELOW,
    GREATEST_RANK,
    NO_REGISTERS,
    REGISTERS,
    estimate,
    union,
    with_hashes,
)
from skewless.compiler.partials import COLLECTED, KEPT, Holds, Kept, Partial, Shape, pick_order
from skewless.definitions.aggregation import Function
from skewless.errors import ValueOverflowError
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from skewless.definitions.aggregation import Aggregation

    Items = tuple[Any, ...]
    Gather = Callable[[Iterable[Any], int], Items]

# Values over four powers of two fill so many buckets of a percentile; for estimates of items.
_USUAL_BUCKETS, _BUCKET_BYTES = 512, 4


class LimitExceededError(ValueOverflowError):
    """A window has more values than its feature's limit. The feature is null; nothing failed."""


@dataclass(frozen=True, slots=True)
class Collected:
    """How a feature is made of what its tiles collect.

    Attributes:
        function: the aggregate.
        partial: what is collected.
        most: how many elements or values there may be.
        quantile: of a percentile, numerator and denominator.
        scale: of a percentile, a unit is 10^-scale.
    """

    function: Function
    partial: Partial
    most: int
    quantile: tuple[int, int] = (0, 1)
    scale: int = 0

    @classmethod
    def of(cls, item: Aggregation, scale: int) -> Collected | None:
        """Return how an aggregate is made; None if it collects nothing."""
        partial = COLLECTED.get(item.function)
        if partial is None:
            return None
        parameters = item.parameters
        if parameters.q is not None:
            ratio = Fraction(parameters.q).as_integer_ratio()
            return cls(item.function, partial, BUCKETS, ratio, scale)
        if parameters.edges is not None:
            return cls(item.function, partial, len(parameters.edges) + 1)
        return cls(item.function, partial, parameters.n or parameters.limit or 0)

    @property
    def is_limited(self) -> bool:
        """Whether more values than `most` make the feature null."""
        return self.function in (Function.VALUE_COUNTS, Function.MODE)

    @property
    def may_overflow(self) -> bool:
        """Whether a value may have no bucket, or there may be too many values."""
        return self.is_limited or self.function is Function.PERCENTILE

    def value(self, tiles: Iterable[Any]) -> Any:
        """Return the value over a window.

        Args:
            tiles: what each tile of the window has collected.

        Raises:
            LimitExceededError: there are more values than the limit.
            ValueOverflowError: a value has no bucket.
        """
        if self.partial in _GATHER:
            shape, gather = _GATHER[self.partial]
            found = gather((item for tile in tiles for item in tile), self.most)
            return tuple(item[2] for item in found) if shape is Shape.PICKS else found
        if self.partial is Partial.HASHES:
            merged = _all_hashes(tiles, self.most)
            return estimate(merged) if isinstance(merged, bytes) else len(merged)
        counts = _all_counts(tiles, self.most)
        if counts is None:
            raise LimitExceededError("there are more values than the limit")
        return self._of_counts(counts)

    def _of_counts(self, counts: dict[Any, int]) -> Any:
        match self.function:
            case Function.VALUE_COUNTS:
                return counts
            case Function.MODE:
                return min(counts, key=lambda value: -counts[value], default=None)
            case Function.HISTOGRAM:
                return tuple(counts.get(place, 0) for place in range(self.most))
            case _:
                return self._percentile(counts)

    def _percentile(self, counts: dict[int, int]) -> float | None:
        if NO_BUCKET in counts:
            raise ValueOverflowError("a value has no units in 64 bits")
        part, whole = self.quantile
        total, running = sum(counts.values()), 0
        for bucket, count in counts.items():
            running += count
            if whole * running >= part * total:
                return representative(bucket) / float(10**self.scale)
        return None


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
    Shape.PICKS: (("_at", Holds.WHOLES), ("_tie", Holds.TIEBREAKS), ("_value", Holds.VALUES)),
    Shape.VALUES: (("_value", Holds.VALUES),),
    Shape.COUNTS: (("_value", Holds.VALUES), ("_n", Holds.WHOLES)),
    Shape.HASHES: (("_value", Holds.WHOLES), ("_n", Holds.WHOLES)),
}
_VALUE = operator.attrgetter("value")
_ONE: dict[Shape, Callable[[Any], Any]] = {
    Shape.PICKS: lambda event: (event.picked,),
    Shape.VALUES: lambda event: (event.value,),
    Shape.COUNTS: lambda event: ((event.value, 1),),
    Shape.HASHES: lambda event: (event.value,),
}


@lru_cache(maxsize=1024)
def kept_of(partial: Partial, most: int = 0) -> Kept:
    """Return how a partial is kept.

    Args:
        partial: which.
        most: how many elements or values a tile keeps, where it collects any; else 0.
    """
    if partial in KEPT:
        return KEPT[partial]
    if partial is Partial.COUNTS:
        size = _USUAL_BUCKETS * _BUCKET_BYTES if most == BUCKETS else None
        return _kept(Shape.COUNTS, _read_counts, _add_counts, most, size)
    if partial is Partial.HASHES:
        return _kept(Shape.HASHES, _read_hashes, _add_hashes, most, None)
    shape, gather = _GATHER[partial]
    read = _read_picks if shape is Shape.PICKS else _read_values
    return _kept(shape, read, lambda left, right, most: gather((*left, *right), most), most, None)


def _kept(
    shape: Shape,
    read: Callable[[Sequence[Any]], Any],
    add: Callable[[Any, Any, int], Any],
    most: int,
    size: int | None,
) -> Kept:
    def combine(left: Any, right: Any) -> Any:
        return add(left, right, most)

    return Kept(shape, _COLUMNS[shape], read, _ONE[shape], combine, size=size, most=most)


def _add_counts(left: Items | None, right: Items | None, most: int) -> Items | None:
    found = _all_counts((left, right), most)
    return None if found is None else tuple(found.items())


def _all_counts(tiles: Iterable[Items | None], most: int) -> dict[Any, int] | None:
    """Add the counts of each value, in order of the values; None if there are too many."""
    found: dict[Any, int] = {}
    for tile in tiles:
        if tile is None:
            return None
        for value, number in tile:
            found[value] = found.get(value, 0) + number
    return None if len(found) > most else dict(sorted(found.items()))


def _add_hashes(left: Items | bytes, right: Items | bytes, most: int) -> Items | bytes:
    found = _all_hashes((left, right), most)
    return found if isinstance(found, bytes) else tuple(sorted(found))


def _all_hashes(tiles: Iterable[Items | bytes], most: int) -> set[int] | bytes:
    """Return all hashes; as registers if a tile has them, or if there are too many."""
    found: set[int] = set()
    registers = []
    for tile in tiles:
        if isinstance(tile, bytes):
            registers.append(tile)
        else:
            found.update(tile)
    if registers or len(found) > most:
        return with_hashes(reduce(union, registers, NO_REGISTERS), found)
    return found


def _read_picks(columns: Sequence[Any]) -> Items:
    return () if columns[0] is None else tuple(zip(*columns, strict=True))


def _read_values(columns: Sequence[Any]) -> Items:
    return () if columns[0] is None else tuple(columns[0])


def _read_counts(columns: Sequence[Any]) -> Items | None:
    """Read values and counts; null columns are of no events, empty ones a mark."""
    if columns[0] is None:
        return ()
    return tuple(zip(*columns, strict=True)) or None


def _read_hashes(columns: Sequence[Any]) -> Items | bytes:
    """Read hashes beside zeros, or registers beside the least rarity of each."""
    if columns[0] is None:
        return ()
    if not any(columns[1]):
        return tuple(columns[0])
    found = bytearray(NO_REGISTERS)
    for h, rarity in zip(*columns, strict=True):
        found[h // BELOW % REGISTERS] = GREATEST_RANK + 1 - rarity.bit_length()
    return bytes(found)
