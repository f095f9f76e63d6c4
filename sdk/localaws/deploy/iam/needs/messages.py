"""SQS, SNS, CloudWatch, CloudWatch Logs and X-Ray."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.deploy.iam.permission import Permission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.deploy.iam.request import ApiRequest


def of_sqs(request: ApiRequest) -> Iterator[Permission]:
    """What an SQS request needs; a batch needs what its entries need."""
    asked = request.parameters
    queue = asked.get("QueueName") or str(asked.get("QueueUrl", "")).rpartition("/")[2]
    action = f"sqs:{request.operation.removesuffix('Batch')}"
    yield Permission(action, request.arn(queue) if queue else "*")


def of_sns(request: ApiRequest) -> Iterator[Permission]:
    """What an SNS request needs."""
    asked, operation = request.parameters, request.operation
    named = [asked[name] for name in ("TopicArn", "TargetArn", "ResourceArn") if name in asked]
    if operation == "CreateTopic":
        named = [request.arn(asked.get("Name", ""))]
    if "SubscriptionArn" in asked:
        named = [str(asked["SubscriptionArn"]).rpartition(":")[0]]
    yield Permission(f"sns:{operation.removesuffix('Batch')}", named[0] if named else "*")


def of_cloudwatch(request: ApiRequest) -> Iterator[Permission]:
    """What a CloudWatch request needs; metrics have no resources, only a namespace."""
    asked, action = request.parameters, f"cloudwatch:{request.operation}"
    if request.operation == "PutMetricData":
        namespace = (str(asked.get("Namespace", "")),)
        yield Permission(action, "*", lambda: {"cloudwatch:namespace": namespace})
    elif "AlarmNames" in asked or "AlarmName" in asked:
        for name in asked.get("AlarmNames") or [asked.get("AlarmName")]:
            yield Permission(action, request.arn(f"alarm:{name}"))
    elif "DashboardName" in asked:
        name = f"arn:aws:cloudwatch::{request.account}:dashboard/{asked['DashboardName']}"
        yield Permission(action, name)
    else:
        yield Permission(action, "*")


def of_logs(request: ApiRequest) -> Iterator[Permission]:
    """What a CloudWatch Logs request needs; a group is asked for with the mark of its streams."""
    asked, action = request.parameters, f"logs:{request.operation}"
    named = asked.get("logGroupName") or asked.get("logGroupIdentifier") or ""
    if not named:
        groups = asked.get("logGroupNamePrefix", "") if "Groups" in request.operation else ""
        yield Permission(action, request.arn(f"log-group:{groups}:log-stream:") if groups else "*")
        return
    group = named.partition(":log-group:")[2] or named
    stream = asked.get("logStreamName", "")
    yield Permission(action, request.arn(f"log-group:{group}:log-stream:{stream}"))


def of_xray(request: ApiRequest) -> Iterator[Permission]:
    """What an X-Ray request needs: it has no resources."""
    yield Permission(f"xray:{request.operation}", "*")
