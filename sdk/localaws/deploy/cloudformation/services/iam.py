"""IAM: roles, their inline policies, and managed policies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.failure import ResourceError, is_absent
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource

_VERSIONS_KEPT = 5


class Role(ResourceType):
    """A role."""

    name = "AWS::IAM::Role"
    properties = frozenset(
        {
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "PermissionsBoundary",
            "Policies",
            "RoleName",
            "Tags",
        }
    )

    def create(self, resource: Resource) -> str:
        """Make the role."""
        name = resource.named("RoleName")
        resource.client("iam").create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(resource.properties["AssumeRolePolicyDocument"]),
            Tags=tags.as_list(resource),
            **resource.given("Description", "MaxSessionDuration", "Path", "PermissionsBoundary"),
        )
        return name

    def configure(self, resource: Resource) -> None:
        """Give it its policies."""
        iam, name = resource.client("iam"), resource.physical_id
        for policy in resource.properties.get("Policies", []):
            iam.put_role_policy(
                RoleName=name,
                PolicyName=policy["PolicyName"],
                PolicyDocument=json.dumps(policy["PolicyDocument"]),
            )
        for arn in resource.properties.get("ManagedPolicyArns", []):
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)

    def update(self, resource: Resource, before: Resource) -> None:
        """Set whom it trusts, and take and give what differs."""
        iam, name = resource.client("iam"), resource.physical_id
        trust = json.dumps(resource.properties["AssumeRolePolicyDocument"])
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        iam.update_role(
            RoleName=name,
            Description=resource.properties.get("Description", ""),
            MaxSessionDuration=resource.properties.get("MaxSessionDuration", 3600),
        )
        _set_boundary(resource, before)
        _take(resource, before)
        if tags.dropped(resource, before):
            iam.untag_role(RoleName=name, TagKeys=tags.dropped(resource, before))
        if tags.as_list(resource):
            iam.tag_role(RoleName=name, Tags=tags.as_list(resource))
        self.configure(resource)

    def delete(self, resource: Resource) -> None:
        """Delete the role; IAM refuses if it has other policies than the template's."""
        iam, name = resource.client("iam"), resource.physical_id
        for policy in resource.properties.get("Policies", []):
            _if_there(iam.delete_role_policy, RoleName=name, PolicyName=policy["PolicyName"])
        for arn in resource.properties.get("ManagedPolicyArns", []):
            _if_there(iam.detach_role_policy, RoleName=name, PolicyArn=arn)
        iam.delete_role(RoleName=name)

    def find(self, resource: Resource) -> str | None:
        """The role of that name."""
        name: str = resource.client("iam").get_role(RoleName=resource.named("RoleName"))["Role"][
            "RoleName"
        ]
        return name

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN and id."""
        found = resource.client("iam").get_role(RoleName=resource.physical_id)["Role"]
        return {"Arn": found["Arn"], "RoleId": found["RoleId"]}


class InlinePolicy(ResourceType):
    """A policy written into each of its roles."""

    name = "AWS::IAM::Policy"
    properties = frozenset({"PolicyDocument", "PolicyName", "Roles"})

    def create(self, resource: Resource) -> str:
        """Name the policy, which has no name of its own."""
        if not resource.properties.get("Roles"):
            raise ResourceError("At least one of [Groups,Roles,Users] must be non-empty.")
        return resource.named("Id")

    def configure(self, resource: Resource) -> None:
        """Write it into its roles."""
        for role in resource.properties["Roles"]:
            resource.client("iam").put_role_policy(
                RoleName=role,
                PolicyName=resource.properties["PolicyName"],
                PolicyDocument=json.dumps(resource.properties["PolicyDocument"]),
            )

    def update(self, resource: Resource, before: Resource) -> None:
        """Write it, and delete it where it is no longer."""
        now = {(role, resource.properties["PolicyName"]) for role in resource.properties["Roles"]}
        self.configure(resource)
        for role in before.properties["Roles"]:
            if (role, before.properties["PolicyName"]) not in now:
                _delete_inline(before, role)

    def delete(self, resource: Resource) -> None:
        """Delete it from its roles."""
        for role in resource.properties["Roles"]:
            _delete_inline(resource, role)


class ManagedPolicy(ResourceType):
    """A policy with a name of its own."""

    name = "AWS::IAM::ManagedPolicy"
    properties = frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles"})

    def create(self, resource: Resource) -> str:
        """Make the policy."""
        made = resource.client("iam").create_policy(
            PolicyName=resource.named("ManagedPolicyName", 128),
            PolicyDocument=json.dumps(resource.properties["PolicyDocument"]),
            **resource.given("Description", "Path"),
        )
        arn: str = made["Policy"]["Arn"]
        return arn

    def configure(self, resource: Resource) -> None:
        """Give it to its roles."""
        for role in resource.properties.get("Roles", []):
            resource.client("iam").attach_role_policy(RoleName=role, PolicyArn=resource.physical_id)

    def update(self, resource: Resource, before: Resource) -> None:
        """Make a new version its default, and take it from roles that it no longer names."""
        iam, arn = resource.client("iam"), resource.physical_id
        if resource.properties["PolicyDocument"] != before.properties["PolicyDocument"]:
            _make_room_for_version(iam, arn)
            document = json.dumps(resource.properties["PolicyDocument"])
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
        for role in before.properties.get("Roles", []):
            if role not in resource.properties.get("Roles", []):
                _if_there(iam.detach_role_policy, RoleName=role, PolicyArn=arn)
        self.configure(resource)

    def delete(self, resource: Resource) -> None:
        """Take it from its roles, and delete it with its versions."""
        iam, arn = resource.client("iam"), resource.physical_id
        for role in resource.properties.get("Roles", []):
            _if_there(iam.detach_role_policy, RoleName=role, PolicyArn=arn)
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=arn)

    def find(self, resource: Resource) -> str | None:
        """The policy of that name."""
        place = resource.place
        path = resource.properties.get("Path", "/")
        name = resource.named("ManagedPolicyName", 128)
        arn = f"arn:{place.partition}:iam::{place.account}:policy{path}{name}"
        resource.client("iam").get_policy(PolicyArn=arn)
        return arn

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN and id."""
        found = resource.client("iam").get_policy(PolicyArn=resource.physical_id)["Policy"]
        return {"PolicyArn": found["Arn"], "PolicyId": found["PolicyId"]}


def _set_boundary(resource: Resource, before: Resource) -> None:
    iam, name = resource.client("iam"), resource.physical_id
    boundary = resource.properties.get("PermissionsBoundary")
    if boundary:
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    elif before.properties.get("PermissionsBoundary"):
        iam.delete_role_permissions_boundary(RoleName=name)


def _take(resource: Resource, before: Resource) -> None:
    iam, name = resource.client("iam"), resource.physical_id
    kept = {policy["PolicyName"] for policy in resource.properties.get("Policies", [])}
    for policy in before.properties.get("Policies", []):
        if policy["PolicyName"] not in kept:
            _if_there(iam.delete_role_policy, RoleName=name, PolicyName=policy["PolicyName"])
    for arn in before.properties.get("ManagedPolicyArns", []):
        if arn not in resource.properties.get("ManagedPolicyArns", []):
            _if_there(iam.detach_role_policy, RoleName=name, PolicyArn=arn)


def _delete_inline(resource: Resource, role: str) -> None:
    _if_there(
        resource.client("iam").delete_role_policy,
        RoleName=role,
        PolicyName=resource.properties["PolicyName"],
    )


def _make_room_for_version(iam: Any, arn: str) -> None:
    """Delete the oldest version, since a policy has at most five."""
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    spare = [it["VersionId"] for it in versions if not it["IsDefaultVersion"]]
    if len(versions) >= _VERSIONS_KEPT:
        iam.delete_policy_version(PolicyArn=arn, VersionId=min(spare, key=lambda it: int(it[1:])))


def _if_there(call: Any, **asked: str) -> None:
    try:
        call(**asked)
    except ClientError as error:
        if not is_absent(error):
            raise
