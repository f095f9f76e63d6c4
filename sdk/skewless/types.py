"""The value types that a schema may name: `from skewless.types import Float64, String`."""

from __future__ import annotations

from skewless.definitions.types import (
    Array,
    Bool,
    Bytes,
    Decimal,
    Float64,
    Int64,
    String,
    Timestamp,
    ValueType,
    Vector,
)

__all__ = [
    "Array",
    "Bool",
    "Bytes",
    "Decimal",
    "Float64",
    "Int64",
    "String",
    "Timestamp",
    "ValueType",
    "Vector",
]
