"""Tags: a resource's own and its stack's, in the two shapes that services have for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource


def with_stack_tags(
    type_name: str, properties: Mapping[str, Any], tags: Mapping[str, str]
) -> dict[str, Any]:
    """The properties with the stack's tags, which a resource's own tags override."""
    name = schema.tags_property(type_name)
    if name is None or not tags:
        return dict(properties)
    own = properties.get(name)
    if schema.tags_are_a_mapping(type_name):
        return {**properties, name: {**tags, **(own or {})}}
    merged = {**tags, **{tag["Key"]: tag["Value"] for tag in own or ()}}
    return {**properties, name: [{"Key": key, "Value": it} for key, it in merged.items()]}


def as_list(resource: Resource, name: str = "Tags") -> list[dict[str, str]]:
    """Tags as `[{"Key": ..., "Value": ...}]`."""
    return [{"Key": key, "Value": value} for key, value in as_mapping(resource, name).items()]


def as_mapping(resource: Resource, name: str = "Tags") -> dict[str, str]:
    """Tags as `{key: value}`."""
    stated = resource.properties.get(name) or {}
    if isinstance(stated, dict):
        return dict(stated)
    return {tag["Key"]: tag["Value"] for tag in stated}


def dropped(resource: Resource, before: Resource, name: str = "Tags") -> list[str]:
    """The keys that an update takes away."""
    return sorted(set(as_mapping(before, name)) - set(as_mapping(resource, name)))
