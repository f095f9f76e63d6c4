"""The oracle's values as users hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.definitions import types
from skewless.definitions.dates import to_date
from skewless.definitions.expression import to_datetime

if TYPE_CHECKING:
    from skewless.types import ValueType


def held(value: Any, type_: ValueType | None) -> Any:
    """Return what a user holds in place of an oracle's value, whose times are numbers."""
    match type_:
        case _ if value is None:
            return None
        case types.Timestamp:
            return to_datetime(value)
        case types.Date:
            return to_date(value)
        case types.Array(element=element):
            return [held(item, element) for item in value]
        case types.Map(key=key, value=kind):
            return {held(name, key): held(item, kind) for name, item in value.items()}
        case types.Vector():
            return list(value)
        case _:
            return value
