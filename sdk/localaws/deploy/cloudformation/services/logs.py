"""CloudWatch Logs: log groups and metric filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource

_NAME_LIMIT = 512


class LogGroup(ResourceType):
    """A log group."""

    name = "AWS::Logs::LogGroup"
    properties = frozenset({"KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags"})

    def create(self, resource: Resource) -> str:
        """Make the log group."""
        name = resource.named("LogGroupName", _NAME_LIMIT)
        key = {"kmsKeyId": resource.properties["KmsKeyId"]} if resource.given("KmsKeyId") else {}
        resource.client("logs").create_log_group(
            logGroupName=name, **key, **_if_any("tags", tags.as_mapping(resource))
        )
        return name

    def configure(self, resource: Resource) -> None:
        """Set how long what is logged is kept."""
        if "RetentionInDays" in resource.properties:
            resource.client("logs").put_retention_policy(
                logGroupName=resource.physical_id,
                retentionInDays=resource.properties["RetentionInDays"],
            )

    def update(self, resource: Resource, before: Resource) -> None:
        """Set retention and tags; without a retention, what is logged is kept for ever."""
        logs = resource.client("logs")
        if "RetentionInDays" in before.properties and "RetentionInDays" not in resource.properties:
            logs.delete_retention_policy(logGroupName=resource.physical_id)
        self.configure(resource)
        arn = resource.place.arn("logs", f"log-group:{resource.physical_id}")
        if tags.dropped(resource, before):
            logs.untag_resource(resourceArn=arn, tagKeys=tags.dropped(resource, before))
        if tags.as_mapping(resource):
            logs.tag_resource(resourceArn=arn, tags=tags.as_mapping(resource))

    def delete(self, resource: Resource) -> None:
        """Delete the log group with what was logged."""
        resource.client("logs").delete_log_group(logGroupName=resource.physical_id)

    def find(self, resource: Resource) -> str | None:
        """The log group of that name."""
        name = resource.named("LogGroupName", _NAME_LIMIT)
        found = resource.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        return name if name in {group["logGroupName"] for group in found} else None

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN, which ends in a star in CloudFormation."""
        return {"Arn": resource.place.arn("logs", f"log-group:{resource.physical_id}:*")}


class MetricFilter(ResourceType):
    """A filter that turns what is logged into a metric."""

    name = "AWS::Logs::MetricFilter"
    properties = frozenset({"FilterName", "FilterPattern", "LogGroupName", "MetricTransformations"})

    def create(self, resource: Resource) -> str:
        """Make the filter."""
        name = resource.named("FilterName", _NAME_LIMIT)
        _put_filter(resource, name)
        return name

    def update(self, resource: Resource, before: Resource) -> None:  # noqa: ARG002 it is set whole
        """Set the filter."""
        _put_filter(resource, resource.physical_id)

    def delete(self, resource: Resource) -> None:
        """Delete the filter."""
        resource.client("logs").delete_metric_filter(
            logGroupName=resource.properties["LogGroupName"], filterName=resource.physical_id
        )

    def find(self, resource: Resource) -> str | None:
        """The filter of that name at its log group."""
        name = resource.named("FilterName", _NAME_LIMIT)
        found = resource.client("logs").describe_metric_filters(
            logGroupName=resource.properties["LogGroupName"], filterNamePrefix=name
        )
        return name if name in {it["filterName"] for it in found["metricFilters"]} else None


def _put_filter(resource: Resource, name: str) -> None:
    resource.client("logs").put_metric_filter(
        logGroupName=resource.properties["LogGroupName"],
        filterName=name,
        filterPattern=resource.properties["FilterPattern"],
        metricTransformations=[
            _transformation(it) for it in resource.properties["MetricTransformations"]
        ],
    )


def _transformation(stated: Mapping[str, Any]) -> dict[str, Any]:
    said = {key[0].lower() + key[1:]: it for key, it in stated.items()}
    if "dimensions" in said:
        said["dimensions"] = {it["Key"]: it["Value"] for it in said["dimensions"]}
    return said


def _if_any(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}
