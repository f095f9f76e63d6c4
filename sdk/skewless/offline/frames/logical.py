"""Results of engines as users hold them: a query returns times and decimals as integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from skewless.compiler import arrow_types
from skewless.compiler.physical import is_converted
from skewless.definitions import types
from skewless.offline.tables import nested

if TYPE_CHECKING:
    from skewless.definitions.types import ValueType


def logical(column: pa.Array, type_: ValueType) -> pa.Array:
    """Return an engine's physical column as users hold it."""
    match type_:
        case types.Timestamp:
            return pc.cast(pc.cast(column, pa.int64()), feature_type(type_))
        case types.Date:
            return pc.cast(pc.cast(column, pa.int32()), feature_type(type_))
        case types.Decimal():
            # The physical value is the unscaled integer, so only the point moves.
            whole = pc.cast(column, pa.decimal128(arrow_types.SUM_DIGITS, 0))
            return pa.Array.from_buffers(
                feature_type(type_), len(whole), whole.buffers(), whole.null_count, whole.offset
            )
        case types.Array(element=element) if is_converted(element):
            return nested.each(column, lambda items: logical(items, element))
        case types.Map():
            return _logical_map(column, type_)
        case _:
            return pc.cast(column, feature_type(type_))


def physical_values(column: pa.Array | pa.ChunkedArray, type_: ValueType) -> list[Any]:
    """Return an engine's physical column as the values that `compiler.physical` describes."""
    match type_:
        case types.Timestamp:
            return list(pc.cast(column, pa.int64()).to_pylist())
        case types.Decimal():
            whole = pc.cast(column, pa.decimal128(arrow_types.SUM_DIGITS, 0)).to_pylist()
            return [None if value is None else int(value) for value in whole]
        case types.Date:
            return list(pc.cast(column, pa.int32()).to_pylist())
        case types.Array(element=types.Decimal()):
            return [
                None if value is None else tuple(map(int, value)) for value in column.to_pylist()
            ]
        case types.Array() | types.Vector():
            return [None if value is None else tuple(value) for value in column.to_pylist()]
        case types.Map():
            return [None if row is None else _whole(row, type_) for row in column.to_pylist()]
        case _:
            return list(column.to_pylist())


def _whole(value: Any, type_: ValueType) -> Any:
    """Return a map of an engine, or what is in it, with its keys in order and Decimals whole."""
    match type_:
        case types.Map(key=key, value=kind):
            return {_whole(name, key): _whole(item, kind) for name, item in sorted(value)}
        case types.Array(element=element):
            return tuple(_whole(item, element) for item in value)
        case types.Decimal():
            return int(value)
        case _:
            return value


def physical_type(type_: ValueType) -> pa.DataType:
    """Return the Arrow type of physical values."""
    match type_:
        case types.Timestamp | types.Date:
            return pa.int64()
        case types.Date:
            return pa.int32()
        case types.Decimal():
            return pa.decimal128(arrow_types.SUM_DIGITS, 0)
        case types.Array(element=element):
            return pa.list_(physical_type(element))
        case types.Map(key=key, value=value):
            return pa.map_(physical_type(key), physical_type(value))
        case _:
            return feature_type(type_)


def feature_type(type_: ValueType) -> pa.DataType:
    """Return the Arrow type of a feature."""
    return arrow_types.feature_type(pa, type_)


def _logical_map(column: pa.Array, type_: types.Map) -> pa.Array:
    """Return maps with their entries in the order of the keys, as an answer has them."""
    lists = nested.entries(column)
    inside, rows = lists.flatten(), nested.rows_of(lists)
    order, _ = nested.in_order(rows, inside.field(0))
    keys, values = (inside.field(place).take(pa.array(order)) for place in (0, 1))
    made = logical(keys, type_.key), logical(values, type_.value)
    return nested.maps(rows[order], made[0], made[1], column.is_null())
