"""KMS: keys and their aliases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.failure import ResourceError
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource

_PENDING_DAYS = 30
_FIXED = ("KeySpec", "KeyUsage", "MultiRegion", "Origin")


class Key(ResourceType):
    """A key."""

    name = "AWS::KMS::Key"
    properties = frozenset(
        {
            "Description",
            "EnableKeyRotation",
            "Enabled",
            "KeyPolicy",
            "PendingWindowInDays",
            "RotationPeriodInDays",
            "Tags",
            *_FIXED,
        }
    )

    def create(self, resource: Resource) -> str:
        """Make the key."""
        policy = resource.properties.get("KeyPolicy")
        made = resource.client("kms").create_key(
            **resource.given("Description", *_FIXED),
            **({"Policy": json.dumps(policy)} if policy else {}),
            Tags=_tags(resource),
        )
        key: str = made["KeyMetadata"]["KeyId"]
        return key

    def configure(self, resource: Resource) -> None:
        """Set whether it is enabled and rotated."""
        kms, key = resource.client("kms"), resource.physical_id
        if resource.properties.get("EnableKeyRotation"):
            days = resource.given("RotationPeriodInDays")
            kms.enable_key_rotation(KeyId=key, **days)
        if resource.properties.get("Enabled") is False:
            kms.disable_key(KeyId=key)

    def update(self, resource: Resource, before: Resource) -> None:
        """Change what can be; AWS refuses to make another kind of key of one."""
        kms, key = resource.client("kms"), resource.physical_id
        changed = [it for it in _FIXED if resource.given(it) != before.given(it)]
        if changed:
            raise ResourceError(f"You cannot change {', '.join(changed)} of an existing key")
        if resource.given("Description") != before.given("Description"):
            text = resource.properties.get("Description", "")
            kms.update_key_description(KeyId=key, Description=text)
        if resource.properties.get("KeyPolicy"):
            policy = json.dumps(resource.properties["KeyPolicy"])
            kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
        if before.properties.get("Enabled") is False:
            kms.enable_key(KeyId=key)
        if before.properties.get("EnableKeyRotation"):
            kms.disable_key_rotation(KeyId=key)
        if tags.dropped(resource, before):
            kms.untag_resource(KeyId=key, TagKeys=tags.dropped(resource, before))
        if _tags(resource):
            kms.tag_resource(KeyId=key, Tags=_tags(resource))
        self.configure(resource)

    def delete(self, resource: Resource) -> None:
        """Schedule the key's deletion, which is all that KMS does."""
        days = resource.properties.get("PendingWindowInDays", _PENDING_DAYS)
        resource.client("kms").schedule_key_deletion(
            KeyId=resource.physical_id, PendingWindowInDays=days
        )

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN and id."""
        found = resource.client("kms").describe_key(KeyId=resource.physical_id)["KeyMetadata"]
        return {"Arn": found["Arn"], "KeyId": found["KeyId"]}


class Alias(ResourceType):
    """A key's name."""

    name = "AWS::KMS::Alias"
    properties = frozenset({"AliasName", "TargetKeyId"})

    def create(self, resource: Resource) -> str:
        """Name the key."""
        resource.client("kms").create_alias(**resource.given("AliasName", "TargetKeyId"))
        return str(resource.properties["AliasName"])

    def update(self, resource: Resource, before: Resource) -> None:  # noqa: ARG002 it is set whole
        """Make it another key's name."""
        resource.client("kms").update_alias(**resource.given("AliasName", "TargetKeyId"))

    def delete(self, resource: Resource) -> None:
        """Take the name away; the key stays."""
        resource.client("kms").delete_alias(AliasName=resource.physical_id)

    def find(self, resource: Resource) -> str | None:
        """The alias of that name."""
        name: str = resource.properties["AliasName"]
        pages = resource.client("kms").get_paginator("list_aliases").paginate()
        known = {it["AliasName"] for page in pages for it in page["Aliases"] if "TargetKeyId" in it}
        return name if name in known else None


def _tags(resource: Resource) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": it} for key, it in tags.as_mapping(resource).items()]
