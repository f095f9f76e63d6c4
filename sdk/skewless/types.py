"""The value types that a schema may name: `from skewless.types import Float64, String`."""

from __future__ import annotations

from typing import NoReturn

from skewless.definitions.foreign import TYPES, no_attribute
from skewless.definitions.types import (
    Array,
    Bool,
    Bytes,
    Date,
    Decimal,
    Float64,
    Int64,
    Map,
    String,
    Timestamp,
    ValueType,
    Vector,
)

__all__ = [
    "Array",
    "Bool",
    "Bytes",
    "Date",
    "Decimal",
    "Float64",
    "Int64",
    "Map",
    "String",
    "Timestamp",
    "ValueType",
    "Vector",
]


def __getattr__(name: str) -> NoReturn:
    no_attribute("module 'skewless.types'", name, TYPES, __all__)
