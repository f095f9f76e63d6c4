"""AWS's schemas of resource types: their properties, and which of them cannot change.

The schemas are CloudFormation's own, as cfn-lint packages them. They turn what a template may
write as text ("true", "7") into what APIs take, refuse properties that do not exist, and decide
whether a change replaces a resource.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from cfnlint.schema import ResourceNotFoundError  # type: ignore[import-untyped]
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from localaws.deploy.cloudformation.failure import ResourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Any region's will do: the types used here are everywhere the same.
_REGION = "us-east-1"
_PROPERTIES = "/properties/"


def is_known(type_name: str) -> bool:
    """Whether AWS has the type."""
    return _schema(type_name) is not None


def checked(type_name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties in the types their schema states.

    Raises:
        ResourceError: A property does not exist, is missing, or cannot be what it must be.
    """
    root = _schema(type_name) or {}
    problems: list[str] = []
    typed: dict[str, Any] = _typed(root, root, properties, "#", problems)
    read_only = {name for name in _names(root, "readOnlyProperties") if name in properties}
    problems += [f"#: extraneous key [{name}] is not permitted" for name in sorted(read_only)]
    if problems:
        raise ResourceError(
            f"Properties validation failed for resource of type {type_name} with message: "
            + "; ".join(problems)
        )
    return typed


def replacing(type_name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The properties which changed and which no update can change."""
    root = _schema(type_name) or {}
    fixed = (
        *root.get("createOnlyProperties", ()),
        *root.get("conditionalCreateOnlyProperties", ()),
    )
    paths = [path.removeprefix(_PROPERTIES).split("/") for path in fixed]
    return [path[-1] for path in paths if list(_at(before, path)) != list(_at(after, path))]


def identifier(type_name: str) -> tuple[str, ...]:
    """The properties that name a resource; empty if AWS alone names it."""
    root = _schema(type_name) or {}
    names = tuple(path.removeprefix(_PROPERTIES) for path in root.get("primaryIdentifier", ()))
    return () if set(names) & set(_names(root, "readOnlyProperties")) else names


def tags_property(type_name: str) -> str | None:
    """The property that holds a resource's tags, if it can have any."""
    root = _schema(type_name) or {}
    tagging = root.get("tagging") or {}
    name: str = tagging.get("tagProperty", "/properties/Tags").removeprefix(_PROPERTIES)
    return name if name in root.get("properties", {}) else None


def tags_are_a_mapping(type_name: str) -> bool:
    """Whether tags are one object, and not a list of keys and values."""
    root = _schema(type_name) or {}
    node = root["properties"][tags_property(type_name)]
    return "array" not in _types(_followed(root, node))


@functools.cache
def _schema(type_name: str) -> dict[str, Any] | None:
    try:
        found = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, type_name)
    except ResourceNotFoundError:
        return None
    body: dict[str, Any] = found.schema
    return body


def _names(root: Mapping[str, Any], key: str) -> Iterator[str]:
    for path in root.get(key) or ():
        name = path.removeprefix(_PROPERTIES)
        if "/" not in name:
            yield name


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    if not path:
        yield value
    elif path[0] == "*":
        for item in value if isinstance(value, list) else ():
            yield from _at(item, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _followed(root: Mapping[str, Any], node: Any) -> dict[str, Any]:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = root
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node if isinstance(node, dict) else {}


def _types(node: Mapping[str, Any]) -> tuple[str, ...]:
    stated = node.get("type", ())
    return (stated,) if isinstance(stated, str) else tuple(stated)


def _typed(root: Any, schema: Any, value: Any, where: str, problems: list[str]) -> Any:
    node = _followed(root, schema)
    if isinstance(value, dict):
        return _typed_object(root, node, value, where, problems)
    if isinstance(value, list):
        items = node.get("items", {})
        return [_typed(root, items, item, f"{where}/{n}", problems) for n, item in enumerate(value)]
    return _typed_scalar(_types(node), value, where, problems)


def _typed_object(
    root: Any, node: dict[str, Any], value: dict[str, Any], where: str, problems: list[str]
) -> dict[str, Any]:
    known = node.get("properties", {})
    if known and node.get("additionalProperties") is False and "patternProperties" not in node:
        extra = sorted(set(value) - set(known))
        problems += [f"{where}: extraneous key [{key}] is not permitted" for key in extra]
    missing = [key for key in node.get("required", ()) if key not in value]
    problems += [f"{where}: required key [{key}] not found" for key in missing]
    free: Any = next(iter(node.get("patternProperties", {}).values()), {})
    return {
        key: _typed(root, known.get(key, free), item, f"{where}/{key}", problems)
        for key, item in value.items()
    }


def _typed_scalar(types: tuple[str, ...], value: Any, where: str, problems: list[str]) -> Any:
    if not types:
        return value
    try:
        match value:
            case bool() if "boolean" not in types and "string" in types:
                return str(value).lower()
            case int() | float() if "string" in types and not {"integer", "number"} & set(types):
                return str(value)
            case str() if "string" not in types:
                return _parsed(types, value)
    except ValueError:
        problems.append(f"{where}: expected type: {'/'.join(types)}, found: {value!r}")
    return value


def _parsed(types: tuple[str, ...], text: str) -> Any:
    if "boolean" in types and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if "integer" in types:
        return int(text)
    if "number" in types:
        return float(text)
    raise ValueError(text)
