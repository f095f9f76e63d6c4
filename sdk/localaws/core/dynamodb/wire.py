"""DynamoDB's wire format: attribute values read and written without a walk over their shapes.

Stock moto asks for each of the ten members of every attribute value, and for each name of an
answer in up to twelve spellings: over 90 % of a BatchGetItem's time.
"""

from __future__ import annotations

import base64
import functools
import json
from typing import TYPE_CHECKING, Any

from moto.core.parse import BaseJSONParser
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models.dynamo_type import DynamoType

if TYPE_CHECKING:
    from collections.abc import Mapping

_AS_THEY_ARE = frozenset({"S", "N", "BOOL", "NULL", "SS", "NS"})


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    _parse_attributes_directly()
    _serialize_attribute_maps_directly()


def body_of(result: Mapping[str, Any], names: Mapping[str, Any]) -> str:
    """Write the answer of a call that reads or writes items; its names are the output shape's."""
    known = {name: value for name, value in result.items() if name in names and value is not None}
    return json.dumps(known, default=_base64)


def _parse_attributes_directly() -> None:
    parser: Any = BaseJSONParser
    stock = parser._parse_structure

    def parse(self: Any, shape: Any, value: Any) -> Any:
        if shape.name == "AttributeValue" and value and len(value) == 1:
            ((kind, content),) = value.items()
            if content is not None and kind in _AS_THEY_ARE:
                return value
            if content is not None and kind == "B":
                return {"B": self._blob_parser(content)}
        return stock(self, shape, value)

    parser._parse_structure = parse


def _serialize_attribute_maps_directly() -> None:
    serializer: Any = BaseJSONSerializer
    stock = serializer._serialize_type_map

    def serialize(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if getattr(shape.value, "name", "") == "AttributeValue":
            wire = {name: _wire_form(attribute) for name, attribute in value.items()}
            self._default_serialize(serialized, wire, shape, key)
        else:
            stock(self, serialized, value, shape, key)

    serializer._serialize_type_map = serialize


def _wire_form(attribute: DynamoType | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(attribute, DynamoType):
        kind, value = attribute.type, attribute.value
    else:
        kind, value = next(iter(attribute.items()))
    match kind:
        case "S" | "N":
            value = str(value)
        case "L":
            value = [_wire_form(element) for element in value]
        case "M":
            value = {name: _wire_form(element) for name, element in value.items()}
        case "SS" | "NS":
            value = [str(element) for element in value]
        case "B":
            value = _base64(value)
        case "BS":
            value = [_base64(element) for element in value]
    return {kind: value}


def _base64(value: str | bytes) -> str:
    raw = value.encode() if isinstance(value, str) else bytes(value)
    return base64.b64encode(raw).decode()
