"""ECR: the repository that the CDK's bootstrap stack has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource


class Repository(ResourceType):
    """A repository of images."""

    name = "AWS::ECR::Repository"
    properties = frozenset(
        {
            "EmptyOnDelete",
            "ImageScanningConfiguration",
            "ImageTagMutability",
            "LifecyclePolicy",
            "RepositoryName",
            "RepositoryPolicyText",
            "Tags",
        }
    )

    def create(self, resource: Resource) -> str:
        """Make the repository."""
        name = _name(resource)
        resource.client("ecr").create_repository(
            repositoryName=name, tags=tags.as_list(resource), **_settings(resource)
        )
        return name

    def configure(self, resource: Resource) -> None:
        """Set its policies."""
        ecr, name = resource.client("ecr"), resource.physical_id
        lifecycle = resource.properties.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
        if lifecycle:
            ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=lifecycle)
        policy = resource.properties.get("RepositoryPolicyText")
        if policy:
            ecr.set_repository_policy(repositoryName=name, policyText=json.dumps(policy))

    def update(self, resource: Resource, before: Resource) -> None:
        """Set its settings, policies and tags."""
        ecr, name = resource.client("ecr"), resource.physical_id
        settings = _settings(resource)
        ecr.put_image_tag_mutability(
            repositoryName=name, imageTagMutability=settings.get("imageTagMutability", "MUTABLE")
        )
        ecr.put_image_scanning_configuration(
            repositoryName=name,
            imageScanningConfiguration=settings.get("imageScanningConfiguration", {}),
        )
        if before.given("LifecyclePolicy") and not resource.given("LifecyclePolicy"):
            ecr.delete_lifecycle_policy(repositoryName=name)
        if before.given("RepositoryPolicyText") and not resource.given("RepositoryPolicyText"):
            ecr.delete_repository_policy(repositoryName=name)
        arn = resource.attributes["Arn"]
        if tags.dropped(resource, before):
            ecr.untag_resource(resourceArn=arn, tagKeys=tags.dropped(resource, before))
        if tags.as_list(resource):
            ecr.tag_resource(resourceArn=arn, tags=tags.as_list(resource))
        self.configure(resource)

    def delete(self, resource: Resource) -> None:
        """Delete the repository; one with images only if it says so."""
        resource.client("ecr").delete_repository(
            repositoryName=resource.physical_id,
            force=resource.properties.get("EmptyOnDelete", False),
        )

    def find(self, resource: Resource) -> str | None:
        """The repository of that name."""
        resource.client("ecr").describe_repositories(repositoryNames=[_name(resource)])
        return _name(resource)

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN and address."""
        found = resource.client("ecr").describe_repositories(
            repositoryNames=[resource.physical_id]
        )["repositories"][0]
        return {"Arn": found["repositoryArn"], "RepositoryUri": found["repositoryUri"]}


def _name(resource: Resource) -> str:
    return resource.properties.get("RepositoryName") or resource.named("RepositoryName").lower()


def _settings(resource: Resource) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if "ImageTagMutability" in resource.properties:
        settings["imageTagMutability"] = resource.properties["ImageTagMutability"]
    scanning = resource.properties.get("ImageScanningConfiguration")
    if scanning:
        settings["imageScanningConfiguration"] = {"scanOnPush": scanning.get("ScanOnPush", False)}
    return settings
