"""Values compared as bits: what the promise is about."""

from __future__ import annotations

import decimal
import struct
from datetime import date, datetime
from typing import Any

from skewless.definitions.expression import to_microseconds


def bits(value: Any) -> Any:
    """Return something equal exactly when the values are the same bits of the same type."""
    match value:
        case float():
            return ("Float64", struct.pack("<d", value))
        case bool() | int() | str() | bytes() | None:
            return (type(value).__name__, value)
        case decimal.Decimal():
            return ("Decimal", value.as_tuple())
        case datetime():
            return ("int", to_microseconds(value, "value"))
        case date():
            return ("date", value.isoformat())
        case dict():
            return ("Map", tuple((bits(key), bits(item)) for key, item in value.items()))
        case list() | tuple():
            return tuple(bits(item) for item in value)
        case _:
            raise TypeError(f"no bits for {value!r}")
