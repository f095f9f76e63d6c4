"""EventBridge Scheduler: groups and schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource

_OF_SCHEDULE = (
    "Description",
    "EndDate",
    "FlexibleTimeWindow",
    "GroupName",
    "KmsKeyArn",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "State",
    "Target",
)


class ScheduleGroup(ResourceType):
    """A group of schedules."""

    name = "AWS::Scheduler::ScheduleGroup"
    properties = frozenset({"Name", "Tags"})

    def create(self, resource: Resource) -> str:
        """Make the group."""
        name = resource.named("Name")
        resource.client("scheduler").create_schedule_group(Name=name, Tags=tags.as_list(resource))
        return name

    def update(self, resource: Resource, before: Resource) -> None:
        """Change its tags."""
        scheduler, arn = resource.client("scheduler"), _group_arn(resource)
        gone = tags.dropped(resource, before)
        if gone:
            scheduler.untag_resource(ResourceArn=arn, TagKeys=gone)
        if tags.as_list(resource):
            scheduler.tag_resource(ResourceArn=arn, Tags=tags.as_list(resource))

    def delete(self, resource: Resource) -> None:
        """Delete the group with its schedules."""
        resource.client("scheduler").delete_schedule_group(Name=resource.physical_id)

    def find(self, resource: Resource) -> str | None:
        """The group of that name."""
        found = resource.client("scheduler").get_schedule_group(Name=resource.named("Name"))
        name: str = found["Name"]
        return name

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN and state."""
        found = resource.client("scheduler").get_schedule_group(Name=resource.physical_id)
        return {"Arn": found["Arn"], "State": found["State"]}


class Schedule(ResourceType):
    """A schedule."""

    name = "AWS::Scheduler::Schedule"
    properties = frozenset({"Name", *_OF_SCHEDULE})

    def create(self, resource: Resource) -> str:
        """Make the schedule."""
        name = resource.named("Name")
        resource.client("scheduler").create_schedule(Name=name, **resource.given(*_OF_SCHEDULE))
        return name

    def update(self, resource: Resource, before: Resource) -> None:  # noqa: ARG002 it is set whole
        """Set all that the schedule is."""
        resource.client("scheduler").update_schedule(
            Name=resource.physical_id, **resource.given(*_OF_SCHEDULE)
        )

    def delete(self, resource: Resource) -> None:
        """Delete the schedule."""
        resource.client("scheduler").delete_schedule(
            Name=resource.physical_id, **resource.given("GroupName")
        )

    def find(self, resource: Resource) -> str | None:
        """The schedule of that name in its group."""
        found = resource.client("scheduler").get_schedule(
            Name=resource.named("Name"), **resource.given("GroupName")
        )
        name: str = found["Name"]
        return name

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN."""
        found = resource.client("scheduler").get_schedule(
            Name=resource.physical_id, **resource.given("GroupName")
        )
        return {"Arn": found["Arn"]}


def _group_arn(resource: Resource) -> str:
    return resource.place.arn("scheduler", f"schedule-group/{resource.physical_id}")
