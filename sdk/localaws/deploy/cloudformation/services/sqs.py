"""SQS: queues and their policies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource

# What a queue is when its template does not say, in SQS's own words.
_DEFAULTS = {
    "DelaySeconds": "0",
    "KmsMasterKeyId": "",
    "MaximumMessageSize": "262144",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "RedrivePolicy": "",
    "VisibilityTimeout": "30",
}
_SETTINGS = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
    *_DEFAULTS,
)


class Queue(ResourceType):
    """A queue."""

    name = "AWS::SQS::Queue"
    properties = frozenset({"FifoQueue", "QueueName", "Tags", *_SETTINGS})

    def create(self, resource: Resource) -> str:
        """Make the queue."""
        made = resource.client("sqs").create_queue(
            QueueName=_name(resource),
            Attributes=_settings(resource, "FifoQueue"),
            tags=tags.as_mapping(resource),
        )
        url: str = made["QueueUrl"]
        return url

    def update(self, resource: Resource, before: Resource) -> None:
        """Set its settings; one the template no longer states is as by default."""
        sqs, url = resource.client("sqs"), resource.physical_id
        gone = {key: it for key, it in _DEFAULTS.items() if key in before.properties}
        settings = {**gone, **_settings(resource)}
        if settings:
            sqs.set_queue_attributes(QueueUrl=url, Attributes=settings)
        if tags.dropped(resource, before):
            sqs.untag_queue(QueueUrl=url, TagKeys=tags.dropped(resource, before))
        if tags.as_mapping(resource):
            sqs.tag_queue(QueueUrl=url, Tags=tags.as_mapping(resource))

    def delete(self, resource: Resource) -> None:
        """Delete the queue with its messages."""
        resource.client("sqs").delete_queue(QueueUrl=resource.physical_id)

    def find(self, resource: Resource) -> str | None:
        """The queue of that name."""
        url: str = resource.client("sqs").get_queue_url(QueueName=_name(resource))["QueueUrl"]
        return url

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN, name and address."""
        url = resource.physical_id
        found = resource.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["QueueArn"]
        )
        arn: str = found["Attributes"]["QueueArn"]
        return {"Arn": arn, "QueueName": arn.rsplit(":", 1)[1], "QueueUrl": url}


class QueuePolicy(ResourceType):
    """A policy, set at each of its queues."""

    name = "AWS::SQS::QueuePolicy"
    properties = frozenset({"PolicyDocument", "Queues"})

    def create(self, resource: Resource) -> str:
        """Name the policy, which has no name of its own."""
        return resource.named("Id")

    def configure(self, resource: Resource) -> None:
        """Set it at its queues."""
        policy = json.dumps(resource.properties["PolicyDocument"])
        _set_policy(resource, resource.properties["Queues"], policy)

    def update(self, resource: Resource, before: Resource) -> None:
        """Set it, and take it off the queues that it no longer names."""
        gone = set(before.properties["Queues"]) - set(resource.properties["Queues"])
        _set_policy(resource, sorted(gone), "")
        self.configure(resource)

    def delete(self, resource: Resource) -> None:
        """Take it off its queues."""
        _set_policy(resource, resource.properties["Queues"], "")


def _set_policy(resource: Resource, queues: list[str], policy: str) -> None:
    for url in queues:
        resource.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def _name(resource: Resource) -> str:
    suffix = ".fifo" if resource.properties.get("FifoQueue") else ""
    return resource.properties.get("QueueName") or resource.named("QueueName", 75) + suffix


def _settings(resource: Resource, *more: str) -> dict[str, str]:
    return {key: _text(it) for key, it in resource.given(*_SETTINGS, *more).items()}


def _text(value: Any) -> str:
    if isinstance(value, (dict, bool)):
        return json.dumps(value)
    return str(value)
