"""Fold: from the encoded states of one entity to its feature values at an instant."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.compiler.bound import Column
from skewless.compiler.collected import LimitExceededError
from skewless.compiler.finish import DECAYED_COUNT, DECAYED_SUM, INSTANT
from skewless.compiler.instants import floor_to, window_end, window_start
from skewless.compiler.interpret import compile_recipe
from skewless.compiler.partials import pick_order
from skewless.errors import ValueOverflowError
from skewless.online.codec import WinnerReader, layouts, read_tiles
from skewless.online.column import TEXTUAL, from_column
from skewless.online.state import greatest
from skewless.online.tiles import EXACT_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from skewless.compiler.collected import Collected
    from skewless.compiler.plan import AggregatePlan, ViewPlan
    from skewless.online.keyed import PackedKeys
    from skewless.online.packed import PackedColumn, PackedTiles

    # Tiles, and the indexes of the first one inside a window and of the first one after it.
    Part = tuple[PackedTiles, int, int]
    Values = dict[str, Any]

_NONE: Mapping[str, str | None] = MappingProxyType({})


class Folded(NamedTuple):
    """An entity's values.

    Attributes:
        values: the physical value of every feature.
        is_known: whether the entity had an event; of a latest-value view, one that has neither
            expired nor been deleted.
        overflowed: by feature, why its value is null: it left the range of exact integers. None
            says that its window has more values than its limit, which is no failure.
    """

    values: Values
    is_known: bool
    overflowed: Mapping[str, str | None]


class Folder:
    """A view's plan, compiled once, to be folded for every request."""

    def __init__(self, plan: ViewPlan) -> None:
        self._plan = plan
        self._ttl = None if plan.view.ttl is None else plan.view.ttl.microseconds
        self._nothing = dict.fromkeys(name for name, _ in plan.columns)
        self._winner_of = WinnerReader(plan).read
        windows: dict[tuple[int, int | None, int], list[_Aggregate]] = {}
        for item in plan.aggregates:
            place = item.tile_set, item.window, item.offset
            windows.setdefault(place, []).append(_Aggregate(plan, item))
        self._windows = [
            (
                (tile_set, window, offset, plan.tile_sets[tile_set].hop),
                plan.tile_sets[tile_set].by is not None,
                sorted({place for aggregate in aggregates for place in aggregate.numbers}),
                aggregates,
            )
            for (tile_set, window, offset), aggregates in windows.items()
        ]
        self._unset: Values = dict.fromkeys(item.name for item in plan.aggregates)

    def fold(self, states: Sequence[bytes], instant: int) -> Folded:
        """Return the values of the features.

        Args:
            states: encoded states, no two with the same event. An entity that was never seen has
                none, or empty ones.
            instant: T of V(T), later than all events of the states.
        """
        if not self._plan.tile_sets:
            return self._latest(states, instant)
        is_seen = False
        opened: list[list[PackedTiles | PackedKeys]] = []
        for data in states:
            tiles, seen = read_tiles(self._plan, data)
            opened.append(tiles)
            is_seen = is_seen or seen
        values = dict(self._unset)  # in the order of the view's features
        overflowed: dict[str, str | None] = {}
        for window, is_by_key, numbers, aggregates in self._windows:
            tile_set, length, offset, hop = window
            packed = (each[tile_set] for each in opened)
            parts = (
                _of_keys(packed, length, offset, hop, instant)
                if is_by_key
                else {None: list(_inside(packed, length, offset, hop, instant))}
            )
            totals = {
                key: {place: _total(of_key, place) for place in numbers}
                for key, of_key in parts.items()
                # Tiles with too many keys have no columns: they say that there were too many.
                if key is not None or not is_by_key
            }
            for aggregate in aggregates:
                try:
                    values[aggregate.name] = aggregate.found(parts, totals, instant)
                except LimitExceededError:
                    overflowed[aggregate.name] = None
                except ValueOverflowError:
                    # Null and not the default, which would mean that nothing happened.
                    overflowed[aggregate.name] = aggregate.limit
        return Folded(values, is_seen, overflowed)

    def _latest(self, states: Sequence[bytes], instant: int) -> Folded:
        winner = None
        for data in states:
            winner = greatest(winner, self._winner_of(data))
        if (
            winner is None
            or winner.is_deleted
            or (self._ttl is not None and winner.event_time < instant - self._ttl)
        ):
            return Folded(dict(self._nothing), False, _NONE)  # noqa: FBT003 - by name above
        return Folded(dict(zip(self._nothing, winner.row, strict=True)), True, _NONE)  # noqa: FBT003


class _Aggregate:
    """One feature over the parts of its window."""

    def __init__(self, plan: ViewPlan, item: AggregatePlan) -> None:
        self.name = item.name
        # The message leaves out the number: it may go where values must not.
        self.limit = (
            "it does not fit in 64 bits" if item.is_narrow else "its sums do not fit in 38 digits"
        )
        self._default = item.default
        self._most_keys = None if item.by is None else item.by.limit
        columns = plan.tile_sets[item.tile_set].columns
        mine = {
            column.partial: index
            for index, column in enumerate(columns)
            if column.measure == item.measure
        }
        # Read only what this feature needs, so another's overflow cannot fail it.
        sums = [partial for partial in item.reads if partial not in item.extremes]
        self.numbers = [mine[partial] for partial in sums]
        self._finish: Any = None
        if item.finish is not None:
            names = [Column(partial.value) for partial in (*sums, *item.extremes)]
            decayed = [DECAYED_SUM, DECAYED_COUNT] if item.weights else []
            others = [*decayed, *[INSTANT] * item.reads_instant]
            self._finish = compile_recipe(item.finish, (*names, *others))
        self._weights = item.weights
        self._hop = plan.tile_sets[item.tile_set].hop or 1
        self._weighted = [mine[partial] for partial in item.weighted]
        self._reads_instant = item.reads_instant
        packed = layouts(plan)[item.tile_set].columns
        self._picks: list[Callable[[list[Part]], Any]] = [
            _picker(packed[mine[partial]], mine[partial]) for partial in item.chosen
        ]
        if item.collected is not None:
            self._picks = [_collector(item.collected, mine[item.collected.partial])]
            self.limit = "a value has no units in 64 bits"

    def found(
        self,
        parts: Mapping[Any, list[Part]],
        totals: Mapping[Any, Mapping[int, int | None]],
        instant: int,
    ) -> Any:
        """Return the value over a window, or one for each key.

        Args:
            parts: the tiles by key; without keys all under None; where a tile has too many keys,
                None is one of them.
            totals: of the same keys, the sums of `numbers`.
            instant: T.

        Raises:
            LimitExceededError: there are too many keys, or values.
            ValueOverflowError: a value leaves the range of exact integers.
        """
        if self._most_keys is None:
            return self.value(parts[None], totals[None], instant)
        if None in parts or len(parts) > self._most_keys:
            raise LimitExceededError("there are more keys than the limit")
        found = ((key, self.value(parts[key], totals[key], instant)) for key in sorted(parts))
        return {key: value for key, value in found if value is not None}

    def value(self, parts: list[Part], totals: Mapping[int, int | None], instant: int) -> Any:
        """Return the value over a window, of which the sums of `numbers` are given.

        Raises:
            ValueOverflowError: it leaves the range of exact integers.
        """
        if self._finish is None:
            value = self._picks[0](parts)
        else:
            sums = [totals[place] for place in self.numbers]
            if None in sums:
                raise ValueOverflowError("a sum does not fit in 38 digits")
            if self._picks:
                sums += [pick(parts) for pick in self._picks]
            if self._weights:
                sums += self._decayed(parts, instant)
            if self._reads_instant:
                sums.append(instant)
            value = self._finish(*sums)
        return self._default if value is None else value

    def _decayed(self, parts: list[Part], instant: int) -> tuple[int, int]:
        """Return the sum of units and the count, each tile's times its weight."""
        present = floor_to(instant, self._hop)
        found = [0, 0]
        for tiles, start, end in parts:
            for place in range(start, end):
                age = (present - tiles.start(place)) // self._hop
                if age < len(self._weights):
                    for number, column in enumerate(self._weighted):
                        found[number] += self._weights[age] * tiles.columns[column][place]
        count, total = found
        if abs(total) > EXACT_MAX:
            raise ValueOverflowError("a decayed sum does not fit in 38 digits")
        return total, count


def _total(parts: list[Part], place: int) -> int | None:
    """Return the sum of a column of numbers over a window; None if history cannot hold it."""
    if len(parts) == 1:  # as of a view without days of a stream
        ((tiles, start, end),) = parts
        total = tiles.columns[place].total(start, end)
    else:
        total = sum([tiles.columns[place].total(start, end) for tiles, start, end in parts])
    return total if -EXACT_MAX <= total <= EXACT_MAX else None


def _inside(
    opened: Iterable[Any],
    window: int | None,
    offset: int,
    hop: int | None,
    instant: int,
) -> Iterator[Part]:
    """Yield the parts of packed tiles that lie in a window, but for those without any."""
    for packed in opened:
        start, end = 0, packed.count
        if window is not None and hop is not None:
            start = packed.index(window_start(instant, window + offset, hop))
            if offset:
                end = packed.index(window_end(instant, offset, hop))
        if start < end:
            yield packed, start, end


def _of_keys(
    opened: Iterable[Any], window: int | None, offset: int, hop: int | None, instant: int
) -> dict[Any, list[Part]]:
    """Return the parts of each key that has any; of None, those that have too many keys."""
    by_key: dict[Any, list[PackedTiles]] = {}
    for packed in opened:
        by_key.setdefault(None, []).append(packed.overfull)
        for key, tiles in packed.keys.items():
            by_key.setdefault(key, []).append(tiles)
    found = (
        (key, list(_inside(tiles, window, offset, hop, instant))) for key, tiles in by_key.items()
    )
    return {key: parts for key, parts in found if parts}


def _picker(column: PackedColumn, index: int) -> Callable[[list[Part]], Any]:
    count, type_ = column.count, column.type
    choose: Any = column.kept.choose
    is_least = choose is min
    if column.is_pick:

        def pick(parts: list[Part]) -> Any:
            found = [
                tiles.columns[index][place]
                for tiles, start, end in parts
                if (place := _place(tiles, count, start, end, is_first=is_least)) is not None
            ]
            return choose(found, key=pick_order)[2] if found else None

        return pick
    of_part = _text_extreme if type_ in TEXTUAL else _number_extreme

    def find(parts: list[Part]) -> Any:
        found = [
            of_part(tiles, index, count, start, end, is_least=is_least)
            for tiles, start, end in parts
            if tiles.columns[count].total(start, end)
        ]
        return from_column(choose(found), type_) if found else None

    return find


def _collector(collected: Collected, index: int) -> Callable[[list[Part]], Any]:
    def collect(parts: list[Part]) -> Any:
        return collected.value(
            tiles.columns[index][place]
            for tiles, start, end in parts
            for place in range(start, end)
        )

    return collect


def _place(tiles: PackedTiles, count: int, start: int, end: int, *, is_first: bool) -> int | None:
    """Return the first or last tile of the window with a value; tiles are in order of time."""
    counts = tiles.columns[count]
    places = range(start, end)
    return next((i for i in (places if is_first else reversed(places)) if counts[i]), None)


def _number_extreme(
    tiles: PackedTiles, index: int, count: int, start: int, end: int, *, is_least: bool
) -> Any:
    column = tiles.columns[index]
    if end < tiles.count:  # the value in place of a null may be of a tile after the window
        return _text_extreme(tiles, index, count, start, end, is_least=is_least)
    return column.least(start) if is_least else column.greatest(start)


def _text_extreme(
    tiles: PackedTiles, index: int, count: int, start: int, end: int, *, is_least: bool
) -> Any:
    column, counts = tiles.columns[index], tiles.columns[count]
    found = [column[place] for place in range(start, end) if counts[place]]
    return min(found) if is_least else max(found)
