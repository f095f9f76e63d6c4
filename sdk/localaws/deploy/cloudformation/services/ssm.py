"""Systems Manager: parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource

_STATED = ("AllowedPattern", "DataType", "Description", "Policies", "Tier", "Type", "Value")


class Parameter(ResourceType):
    """A parameter."""

    name = "AWS::SSM::Parameter"
    properties = frozenset({"Name", "Tags", *_STATED})

    def create(self, resource: Resource) -> str:
        """Store the parameter."""
        name = resource.named("Name", 1011)
        resource.client("ssm").put_parameter(
            Name=name, Tags=tags.as_list(resource), **resource.given(*_STATED)
        )
        return name

    def update(self, resource: Resource, before: Resource) -> None:
        """Store a new version."""
        ssm, name = resource.client("ssm"), resource.physical_id
        ssm.put_parameter(Name=name, Overwrite=True, **resource.given(*_STATED))
        kind = {"ResourceType": "Parameter", "ResourceId": name}
        if tags.dropped(resource, before):
            ssm.remove_tags_from_resource(**kind, TagKeys=tags.dropped(resource, before))
        if tags.as_list(resource):
            ssm.add_tags_to_resource(**kind, Tags=tags.as_list(resource))

    def delete(self, resource: Resource) -> None:
        """Delete the parameter with its versions."""
        resource.client("ssm").delete_parameter(Name=resource.physical_id)

    def find(self, resource: Resource) -> str | None:
        """The parameter of that name."""
        found = resource.client("ssm").get_parameter(Name=resource.named("Name", 1011))
        name: str = found["Parameter"]["Name"]
        return name

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its type and value."""
        found = resource.client("ssm").get_parameter(
            Name=resource.physical_id, WithDecryption=True
        )["Parameter"]
        return {"Type": found["Type"], "Value": found["Value"], "Arn": found["ARN"]}
