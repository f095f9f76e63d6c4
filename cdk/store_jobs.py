"""The half of a store that may be thrown away and made again: functions, state machine, alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk.alarms import StoreAlarms
from cdk.clock import Clock
from cdk.dashboard import StoreDashboard
from cdk.functions import StoreFunctions
from cdk.materializer import Materializer

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns

    from cdk.packages import Bundler
    from skewless.store_names import StoreNames


class StoreJobs(Construct):
    """The stateless half of a store. It knows the data by name, and refers to no other stack.

    Attributes:
        functions: plan, write, days, commit, watch, check.
        materializer: runs cuts.
        alarms: tell somebody.
        dashboard: shows it all.
    """

    def __init__(  # noqa: PLR0913 - each a property of the store
        self,
        scope: Construct,
        id: str,
        *,
        names: StoreNames,
        bundler: Bundler | None = None,
        python: str | None = None,
        writes_per_second: int = 1_000,
        concurrency: int = 8,
        alarm_topic: sns.ITopic | None = None,
        vpc: ec2.IVpc | None = None,
        encryption_key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, id)
        self.functions = StoreFunctions(
            self,
            "Functions",
            names=names,
            bundler=bundler,
            python=python,
            writes_per_second=writes_per_second,
            concurrency=concurrency,
            vpc=vpc,
            encryption_key=encryption_key,
        )
        self.materializer = Materializer(
            self,
            "Materializer",
            names=names,
            functions=self.functions.by_name,
            concurrency=concurrency,
            encryption_key=encryption_key,
        )
        Clock(self, "Clock", names=names, functions=self.functions.by_name)
        self.alarms = StoreAlarms(self, "Alarms", names=names, topic=alarm_topic)
        self.dashboard = StoreDashboard(self, "Dashboard", names=names)
        self._tell(names)

    def _tell(self, names: StoreNames) -> None:
        """Write the parameter that `skewless apply` and `materialize` read."""
        document = {
            "state_machine": self.materializer.state_machine.state_machine_arn,
            "schedule_group": names.schedule_group,
            "scheduler_role": self.materializer.scheduler_role.role_arn,
            "failed_queue": self.materializer.failed_queue.queue_url,
        }
        parameter = ssm.StringParameter(
            self,
            "Parameter",
            parameter_name=names.jobs_parameter,
            description=f"What runs the cuts of the skewless store {names.store}",
            string_value=cdk.Stack.of(self).to_json_string(document),
        )
        parameter.node.add_dependency(self.materializer.schedule_group)
