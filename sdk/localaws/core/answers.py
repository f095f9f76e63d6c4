"""Answers of all services: the same as stock moto's, with less work.

Stock moto looks for each member of an answer under up to six names, which it composes anew each
time, and parses an object's time of change with dateutil for each list that it is in.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import moto.core.serialize as serialization
from moto.core.serialize import AttributePickerContext, ResponseSerializer, XFormedAttributePicker

if TYPE_CHECKING:
    from datetime import datetime

# Names under which a dict may hold a member, kept on the member's shape.
_NAMES = "_localaws_names"
_TIMES = 4096


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    serializer: Any = ResponseSerializer
    serializer.get_value = quickly(serializer.get_value)
    module: Any = serialization
    module.parse_to_aware_datetime = _remembering(module.parse_to_aware_datetime)


def quickly(stock: Any) -> Any:
    """Return moto's `get_value`, with the names of a dict's members composed once."""

    def get_value(self: Any, value: Any, key: str, shape: Any) -> Any:
        picker = self._value_picker
        if (
            type(value) is not dict
            or type(picker) is not XFormedAttributePicker
            or picker.response_transformers
        ):
            return stock(self, value, key, shape)
        known = shape.__dict__.setdefault(_NAMES, {})
        names = known.get(key)
        if names is None:
            context = AttributePickerContext({}, key, shape)
            names = known[key] = tuple(dict.fromkeys(picker.get_possible_keys(context)))
        return next((value[name] for name in names if name in value), None)

    return get_value


def _remembering(stock: Any) -> Any:
    of_text = functools.lru_cache(_TIMES)(stock)

    def parse(value: Any) -> datetime:
        found: datetime = of_text(value) if isinstance(value, str) else stock(value)
        return found

    return parse
