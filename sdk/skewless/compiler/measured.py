"""What is collected of an input: a hash for distinct counts, a bucket's number for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from skewless.compiler.binding import bind
from skewless.compiler.bound import Apply, Bound, Primitive, Typed, apply, integer
from skewless.compiler.finish import effective_scale, units
from skewless.definitions import types
from skewless.definitions.aggregation import Aggregation, Function
from skewless.definitions.expression import CallNode, LiteralNode
from skewless.definitions.operators import Operator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.definitions.expression import Node
    from skewless.definitions.types import ValueType


class Collectable(NamedTuple):
    """A whole number of 64 bits that stands for an input, and which events have it."""

    value: Bound
    where: Bound | None


def measured(
    item: Aggregation, value: Typed, where: Bound | None, columns: Mapping[str, ValueType]
) -> Collectable | None:
    """Return what is collected; None where it is the value itself, or nothing.

    Args:
        item: the aggregate.
        value: its input.
        where: its condition.
        columns: of the source.
    """
    match item.function:
        case Function.COUNT_DISTINCT:
            return Collectable(_hash(value), where)
        case Function.PERCENTILE:
            return Collectable(_bucket(value, item.scale), where)
        case Function.HISTOGRAM if item.input is not None and item.parameters.edges is not None:
            # The choice among edges is not strict: a null would count after all of them.
            absent = CallNode(Operator.IS_NULL, (item.input,))
            present = bind(CallNode(Operator.NOT, (absent,)), columns).bound
            both = present if where is None else apply(Primitive.AND, where, present)
            return Collectable(_place(item.input, item.parameters.edges, 0, columns), both)
        case _:
            return None


def _hash(value: Typed) -> Apply:
    match value.type:
        case types.String:
            return apply(Primitive.HASH_TEXT, value.bound)
        case types.Bool:
            return apply(Primitive.HASH_BOOL, value.bound)
        case _:
            return apply(Primitive.HASH_INTEGER, value.bound)


def _bucket(value: Typed, declared: int) -> Apply:
    found = units(value.bound, value.type, effective_scale(value.type, declared))
    match found:
        case Apply(primitive=Primitive.ROUND_HALF_AWAY, arguments=(scaled,)):
            return apply(Primitive.MAGNITUDE_OF_DOUBLE, scaled)
        case _:
            return apply(Primitive.MAGNITUDE, found)


def _place(
    input_: Node, edges: Sequence[LiteralNode], before: int, columns: Mapping[str, ValueType]
) -> Bound:
    """Return how many edges a value has reached, by halves: a chain of all would be too deep."""
    if not edges:
        return integer(before)
    middle = len(edges) // 2
    below = bind(CallNode(Operator.LESS, (input_, edges[middle])), columns).bound
    return apply(
        Primitive.IF_ELSE,
        below,
        _place(input_, edges[:middle], before, columns),
        _place(input_, edges[middle + 1 :], before + middle + 1, columns),
    )
