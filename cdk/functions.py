"""The store's functions: memory, time, packages, names and permissions of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk import permissions
from cdk.access import allow
from cdk.acknowledgements import FUNCTION, TRACING, VPC, acknowledge
from cdk.packages import Bundler, Package, PipBundler
from cdk.settings import synthesizing_python
from skewless.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_kms as kms

    from skewless.store_names import StoreNames

METRICS_NAMESPACE = "skewless"
# Regions of other partitions lack the public parameter, so a deployment would fail.
_WITHOUT_LAYER = ("cn-", "us-gov-", "us-iso", "eu-isoe-", "eusc-")
# AWS publishes its layer's ARN here, so that no account id stands in this file.
PANDAS_LAYER = "/aws/service/aws-sdk-pandas/3.17.1/py{python}/arm64/layer-arn"
_POWERTOOLS = ("aws_lambda_powertools", "jmespath", "typing_extensions")
_IN_PANDAS_LAYER = frozenset({"awswrangler", "numpy", "pandas", "pyarrow"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFunction:
    """One function of a store, whose handler is `lambdas.<name>.handler.handle`."""

    name: str
    does: str
    memory_mib: int
    timeout: cdk.Duration
    role: permissions.Role
    requirements: tuple[str, ...] = _POWERTOOLS
    also: tuple[str, ...] = ()
    has_pandas: bool = False

    @property
    def package(self) -> Package:
        """The package of the function."""
        return Package(
            name=self.name,
            handler=f"lambdas.{self.name}.handler",
            requirements=self.requirements,
            also=self.also,
            provided=_IN_PANDAS_LAYER if self.has_pandas else frozenset(),
        )


FUNCTIONS = (
    StoreFunction(
        name="plan",
        does="Says what is due, and begins the cut",
        memory_mib=512,
        timeout=cdk.Duration.seconds(60),
        role=permissions.PLAN,
        requirements=(*_POWERTOOLS, "sqlglot"),
    ),
    StoreFunction(
        name="write",
        does="Writes the states of one result object",
        memory_mib=1024,
        timeout=cdk.Duration.seconds(300),
        role=permissions.WRITE,
    ),
    StoreFunction(
        name="days",
        does="Writes the day items of one result object",
        memory_mib=1024,
        timeout=cdk.Duration.seconds(300),
        role=permissions.DAYS,
    ),
    StoreFunction(
        name="commit",
        does="Moves a view's watermark",
        memory_mib=256,
        timeout=cdk.Duration.seconds(30),
        role=permissions.COMMIT,
    ),
    StoreFunction(
        name="watch",
        does="Says how overdue each view is",
        memory_mib=256,
        timeout=cdk.Duration.seconds(60),
        role=permissions.WATCH,
    ),
    StoreFunction(
        name="check",
        does="Compares a sample of served values with history",
        memory_mib=2048,
        timeout=cdk.Duration.seconds(900),
        role=permissions.CHECK,
        requirements=(*_POWERTOOLS, "narwhals", "sqlglot"),
        has_pandas=True,
    ),
)


class StoreFunctions(Construct):
    """All functions of a store, each with a role and a log group of its own.

    In a VPC they lie in private subnets, and need what `cdk.network` lists.

    Attributes:
        by_name: the functions.
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
        landing_seconds: int = 60,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        vpc: ec2.IVpc | None = None,
        encryption_key: kms.IKey | None = None,
    ) -> None:
        """Make them.

        Args:
            scope: where.
            id: the construct's.
            names: the store's.
            bundler: builds the packages; `PipBundler` by default.
            python: the runtime's version; by default that of the interpreter which synthesizes, if
                Lambda has it: what is tested is then what runs, and the bytecode fits.
            writes_per_second: what a cut may write to the online table, shared out among the
                functions that write at once, so that a backfill leaves serving its capacity.
            concurrency: how many functions write at once.
            landing_seconds: how long after its instant a cut waits for the log to be complete, and
                the check for what it found to have landed on both sides.
            log_retention: how long logs are kept.
            vpc: where the functions run, if not outside of any.
            encryption_key: the customer-managed key of the store's data.
        """
        super().__init__(scope, id)
        self._names = names
        self._bundler: Bundler = bundler or PipBundler()
        self._python = python or synthesizing_python()
        self._log_retention = log_retention
        self._vpc = vpc
        self._key = encryption_key
        each = str(max(1, writes_per_second // concurrency))
        own: Mapping[str, dict[str, str]] = {
            "plan": {"LANDING_SECONDS": str(landing_seconds)},
            "check": {"LANDING_SECONDS": str(landing_seconds)},
            "write": {"WRITES_PER_SECOND": each},
            "days": {"WRITES_PER_SECOND": each},
        }
        self.by_name = {
            function.name: self._function(function, own.get(function.name, {}))
            for function in FUNCTIONS
        }

    def _function(self, function: StoreFunction, own: dict[str, str]) -> lambda_.Function:
        name = self._names.function(function.name)
        place = Construct(self, function.name.capitalize())
        log_group = logs.LogGroup(
            place,
            "Logs",
            log_group_name=f"/aws/lambda/{name}",
            retention=self._log_retention,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        made = lambda_.Function(
            place,
            "Function",
            function_name=name,
            description=f"{function.does}, in the skewless store {self._names.store}",
            runtime=lambda_.Runtime(f"python{self._python}", lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.ARM_64,
            handler=f"{function.package.handler}.handle",
            code=self._bundler.code(function.package, self._python),
            memory_size=function.memory_mib,
            timeout=function.timeout,
            role=self._role(place, function, log_group),
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
            environment={**self._environment(), **own},
            layers=[self._pandas_layer(place)] if function.has_pandas else None,
            vpc=self._vpc,
        )
        acknowledge(made, FUNCTION)
        return made

    def _role(
        self, place: Construct, function: StoreFunction, log_group: logs.LogGroup
    ) -> iam.Role:
        role = iam.Role(place, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        allow(role, function.role, self._names, self._key)
        log_group.grant_write(role)
        acknowledge(role, TRACING)
        if self._vpc is not None:
            role.add_managed_policy(
                iam.ManagedPolicy.from_aws_managed_policy_name(
                    "service-role/AWSLambdaVPCAccessExecutionRole"
                )
            )
            acknowledge(role, VPC)
        return role

    def _environment(self) -> dict[str, str]:
        document = self._names.resources.document()
        return {
            "SKEWLESS_STORE": self._names.store,
            "SKEWLESS_RESOURCES": json.dumps(document),
            "POWERTOOLS_SERVICE_NAME": self._names.prefix,
            "LOG_LEVEL": "INFO",
        }

    def _pandas_layer(self, place: Construct) -> lambda_.ILayerVersion:
        region = self._names.region
        if not cdk.Token.is_unresolved(region) and region.startswith(_WITHOUT_LAYER):
            raise InputError(
                f"{self.node.path}: region {region!r} has no layer of the AWS SDK for pandas, "
                "which the function `check` needs; AWS publishes it in its commercial regions alone"
            )
        arn = ssm.StringParameter.value_for_string_parameter(
            self, PANDAS_LAYER.format(python=self._python)
        )
        return lambda_.LayerVersion.from_layer_version_arn(place, "Pandas", arn)
