"""AWS::CDK::Metadata: what the CDK tells AWS about an app. It makes nothing, there as here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from localaws.deploy.cloudformation.resource import Resource


class Metadata(ResourceType):
    """Usage data of the CDK."""

    name = "AWS::CDK::Metadata"
    properties = frozenset({"Analytics", "Modules"})

    def create(self, resource: Resource) -> str:
        """Make nothing."""
        return resource.named("Id")

    def delete(self, resource: Resource) -> None:
        """Delete nothing."""
