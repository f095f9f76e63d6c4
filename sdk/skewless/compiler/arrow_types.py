"""The types in Arrow, for logs, training sets and answers alike.

The caller passes pyarrow. Nothing is imported here, because serving loads pyarrow only when a
frame is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.definitions import types

if TYPE_CHECKING:
    from skewless.definitions.types import ValueType

SUM_DIGITS = 38  # the most digits that a sum of Decimals has in any engine


def column_type(pa: Any, type_: ValueType) -> Any:
    """Return the type of a source's column.

    Args:
        pa: pyarrow.
        type_: what is declared.
    """
    return _arrow(pa, type_, None)


def feature_type(pa: Any, type_: ValueType) -> Any:
    """Return the type of a feature: a column's, but for Decimals, whose sums are longer.

    Args:
        pa: pyarrow.
        type_: the feature's.
    """
    return _arrow(pa, type_, SUM_DIGITS)


def _arrow(pa: Any, type_: ValueType, digits: int | None) -> Any:
    match type_:
        case types.Scalar():
            return {
                types.Bool: pa.bool_(),
                types.Int64: pa.int64(),
                types.Float64: pa.float64(),
                types.String: pa.string(),
                types.Bytes: pa.binary(),
                types.Timestamp: pa.timestamp("us", "UTC"),
                types.Date: pa.date32(),
            }[type_]
        case types.Decimal(precision=precision, scale=scale):
            return pa.decimal128(digits or precision, scale)
        case types.Array(element=element):
            return pa.list_(_arrow(pa, element, digits))
        case types.Vector():
            return pa.list_(pa.float64())
        case types.Map(key=key, value=value):
            return pa.map_(_arrow(pa, key, digits), _arrow(pa, value, digits))
