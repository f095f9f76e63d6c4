"""Schedules that belong to no view: the watch every five minutes, the check daily.

Both are cron expressions. A rate would count from its creation, so each store would run at other
hours.

Their schedules lie outside the store's own group: `skewless apply` keeps that one equal to the
registry.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_lambda as lambda_

    from skewless.store_names import StoreNames

_WATCH = "cron(0/5 * * * ? *)"
# At night in most regions, because a check scans the log.
_CHECK = "cron(0 3 * * ? *)"
# The watch counts events up to its scheduled time. It is called up to a minute later, or much later
# if the call was repeated, so it must not use its own clock.
_SCHEDULED = json.dumps({"scheduled": scheduler.ContextAttribute.scheduled_time})
# A late call does no harm, so calls are repeated for as long as a fault may last.
_RETRY_SECONDS, _RETRIES = 3_600, 60


class Clock(Construct):
    """The schedules of watch and check, and the role that they call with."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        names: StoreNames,
        functions: Mapping[str, lambda_.IFunction],
    ) -> None:
        super().__init__(scope, id)
        self._names = names
        called = [functions[name] for name in ("watch", "check")]
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": names.account}},
            ),
        )
        self._role.add_to_policy(
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"],
                resources=[function.function_arn for function in called],
            )
        )
        self._schedule("watch", functions["watch"], _WATCH)
        self._schedule("check", functions["check"], _CHECK)

    def _schedule(self, name: str, function: lambda_.IFunction, expression: str) -> None:
        """Call a function with the time for which the call was scheduled."""
        scheduler.CfnSchedule(
            self,
            name.capitalize(),
            name=self._names.function(name),
            description=f"Calls {name} of the skewless store {self._names.store}",
            schedule_expression=expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=self._role.role_arn,
                input=_SCHEDULED,
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=_RETRY_SECONDS, maximum_retry_attempts=_RETRIES
                ),
            ),
        )
