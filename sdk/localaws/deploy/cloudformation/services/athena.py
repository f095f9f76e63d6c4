"""Athena: workgroups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from localaws.deploy.cloudformation.resource import Resource


class WorkGroup(ResourceType):
    """A workgroup."""

    name = "AWS::Athena::WorkGroup"
    properties = frozenset(
        {"Description", "Name", "RecursiveDeleteOption", "State", "Tags", "WorkGroupConfiguration"}
    )

    def create(self, resource: Resource) -> str:
        """Make the workgroup."""
        name = resource.properties["Name"]
        resource.client("athena").create_work_group(
            Name=name,
            Configuration=resource.properties.get("WorkGroupConfiguration", {}),
            Description=resource.properties.get("Description", ""),
            Tags=tags.as_list(resource),
        )
        return str(name)

    def configure(self, resource: Resource) -> None:
        """Set its state, with which none is made."""
        if "State" in resource.properties:
            resource.client("athena").update_work_group(
                WorkGroup=resource.physical_id, State=resource.properties["State"]
            )

    def update(self, resource: Resource, before: Resource) -> None:
        """Set its configuration whole: what the template no longer says is as by default."""
        athena = resource.client("athena")
        athena.update_work_group(
            WorkGroup=resource.physical_id,
            Description=resource.properties.get("Description", ""),
            State=resource.properties.get("State", "ENABLED"),
            ConfigurationUpdates=_updates(resource, before),
        )
        arn = resource.place.arn("athena", f"workgroup/{resource.physical_id}")
        gone = tags.dropped(resource, before)
        if gone:
            athena.untag_resource(ResourceARN=arn, TagKeys=gone)
        if tags.as_list(resource):
            athena.tag_resource(ResourceARN=arn, Tags=tags.as_list(resource))

    def delete(self, resource: Resource) -> None:
        """Delete the workgroup; on AWS one with named queries needs RecursiveDeleteOption."""
        resource.client("athena").delete_work_group(
            WorkGroup=resource.physical_id,
            RecursiveDeleteOption=resource.properties.get("RecursiveDeleteOption", False),
        )

    def find(self, resource: Resource) -> str | None:
        """The workgroup of that name."""
        found = resource.client("athena").list_work_groups()["WorkGroups"]
        names = {group["Name"] for group in found}
        name: str = resource.properties["Name"]
        return name if name in names else None


def _updates(resource: Resource, before: Resource) -> dict[str, Any]:
    after = dict(resource.properties.get("WorkGroupConfiguration") or {})
    was = before.properties.get("WorkGroupConfiguration") or {}
    if "ResultConfiguration" in after:
        after["ResultConfigurationUpdates"] = after.pop("ResultConfiguration")
    if "BytesScannedCutoffPerQuery" in was and "BytesScannedCutoffPerQuery" not in after:
        after["RemoveBytesScannedCutoffPerQuery"] = True
    return after
