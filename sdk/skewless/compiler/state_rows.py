"""The rows in which an engine returns states: names and types of their columns.

One row for each tile of an entity, or one with its latest values; the entity's key, `k0`, `k1` and
so on, and `is_seen` stand beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from skewless.definitions import types

if TYPE_CHECKING:
    from skewless.compiler.plan import TileColumn, ViewPlan
    from skewless.definitions.types import ValueType

TILE_SET, START, SEEN = "tile_set", "start", "is_seen"


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
    keys = (Field(key_name(index), key.type) for index, key in enumerate(plan.keys))
    return (Field(TILE_SET, types.Int64), Field(START, types.Int64), *keys, *found.values())


def key_name(key: int) -> str:
    """Return the column of a key's value, null in sets of tiles that have no keys of this kind.

    In those that have, it is null where a tile has too many of them: then partials mean nothing.
    """
    return f"by{key}"


def partial_fields(plan: ViewPlan, column: TileColumn) -> tuple[Field, ...]:
    """Return the columns that hold one partial; exact integers are text."""
    value = plan.measures[column.measure].type or types.Int64
    kinds = column.kept.types(value, _tiebreak_type(plan))
    return tuple(map(Field, partial_names(column), kinds))


def partial_names(column: TileColumn) -> tuple[str, ...]:
    """Return the names of `partial_fields`."""
    name = partial_name(column)
    return tuple(name + suffix for suffix, _ in column.kept.columns)


def partial_name(column: TileColumn) -> str:
    """Return the prefix of the names of a partial's columns."""
    # Tiles of two hops may keep lists of different lengths.
    length = f"_{column.most}" if column.most else ""
    return f"{column.partial.value}{column.measure}{length}"


def _tiebreak_type(plan: ViewPlan) -> ValueType:
    source = plan.view.source
    return types.Int64 if source.tiebreak is None else source.columns[source.tiebreak]
