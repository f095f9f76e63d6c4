"""State: the content of an online item as plain values, and how events and states combine.

Both kinds of state form a commutative monoid of `empty_state` and `merge`. An event becomes a
state too, so the order and the batches in which events were applied never matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from skewless.compiler.instants import floor_to
from skewless.compiler.interpret import compile_python
from skewless.compiler.partials import UNCOUNTABLE, Occurrence
from skewless.compiler.physical import of_arrow
from skewless.definitions.names import TOMBSTONE
from skewless.errors import ValueOverflowError
from skewless.online.tiles import (
    Tiles,
    add_rows,
    merge_tiles,
    to_tiles,
    trim_tiles,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from skewless.compiler.bound import Bound, Column
    from skewless.compiler.partials import Kept
    from skewless.compiler.plan import Measure, ViewPlan

    Event: TypeAlias = Mapping[str, Any]


class Aggregated(NamedTuple):
    """The state of an aggregated view.

    Attributes:
        tiles: by the plan's tile sets.
        is_seen: whether any event of the view ever came, even if its tiles are gone.
    """

    tiles: tuple[Tiles, ...]
    is_seen: bool


class Winner(NamedTuple):
    """The latest row."""

    event_time: int
    tiebreak: Any
    row: tuple[Any, ...]
    is_deleted: bool


class Latest(NamedTuple):
    """The state of a latest-value view; without any row it has no winner."""

    winner: Winner | None


State: TypeAlias = Aggregated | Latest


class ColumnValues:
    """An event as the environment of bound expressions."""

    __slots__ = ("_event",)

    def __init__(self, event: Event) -> None:
        self._event = event

    def __getitem__(self, column: Column) -> Any:
        return self._event.get(column.name)


def empty_state(plan: ViewPlan) -> State:
    """Return the state before any event."""
    if not plan.tile_sets:
        return Latest(None)
    return Aggregated(
        tuple(Tiles([], [[] for _ in set_.columns]) for set_ in plan.tile_sets),
        is_seen=False,
    )


def add_events(plan: ViewPlan, state: State, events: Iterable[Event]) -> State:
    """Return the state with more events: physical values by source column, event time included."""
    return merge(plan, state, _intake(plan).state_of(events))


def merge(plan: ViewPlan, left: State, right: State) -> State:
    """Return the state of the events of both; no event may be in both."""
    if isinstance(left, Latest) and isinstance(right, Latest):
        return Latest(greatest(left.winner, right.winner))
    if isinstance(left, Aggregated) and isinstance(right, Aggregated):
        tiles = map(merge_tiles, plan.tile_sets, left.tiles, right.tiles)
        return Aggregated(tuple(tiles), left.is_seen or right.is_seen)
    raise TypeError("one state is of a latest-value view, the other of an aggregated one")


def trim(plan: ViewPlan, state: State, cut: int) -> State:
    """Return the state without the tiles that no window reaches at or after the cut."""
    if isinstance(state, Latest):
        return state
    kept = tuple(trim_tiles(*pair, cut) for pair in zip(plan.tile_sets, state.tiles, strict=True))
    return Aggregated(kept, state.is_seen)


def passes(plan: ViewPlan, event: Event) -> bool:
    """Say whether the view's own condition keeps the event."""
    return _intake(plan).passes(event)


def greatest(left: Winner | None, right: Winner | None) -> Winner | None:
    """Return the later of two rows, by (event time, tiebreak, row, mark), nulls first."""
    if left is None or right is None:
        return right if left is None else left
    return max(left, right, key=_row_order)


def _row_order(winner: Winner) -> tuple[Any, ...]:
    # A map is ordered as the list of its entries, which are in the order of their keys.
    values = (tuple(v.items()) if isinstance(v, dict) else v for v in winner.row)
    row = [(value is not None, value) for value in values]
    tiebreak = winner.tiebreak
    # The mark comes last, so a tombstone wins against an equal row, whatever their order.
    return winner.event_time, tiebreak is not None, tiebreak, row, winner.is_deleted


class _Intake:
    """A plan's expressions, compiled."""

    def __init__(self, plan: ViewPlan) -> None:
        self._plan = plan
        self._event_time = plan.view.source.event_time
        self._tiebreak = plan.view.source.tiebreak
        self._where = _compile(plan.where)
        self._measures = [
            (measure, _compile(measure.where), _compile(measure.value), _compile(measure.units))
            for measure in plan.measures
        ]
        self._keys = [_compile(key.bound) for key in plan.keys]
        self._kept = [
            [(item.measure, item.kept, item.kept.nothing) for item in set_.columns]
            for set_ in plan.tile_sets
        ]
        self._combine = [[kept.combine for _, kept, _ in columns] for columns in self._kept]

    def passes(self, event: Event) -> bool:
        return self._where is None or self._where(ColumnValues(event)) is True

    def state_of(self, events: Iterable[Event]) -> State:
        kept = [event for event in events if self.passes(event)]
        if self._plan.tile_sets:
            return self._aggregated(kept)
        winner = max(map(self._winner, kept), key=_row_order, default=None)
        return Latest(winner)

    def _winner(self, event: Event) -> Winner:
        has_tombstones = self._plan.view.source.has_tombstones
        return Winner(
            event[self._event_time],
            None if self._tiebreak is None else event.get(self._tiebreak),
            tuple(of_arrow(event.get(name), type_) for name, type_ in self._plan.columns),
            has_tombstones and event.get(TOMBSTONE) is True,
        )

    def _aggregated(self, events: list[Event]) -> Aggregated:
        tables: list[dict[Any, Any]] = [{} for _ in self._kept]
        for event in events:
            seen = [self._occurrence(event, *measure) for measure in self._measures]
            keys = [key(ColumnValues(event)) for key in self._keys]
            for tile_set, columns, combine, table in zip(
                self._plan.tile_sets, self._kept, self._combine, tables, strict=True
            ):
                hop = tile_set.hop
                start: Any = 0 if hop is None else floor_to(event[self._event_time], hop)
                if tile_set.by is not None:
                    key = keys[tile_set.by.key]
                    if key is None or seen[tile_set.measure] is None:
                        continue
                    start = key, start
                row = _row(columns, seen)
                before = table.get(start)
                table[start] = row if before is None else add_rows(combine, before, row)
        tiles = map(to_tiles, self._plan.tile_sets, tables)
        return Aggregated(tuple(tiles), bool(events))

    def _occurrence(
        self, event: Event, measure: Measure, where: Any, value: Any, units: Any
    ) -> Occurrence | None:
        """Return the event as a measure sees it; None if the measure does not count it."""
        values = ColumnValues(event)
        if where is not None and where(values) is not True:
            return None
        found = None if value is None else value(values)
        if found is None and value is not None:
            return None
        number = 0 if measure.units is None else _countable(units, values)
        tiebreak = None if self._tiebreak is None else event.get(self._tiebreak)
        return Occurrence(number, found, (event[self._event_time], tiebreak, found))


def _row(kept: Sequence[tuple[int, Kept, Any]], seen: Sequence[Occurrence | None]) -> list[Any]:
    """Return the partials of one event, of each tile column."""
    found = []
    for measure, one, nothing in kept:
        occurrence = seen[measure]
        found.append(nothing if occurrence is None else one.of(occurrence))
    return found


def _countable(units: Any, values: ColumnValues) -> Any:
    try:
        return units(values)
    except ValueOverflowError:
        return UNCOUNTABLE


def _compile(bound: Bound | None) -> Any:
    return None if bound is None else compile_python(bound)


_INTAKES: dict[str, _Intake] = {}


def _intake(plan: ViewPlan) -> _Intake:
    # Cached by fingerprint, which identifies the meaning; hashing a plan would walk all of it.
    if plan.fingerprint not in _INTAKES:
        _INTAKES[plan.fingerprint] = _Intake(plan)
    return _INTAKES[plan.fingerprint]
