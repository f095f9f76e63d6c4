"""SNS: topics, their policies and subscriptions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource

_TOPIC = (
    "ContentBasedDeduplication",
    "DisplayName",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
)
_SUBSCRIPTION = (
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "SubscriptionRoleArn",
)


class Topic(ResourceType):
    """A topic."""

    name = "AWS::SNS::Topic"
    properties = frozenset({"FifoTopic", "Tags", "TopicName", *_TOPIC})

    def create(self, resource: Resource) -> str:
        """Make the topic."""
        made = resource.client("sns").create_topic(
            Name=_name(resource),
            Attributes={key: _text(it) for key, it in resource.given("FifoTopic", *_TOPIC).items()},
            Tags=tags.as_list(resource),
        )
        arn: str = made["TopicArn"]
        return arn

    def update(self, resource: Resource, before: Resource) -> None:
        """Set what differs."""
        sns, arn = resource.client("sns"), resource.physical_id
        for key in _TOPIC:
            after, was = resource.properties.get(key), before.properties.get(key)
            if after != was:
                value = "" if after is None else _text(after)
                sns.set_topic_attributes(TopicArn=arn, AttributeName=key, AttributeValue=value)
        if tags.dropped(resource, before):
            sns.untag_resource(ResourceArn=arn, TagKeys=tags.dropped(resource, before))
        if tags.as_list(resource):
            sns.tag_resource(ResourceArn=arn, Tags=tags.as_list(resource))

    def delete(self, resource: Resource) -> None:
        """Delete the topic with its subscriptions."""
        resource.client("sns").delete_topic(TopicArn=resource.physical_id)

    def find(self, resource: Resource) -> str | None:
        """The topic of that name."""
        arn = resource.place.arn("sns", _name(resource))
        resource.client("sns").get_topic_attributes(TopicArn=arn)
        return arn

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN and name."""
        arn = resource.physical_id
        return {"TopicArn": arn, "TopicName": arn.rsplit(":", 1)[1]}


class TopicPolicy(ResourceType):
    """A policy, set at each of its topics."""

    name = "AWS::SNS::TopicPolicy"
    properties = frozenset({"PolicyDocument", "Topics"})

    def create(self, resource: Resource) -> str:
        """Name the policy, which has no name of its own."""
        return resource.named("Id")

    def configure(self, resource: Resource) -> None:
        """Set it at its topics."""
        for arn in resource.properties["Topics"]:
            resource.client("sns").set_topic_attributes(
                TopicArn=arn,
                AttributeName="Policy",
                AttributeValue=json.dumps(resource.properties["PolicyDocument"]),
            )

    def delete(self, resource: Resource) -> None:
        """Give its topics the policy that AWS gives to new ones: the owner's account may use it."""
        place = resource.place
        for arn in resource.properties["Topics"]:
            owner = {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{place.partition}:iam::{place.account}:root"},
                "Action": "sns:*",
                "Resource": arn,
            }
            resource.client("sns").set_topic_attributes(
                TopicArn=arn,
                AttributeName="Policy",
                AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [owner]}),
            )


class Subscription(ResourceType):
    """A subscription to a topic."""

    name = "AWS::SNS::Subscription"
    properties = frozenset({"Endpoint", "Protocol", "Region", "TopicArn", *_SUBSCRIPTION})

    def create(self, resource: Resource) -> str:
        """Subscribe."""
        made = resource.client("sns").subscribe(
            **resource.given("Endpoint", "Protocol", "TopicArn"),
            Attributes={key: _text(it) for key, it in resource.given(*_SUBSCRIPTION).items()},
            ReturnSubscriptionArn=True,
        )
        arn: str = made["SubscriptionArn"]
        return arn

    def update(self, resource: Resource, before: Resource) -> None:
        """Set what differs."""
        for key in _SUBSCRIPTION:
            after, was = resource.properties.get(key), before.properties.get(key)
            if after != was:
                resource.client("sns").set_subscription_attributes(
                    SubscriptionArn=resource.physical_id,
                    AttributeName=key,
                    AttributeValue="{}" if after is None else _text(after),
                )

    def delete(self, resource: Resource) -> None:
        """Unsubscribe."""
        resource.client("sns").unsubscribe(SubscriptionArn=resource.physical_id)

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN."""
        return {"Arn": resource.physical_id}


def _name(resource: Resource) -> str:
    suffix = ".fifo" if resource.properties.get("FifoTopic") else ""
    return resource.properties.get("TopicName") or resource.named("TopicName") + suffix


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (dict, bool)) else str(value)
