"""CloudWatch: alarms of metrics and of alarms, and dashboards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.failure import ResourceError
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource

_ACTIONS = (
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "InsufficientDataActions",
    "OKActions",
)
_ALARM = (
    *_ACTIONS,
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "MetricName",
    "Metrics",
    "Namespace",
    "Period",
    "Statistic",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
)
_COMPOSITE = (*_ACTIONS, "AlarmRule")


class Alarm(ResourceType):
    """An alarm of one metric or of an expression over some."""

    name = "AWS::CloudWatch::Alarm"
    properties = frozenset({"AlarmName", "Tags", *_ALARM})

    def create(self, resource: Resource) -> str:
        """Make the alarm."""
        name = resource.named("AlarmName", 255)
        self.put(resource, name)
        return name

    def update(self, resource: Resource, before: Resource) -> None:
        """Set the alarm whole, and its tags."""
        self.put(resource, resource.physical_id)
        _retag(resource, before, _alarm_arn(resource))

    def put(self, resource: Resource, name: str) -> None:
        """Make or replace the alarm of that name."""
        resource.client("cloudwatch").put_metric_alarm(
            AlarmName=name, Tags=tags.as_list(resource), **resource.given(*_ALARM)
        )

    def delete(self, resource: Resource) -> None:
        """Delete the alarm."""
        resource.client("cloudwatch").delete_alarms(AlarmNames=[resource.physical_id])

    def find(self, resource: Resource) -> str | None:
        """The alarm of that name."""
        return _found_alarm(resource)

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN."""
        return {"Arn": _alarm_arn(resource)}


class CompositeAlarm(Alarm):
    """An alarm whose rule is of other alarms."""

    name = "AWS::CloudWatch::CompositeAlarm"
    properties = frozenset({"AlarmName", "Tags", *_COMPOSITE})

    def put(self, resource: Resource, name: str) -> None:
        """Make or replace the alarm of that name."""
        resource.client("cloudwatch").put_composite_alarm(
            AlarmName=name, Tags=tags.as_list(resource), **resource.given(*_COMPOSITE)
        )


class Dashboard(ResourceType):
    """A dashboard."""

    name = "AWS::CloudWatch::Dashboard"
    properties = frozenset({"DashboardBody", "DashboardName", "Tags"})

    def create(self, resource: Resource) -> str:
        """Make the dashboard."""
        name = resource.named("DashboardName", 255)
        _put_dashboard(resource, name)
        return name

    def update(self, resource: Resource, before: Resource) -> None:
        """Set its body and tags."""
        _put_dashboard(resource, resource.physical_id)
        _retag(resource, before, _dashboard_arn(resource))

    def delete(self, resource: Resource) -> None:
        """Delete the dashboard."""
        resource.client("cloudwatch").delete_dashboards(DashboardNames=[resource.physical_id])

    def find(self, resource: Resource) -> str | None:
        """The dashboard of that name."""
        name = resource.named("DashboardName", 255)
        found = resource.client("cloudwatch").list_dashboards(DashboardNamePrefix=name)
        names = {it["DashboardName"] for it in found.get("DashboardEntries", [])}
        return name if name in names else None


def _put_dashboard(resource: Resource, name: str) -> None:
    answer = resource.client("cloudwatch").put_dashboard(
        DashboardName=name,
        DashboardBody=resource.properties["DashboardBody"],
        Tags=tags.as_list(resource),
    )
    messages = answer.get("DashboardValidationMessages")
    if messages:
        raise ResourceError(f"The dashboard's body is not valid: {messages}")


def _found_alarm(resource: Resource) -> str | None:
    name = resource.named("AlarmName", 255)
    found = resource.client("cloudwatch").describe_alarms(
        AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    return name if found["MetricAlarms"] or found["CompositeAlarms"] else None


def _alarm_arn(resource: Resource) -> str:
    return resource.place.arn("cloudwatch", f"alarm:{resource.physical_id}")


def _dashboard_arn(resource: Resource) -> str:
    place = resource.place
    return f"arn:{place.partition}:cloudwatch::{place.account}:dashboard/{resource.physical_id}"


def _retag(resource: Resource, before: Resource, arn: str) -> None:
    gone = tags.dropped(resource, before)
    if gone:
        resource.client("cloudwatch").untag_resource(ResourceARN=arn, TagKeys=gone)
    if tags.as_list(resource):
        resource.client("cloudwatch").tag_resource(ResourceARN=arn, Tags=tags.as_list(resource))
