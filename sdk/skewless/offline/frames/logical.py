"""What engines answer, as users hold it: instants and decimals are integers in a query's result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from skewless.definitions import types

if TYPE_CHECKING:
    from skewless.definitions.types import ValueType

_ARROW = {
    types.Bool: pa.bool_(),
    types.Int64: pa.int64(),
    types.Float64: pa.float64(),
    types.String: pa.string(),
    types.Bytes: pa.binary(),
    types.Timestamp: pa.timestamp("us", tz="UTC"),
}


def logical(column: pa.Array, type_: ValueType) -> pa.Array:
    """Return an engine's column, which is physical, as users hold it."""
    match type_:
        case types.Timestamp:
            return pc.cast(pc.cast(column, pa.int64()), arrow_type(type_))
        case types.Decimal():
            # The physical value is the unscaled integer: only where the point stands changes.
            whole = pc.cast(column, pa.decimal128(38, 0))
            return pa.Array.from_buffers(
                arrow_type(type_), len(whole), whole.buffers(), whole.null_count, whole.offset
            )
        case _:
            return pc.cast(column, arrow_type(type_))


def arrow_type(type_: ValueType) -> pa.DataType:
    """Return the Arrow type of a feature."""
    match type_:
        case types.Decimal(scale=scale):
            return pa.decimal128(38, scale)
        case types.Array(element=element):
            return pa.list_(arrow_type(element))
        case types.Vector():
            return pa.list_(pa.float64())
        case _:
            return _ARROW[type_]
