"""Fold: from the encoded states of one entity to its feature values at an instant."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.compiler.instants import window_start
from skewless.compiler.interpret import compile_python
from skewless.compiler.partials import pick_order
from skewless.errors import ValueOverflowError
from skewless.online.codec import layouts, read_tiles, read_winner
from skewless.online.column import TEXTUAL, from_column
from skewless.online.state import greatest
from skewless.online.tiles import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from skewless.compiler.bound import Column
    from skewless.compiler.plan import AggregatePlan, ViewPlan
    from skewless.online.packed import PackedColumn, PackedTiles

    Part = tuple[PackedTiles, int]  # tiles, and the index of the first one inside a window
    Values = dict[str, Any]

_NONE: Mapping[str, str] = MappingProxyType({})


class Folded(NamedTuple):
    """An entity's values.

    Attributes:
        values: the physical value of every feature.
        is_known: whether the entity had an event; of a latest-value view, one that has neither
            expired nor been deleted.
        overflowed: by feature, why its value is null: it left the range of exact integers.
    """

    values: Values
    is_known: bool
    overflowed: Mapping[str, str]


class Folder:
    """A view's plan, compiled once, to be folded for every request."""

    def __init__(self, plan: ViewPlan) -> None:
        self._plan = plan
        self._ttl = None if plan.view.ttl is None else plan.view.ttl.microseconds
        self._nothing = dict.fromkeys(name for name, _ in plan.columns)
        windows: dict[tuple[int, int | None], int] = {}
        self._aggregates = [
            (
                windows.setdefault((item.tile_set, item.window), len(windows)),
                _Aggregate(plan, item),
            )
            for item in plan.aggregates
        ]
        self._windows = [
            (tile_set, window, plan.tile_sets[tile_set].hop) for tile_set, window in windows
        ]

    def fold(self, states: Sequence[bytes | memoryview], instant: int) -> Folded:
        """Return the values of the features.

        Args:
            states: encoded states, no two with the same event. An entity that was never seen has
                none, or empty ones.
            instant: T of V(T), later than all events of the states.
        """
        if not self._plan.tile_sets:
            return self._latest(states, instant)
        is_seen = False
        opened: list[list[PackedTiles]] = []
        for data in states:
            tiles, seen = read_tiles(self._plan, data)
            opened.append(tiles)
            is_seen = is_seen or seen
        parts = [list(_inside(opened, *window, instant)) for window in self._windows]
        sums: dict[tuple[int, int], int] = {}
        values: Values = {}
        overflowed: dict[str, str] = {}
        for window, aggregate in self._aggregates:
            try:
                values[aggregate.name] = aggregate.value(parts[window], window, sums)
            except ValueOverflowError:
                # Null and not the default, which would mean that nothing happened.
                values[aggregate.name] = None
                overflowed[aggregate.name] = aggregate.limit
        return Folded(values, is_seen, overflowed)

    def _latest(self, states: Sequence[bytes | memoryview], instant: int) -> Folded:
        winner = None
        for data in states:
            winner = greatest(winner, read_winner(self._plan, data))
        if (
            winner is None
            or winner.is_deleted
            or (self._ttl is not None and winner.event_time < instant - self._ttl)
        ):
            return Folded(dict(self._nothing), False, _NONE)  # noqa: FBT003 - by name above
        return Folded(dict(zip(self._nothing, winner.row, strict=True)), True, _NONE)  # noqa: FBT003


class _Partials:
    """n, S and Q of a window, as the environment of a finish expression."""

    __slots__ = ("Q", "S", "n")

    def __getitem__(self, column: Column) -> Any:
        return getattr(self, column.name)


class _Aggregate:
    """One feature over the parts of its window."""

    def __init__(self, plan: ViewPlan, item: AggregatePlan) -> None:
        self.name = item.name
        # The message leaves out the number: it may go where values must not.
        self.limit = (
            "it does not fit in 64 bits" if item.is_narrow else "its sums do not fit in 38 digits"
        )
        self._default = item.default
        columns = plan.tile_sets[item.tile_set].columns
        mine = {
            column.partial: index
            for index, column in enumerate(columns)
            if column.measure == item.measure
        }
        # Read only what this feature needs, so another's overflow cannot fail it.
        self._numbers = [(partial.value, mine[partial]) for partial in item.reads]
        self._finish: Any = None if item.finish is None else compile_python(item.finish)
        self._pick: Callable[[list[Part]], Any] | None = None
        if item.picked is not None:
            index = mine[item.picked]
            self._pick = _picker(layouts(plan)[item.tile_set].columns[index], index)

    def value(self, parts: list[Part], window: int, sums: dict[tuple[int, int], int]) -> Any:
        if self._pick is not None:
            value = self._pick(parts)
        else:
            partials = _Partials()
            for name, index in self._numbers:
                total = sums.get((window, index))
                if total is None:
                    total = exact(sum([tiles.columns[index].total(i) for tiles, i in parts]))
                    sums[window, index] = total
                setattr(partials, name, total)
            value = self._finish(partials)
        return self._default if value is None else value


def _inside(
    opened: list[list[PackedTiles]],
    tile_set: int,
    window: int | None,
    hop: int | None,
    instant: int,
) -> Iterator[Part]:
    for tiles in opened:
        packed = tiles[tile_set]
        index = 0
        if window is not None and hop is not None:
            index = packed.index(window_start(instant, window, hop))
        if index < packed.count:
            yield packed, index


def _picker(column: PackedColumn, index: int) -> Callable[[list[Part]], Any]:
    count, type_ = column.count, column.type
    choose: Any = column.kept.choose
    is_least = choose is min
    if column.is_pick:

        def pick(parts: list[Part]) -> Any:
            found = [
                tiles.columns[index][place]
                for tiles, start in parts
                if (place := _place(tiles, count, start, is_first=is_least)) is not None
            ]
            return choose(found, key=pick_order)[2] if found else None

        return pick
    of_part = _text_extreme if type_ in TEXTUAL else _number_extreme

    def find(parts: list[Part]) -> Any:
        found = [
            of_part(tiles, index, count, start, is_least=is_least)
            for tiles, start in parts
            if tiles.columns[count].total(start)
        ]
        return from_column(choose(found), type_) if found else None

    return find


def _place(tiles: PackedTiles, count: int, start: int, *, is_first: bool) -> int | None:
    """Return the first or last tile of the window with a value; tiles are in order of time."""
    counts = tiles.columns[count]
    places = range(start, tiles.count)
    return next((i for i in (places if is_first else reversed(places)) if counts[i]), None)


def _number_extreme(
    tiles: PackedTiles, index: int, _count: int, start: int, *, is_least: bool
) -> Any:
    column = tiles.columns[index]
    return column.least(start) if is_least else column.greatest(start)


def _text_extreme(tiles: PackedTiles, index: int, count: int, start: int, *, is_least: bool) -> Any:
    column, counts = tiles.columns[index], tiles.columns[count]
    found = [column[place] for place in range(start, tiles.count) if counts[place]]
    return min(found) if is_least else max(found)
