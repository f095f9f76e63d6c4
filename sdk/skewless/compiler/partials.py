"""Partials: what a tile keeps of its events. Each kind is described once, here.

A partial is a count, an exact sum, an extreme, or a picked event. The tables here say how to make
one from an event, how to combine two, and which columns carry it from a query to an item. Code that
packs, writes or reads tiles depends on its shape only. How an engine computes it is for
`offline.query` to say: `totals` and `picks` for history, `states` for now.
"""

from __future__ import annotations

import functools
import operator
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.compiler.scalars import either
from skewless.definitions import types
from skewless.definitions.aggregation import Function
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from skewless.definitions.types import ValueType

# A sum of squares is exported as two digits of this base. No engine holds more than 38 decimal
# digits, and one entity's large sum must not fail the query for all.
SQUARES_BASE = 10**18
# A tile with a value that has no units gets this sum of units and high digit of squares. It is far
# beyond the limit, so that every window with the tile overflows.
UNCOUNTABLE, UNCOUNTABLE_HIGH = 10**45, 10**27


class Partial(Enum):
    """One column of a state, for a measure. Tiles are packed in this order."""

    COUNT = "n"
    SUM = "S"
    SQUARES = "Q"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LAST = "last"
    FIRST_N = "first_n"
    LAST_N = "last_n"
    LAST_DISTINCT_N = "last_distinct_n"
    TOP_N = "top_n"
    BOTTOM_N = "bottom_n"
    COUNTS = "counts"
    HASHES = "hashes"


# The aggregates whose value is a partial itself. The others are computed: see `finish`.
PICKED: Mapping[Function, Partial] = MappingProxyType(
    {
        Function.MIN: Partial.MIN,
        Function.MAX: Partial.MAX,
        Function.FIRST: Partial.FIRST,
        Function.LAST: Partial.LAST,
    }
)
# The aggregates whose value is made of what a tile collects: see `collected`.
COLLECTED: Mapping[Function, Partial] = MappingProxyType(
    {
        Function.FIRST_N: Partial.FIRST_N,
        Function.LAST_N: Partial.LAST_N,
        Function.LAST_DISTINCT_N: Partial.LAST_DISTINCT_N,
        Function.TOP_N: Partial.TOP_N,
        Function.BOTTOM_N: Partial.BOTTOM_N,
        Function.COUNT_DISTINCT: Partial.HASHES,
        Function.VALUE_COUNTS: Partial.COUNTS,
        Function.MODE: Partial.COUNTS,
        Function.HISTOGRAM: Partial.COUNTS,
        Function.PERCENTILE: Partial.COUNTS,
    }
)


class Shape(Enum):
    """The kinds of value that a partial can be.

    Attributes:
        NUMBER: an exact integer; 0 without events.
        EXTREME: a physical value of the input's type, or None.
        PICK: an event's time, tiebreak and value, `(int, Any, Any)`, or None.
        PICKS: a tuple of such events, in the order of the list.
        VALUES: a tuple of values, in the order of the list.
        COUNTS: a tuple of pairs of a value and how often it occurs, by value; None if too many.
        HASHES: a tuple of distinct hashes in order; registers, as bytes, if too many.
    """

    NUMBER = auto()
    EXTREME = auto()
    PICK = auto()
    PICKS = auto()
    VALUES = auto()
    COUNTS = auto()
    HASHES = auto()


class Holds(Enum):
    """The kinds of value that a column of a state's row can hold."""

    COUNT = auto()  # a whole number of 64 bits
    EXACT = auto()  # a whole number of any size, as text
    VALUE = auto()  # a value of the input's type
    TIME = auto()  # microseconds
    TIEBREAK = auto()  # a value of the tiebreak's type
    WHOLES = auto()  # a list of whole numbers of 64 bits, of tiebreaks, of values
    TIEBREAKS = auto()
    VALUES = auto()


class Occurrence(NamedTuple):
    """An event that a measure counts.

    Attributes:
        units: the value in integer units; `UNCOUNTABLE` if it has none, 0 where no sums are taken.
        value: the physical value; None where rows are counted.
        picked: event time, tiebreak and value.
    """

    units: int
    value: Any
    picked: tuple[int, Any, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """The description of a kind of partial.

    Attributes:
        shape: what it is.
        columns: of a state's row: what each holds, by what its name ends with.
        read: makes the partial of the columns' values.
        of: makes the partial of one event.
        combine: makes the partial of two sets of events.
        choose: min or max, by which one of several is taken; None if they are added.
        size: bytes that a packed number usually takes; None if the value's type decides.
        most: how many elements or values it has at most, if it collects any.
    """

    shape: Shape
    columns: tuple[tuple[str, Holds], ...]
    read: Callable[[Sequence[Any]], Any]
    of: Callable[[Occurrence], Any]
    combine: Callable[[Any, Any], Any]
    choose: Callable[..., Any] | None = None
    size: int | None = None
    most: int = 1

    @property
    def nothing(self) -> Any:
        """The partial of no events."""
        if self.is_collected:
            return ()
        return 0 if self.shape is Shape.NUMBER else None

    @property
    def is_list(self) -> bool:
        """Whether it is a tuple of several events or values."""
        return self.shape in (Shape.PICKS, Shape.VALUES)

    @property
    def is_collected(self) -> bool:
        """Whether a tile collects more than one thing."""
        return self.is_list or self.shape in (Shape.COUNTS, Shape.HASHES)

    @property
    def has_instants(self) -> bool:
        """Whether it keeps the time and the tiebreak of events beside their values."""
        return self.shape in (Shape.PICK, Shape.PICKS)

    def types(self, value: ValueType, tiebreak: ValueType) -> tuple[ValueType, ...]:
        """Return the types of the columns, for an input's type and a tiebreak's."""
        kinds: dict[Holds, ValueType] = {
            Holds.COUNT: types.Int64,
            Holds.EXACT: types.String,
            Holds.VALUE: value,
            Holds.TIME: types.Int64,
            Holds.TIEBREAK: tiebreak,
            Holds.WHOLES: types.Array(types.Int64),
        }
        if isinstance(value, types.Scalar | types.Decimal):
            kinds[Holds.VALUES] = types.Array(value)
        if isinstance(tiebreak, types.Scalar | types.Decimal):
            kinds[Holds.TIEBREAKS] = types.Array(tiebreak)
        return tuple(kinds[holds] for _, holds in self.columns)


def pick_order(picked: tuple[int, Any, Any]) -> tuple[Any, ...]:
    """Return what orders first and last: (event time, tiebreak, value), null tiebreaks first."""
    event_time, tiebreak, value = picked
    return event_time, tiebreak is not None, tiebreak, value


def _number(
    holds: Holds,
    of: Callable[[Occurrence], int],
    size: int,
    *,
    suffixes: tuple[str, ...] = ("",),
    read: Callable[[Sequence[Any]], int],
) -> Kept:
    columns = tuple((suffix, holds) for suffix in suffixes)
    # The sum is not checked here: it may be too large for one feature and right for another.
    return Kept(Shape.NUMBER, columns, read, of, operator.add, size=size)


def _extreme(choose: Callable[..., Any]) -> Kept:
    return Kept(
        Shape.EXTREME,
        (("", Holds.VALUE),),
        operator.itemgetter(0),
        operator.attrgetter("value"),
        either(choose),
        choose,
    )


def _pick(choose: Callable[..., Any]) -> Kept:
    return Kept(
        Shape.PICK,
        (("_at", Holds.TIME), ("_tie", Holds.TIEBREAK), ("_value", Holds.VALUE)),
        lambda values: None if values[0] is None else tuple(values),
        operator.attrgetter("picked"),
        either(functools.partial(choose, key=pick_order)),
        choose,
    )


def _square(event: Occurrence) -> int:
    return event.units if event.units == UNCOUNTABLE else event.units * event.units


KEPT: Mapping[Partial, Kept] = MappingProxyType(
    {
        Partial.COUNT: _number(Holds.COUNT, lambda _: 1, 4, read=operator.itemgetter(0)),
        Partial.SUM: _number(
            Holds.EXACT, operator.attrgetter("units"), 8, read=lambda values: int(values[0])
        ),
        Partial.SQUARES: _number(
            Holds.EXACT,
            _square,
            16,
            suffixes=("_high", "_low"),
            read=lambda values: int(values[0]) * SQUARES_BASE + int(values[1]),
        ),
        Partial.MIN: _extreme(min),
        Partial.MAX: _extreme(max),
        Partial.FIRST: _pick(min),
        Partial.LAST: _pick(max),
    }
)
