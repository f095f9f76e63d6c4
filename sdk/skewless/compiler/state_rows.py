"""The rows in which an engine hands over states: names and types of their columns.

One row for each tile of an entity, or one with its latest values; the entity's key, `k0`, `k1` and
so on, and `is_seen` stand beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from skewless.compiler.plan import Partial
from skewless.definitions import types

if TYPE_CHECKING:
    from skewless.compiler.plan import TileColumn, ViewPlan
    from skewless.definitions.types import ValueType

TILE_SET, START, SEEN = "tile_set", "start", "is_seen"
SQUARES_BASE = 10**18
# The sum of units, and the high digit of squares, of a tile with a value that has no units: far
# beyond what overflows, so that every window with the tile does.
UNCOUNTABLE, UNCOUNTABLE_HIGH = 10**45, 10**27


class Field(NamedTuple):
    """A column and its type, whose physical form the column holds."""

    name: str
    type: ValueType


def key_fields(plan: ViewPlan) -> tuple[Field, ...]:
    """Return the columns of the entity's key."""
    return tuple(Field(f"k{index}", type_) for index, type_ in enumerate(plan.key_types))


def state_fields(plan: ViewPlan) -> tuple[Field, ...]:
    """Return the columns between the key and `is_seen`, in order."""
    if not plan.view.is_aggregated:
        columns = (Field(f"c{index}", type_) for index, (_, type_) in enumerate(plan.columns))
        tie = Field("tie", _tiebreak_type(plan))
        return (Field("happened", types.Int64), tie, *columns, Field("deleted", types.Bool))
    found: dict[str, Field] = {}
    for tiles in plan.tile_sets:
        for column in tiles.columns:
            found.update((field.name, field) for field in partial_fields(plan, column))
    return (Field(TILE_SET, types.Int64), Field(START, types.Int64), *found.values())


def partial_fields(plan: ViewPlan, column: TileColumn) -> tuple[Field, ...]:
    """Return the columns that hold one partial; exact integers are text."""
    type_ = plan.measures[column.measure].type or types.Int64
    names = partial_names(column)
    match column.partial:
        case Partial.COUNT:
            return (Field(names[0], types.Int64),)
        case Partial.SUM | Partial.SQUARES:
            return tuple(Field(name, types.String) for name in names)
        case Partial.MIN | Partial.MAX:
            return (Field(names[0], type_),)
        case Partial.FIRST | Partial.LAST:
            kinds = (types.Int64, _tiebreak_type(plan), type_)
            return tuple(map(Field, names, kinds))


def partial_names(column: TileColumn) -> tuple[str, ...]:
    """Return the names of `partial_fields`."""
    name = f"{column.partial.value}{column.measure}"
    if column.partial is Partial.SQUARES:
        # In two digits of SQUARES_BASE: one entity's sum of more than 38 digits, which no engine
        # holds, must not fail the query for all.
        return (f"{name}_high", f"{name}_low")
    if column.partial in (Partial.FIRST, Partial.LAST):
        return (f"{name}_at", f"{name}_tie", f"{name}_value")
    return (name,)


def _tiebreak_type(plan: ViewPlan) -> ValueType:
    source = plan.view.source
    return types.Int64 if source.tiebreak is None else source.columns[source.tiebreak]
