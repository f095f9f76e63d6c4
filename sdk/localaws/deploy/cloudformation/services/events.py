"""EventBridge: rules of the default bus and of others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource

_RULE = ("Description", "EventBusName", "RoleArn", "ScheduleExpression", "State")


class Rule(ResourceType):
    """A rule with its targets."""

    name = "AWS::Events::Rule"
    properties = frozenset({"EventPattern", "Name", "Tags", "Targets", *_RULE})

    def create(self, resource: Resource) -> str:
        """Make the rule."""
        name = resource.named("Name")
        _put(resource, name, Tags=tags.as_list(resource))
        return name

    def configure(self, resource: Resource) -> None:
        """Set its targets."""
        targets = resource.properties.get("Targets")
        if targets:
            resource.client("events").put_targets(
                Rule=resource.physical_id, Targets=targets, **resource.given("EventBusName")
            )

    def update(self, resource: Resource, before: Resource) -> None:
        """Set the rule, and its targets and tags."""
        events, name = resource.client("events"), resource.physical_id
        _put(resource, name)
        kept = {target["Id"] for target in resource.properties.get("Targets", [])}
        gone = [it["Id"] for it in before.properties.get("Targets", []) if it["Id"] not in kept]
        if gone:
            events.remove_targets(Rule=name, Ids=gone, **resource.given("EventBusName"))
        arn = self.attributes(resource)["Arn"]
        if tags.dropped(resource, before):
            events.untag_resource(ResourceARN=arn, TagKeys=tags.dropped(resource, before))
        if tags.as_list(resource):
            events.tag_resource(ResourceARN=arn, Tags=tags.as_list(resource))
        self.configure(resource)

    def delete(self, resource: Resource) -> None:
        """Delete the rule, which may have no targets then."""
        events, name = resource.client("events"), resource.physical_id
        bus = resource.given("EventBusName")
        ids = [target["Id"] for target in resource.properties.get("Targets", [])]
        if ids:
            events.remove_targets(Rule=name, Ids=ids, **bus)
        events.delete_rule(Name=name, **bus)

    def find(self, resource: Resource) -> str | None:
        """The rule of that name."""
        found = resource.client("events").describe_rule(
            Name=resource.named("Name"), **resource.given("EventBusName")
        )
        name: str = found["Name"]
        return name

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN."""
        found = resource.client("events").describe_rule(
            Name=resource.physical_id, **resource.given("EventBusName")
        )
        return {"Arn": found["Arn"]}


def _put(resource: Resource, name: str, **more: Any) -> None:
    pattern = resource.properties.get("EventPattern")
    if pattern:
        more["EventPattern"] = json.dumps(pattern)
    resource.client("events").put_rule(Name=name, **resource.given(*_RULE), **more)
