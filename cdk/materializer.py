"""The resources that run cuts: state machine, queue of failed cuts, and the right to start one.

The schedules themselves, one a view, are made by `skewless apply` in the group that is here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from cdk import permissions
from cdk.access import allow
from cdk.acknowledgements import FAILED_QUEUE, STATE_MACHINE, TRACING, acknowledge
from cdk.machine import Machine
from cdk.parts import STEPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_

    from skewless.store_names import StoreNames


class Materializer(Construct):
    """The state machine of a store's cuts, and what surrounds it.

    Attributes:
        state_machine: runs the cuts of one view that are due.
        failed_queue: holds the cuts that gave up, for `skewless materialize --redrive`.
        schedule_group: of the views' schedules.
        scheduler_role: with which those start the state machine.
    """

    def __init__(  # noqa: PLR0913 - each a property of the store
        self,
        scope: Construct,
        id: str,
        *,
        names: StoreNames,
        functions: Mapping[str, lambda_.IFunction],
        concurrency: int = 8,
        settle: cdk.Duration | None = None,
        pause: cdk.Duration | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        encryption_key: kms.IKey | None = None,
    ) -> None:
        """Make them.

        Args:
            scope: where.
            id: the construct's.
            names: the store's.
            functions: by name; the state machine calls plan, write, days and commit.
            concurrency: how many result objects are written at once.
            settle: between the last write and the commit; 5 seconds by default.
            pause: between a failure and the next attempt; 30 seconds by default.
            log_retention: how long logs are kept.
            encryption_key: the customer-managed key of the store's data.
        """
        super().__init__(scope, id)
        self.failed_queue = sqs.Queue(
            self,
            "Failed",
            queue_name=names.failed_queue,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        acknowledge(self.failed_queue, FAILED_QUEUE)
        machine = Machine(
            partition=names.partition,
            functions={name: functions[name].function_arn for name in STEPS},
            bucket=names.bucket,
            database=names.database,
            workgroup=names.resources.workgroup,
            queue_url=self.failed_queue.queue_url,
            concurrency=concurrency,
            settle_seconds=_seconds(settle, 5),
            pause_seconds=_seconds(pause, 30),
        )
        self.state_machine = self._machine(names, machine, log_retention, encryption_key)
        self.schedule_group = scheduler.ScheduleGroup(
            self,
            "Schedules",
            schedule_group_name=names.schedule_group,
            # Its schedules are made again by `skewless apply`.
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.scheduler_role = self._scheduler(names)

    def _machine(
        self,
        names: StoreNames,
        machine: Machine,
        log_retention: logs.RetentionDays,
        encryption_key: kms.IKey | None,
    ) -> sfn.StateMachine:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        allow(role, permissions.MACHINE, names, encryption_key)
        acknowledge(role, TRACING)
        log_group = logs.LogGroup(
            self,
            "Logs",
            # The prefix spares CloudWatch Logs' resource policy, which has a size limit.
            log_group_name=f"/aws/vendedlogs/states/{names.state_machine}",
            retention=log_retention,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        state_machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=names.state_machine,
            state_machine_type=sfn.StateMachineType.STANDARD,
            # Not the stack's own JSON: it would drop nulls, and a null tells a state to drop its
            # result.
            definition_body=sfn.DefinitionBody.from_string(json.dumps(machine.document())),
            role=role,
            tracing_enabled=True,
            # Executions' data stays out of logs.
            logs=sfn.LogOptions(
                destination=log_group, level=sfn.LogLevel.ERROR, include_execution_data=False
            ),
        )
        acknowledge(state_machine, STATE_MACHINE)
        return state_machine

    def _scheduler(self, names: StoreNames) -> iam.Role:
        group = names.arn("scheduler", f"schedule-group/{names.schedule_group}")
        role = iam.Role(
            self,
            "Scheduler",
            role_name=names.scheduler,
            description=f"Starts the cuts of store {names.store}",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={
                    "StringEquals": {
                        "aws:SourceAccount": names.account,
                        "aws:SourceArn": group,
                    }
                },
            ),
        )
        allow(role, permissions.SCHEDULER, names)
        return role


def _seconds(duration: cdk.Duration | None, default: int) -> int:
    return default if duration is None else int(duration.to_seconds())
