"""The resource types that can be deployed here, each made by its service's own API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.deploy.cloudformation.services import (
    athena,
    cdk,
    cloudwatch,
    dynamodb,
    ecr,
    events,
    functions,
    glue,
    iam,
    invocation,
    kms,
    logs,
    s3,
    scheduler,
    sns,
    sqs,
    ssm,
    stepfunctions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import ResourceType

_ALL: tuple[ResourceType, ...] = (
    athena.WorkGroup(),
    cdk.Metadata(),
    cloudwatch.Alarm(),
    cloudwatch.CompositeAlarm(),
    cloudwatch.Dashboard(),
    dynamodb.GlobalTable(),
    ecr.Repository(),
    events.Rule(),
    functions.Function(),
    functions.LayerVersion(),
    functions.Version(),
    glue.Database(),
    glue.Table(),
    iam.InlinePolicy(),
    iam.ManagedPolicy(),
    iam.Role(),
    invocation.Alias(),
    invocation.EventInvokeConfig(),
    invocation.Permission(),
    kms.Alias(),
    kms.Key(),
    logs.LogGroup(),
    logs.MetricFilter(),
    s3.Bucket(),
    s3.BucketPolicy(),
    scheduler.Schedule(),
    scheduler.ScheduleGroup(),
    sns.Subscription(),
    sns.Topic(),
    sns.TopicPolicy(),
    sqs.Queue(),
    sqs.QueuePolicy(),
    ssm.Parameter(),
    stepfunctions.StateMachine(),
)

TYPES: Mapping[str, ResourceType] = {kind.name: kind for kind in _ALL}
