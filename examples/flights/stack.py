"""What the flights example needs of AWS beside a store: a function that serves, a role that trains.

    skewless lock arrival_model
    npx cdk deploy skewless-flights -c skewless:flights=skewless.lock

The lock file says which store, views and sources there are, so the grants name them one by one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from cdk.acknowledgements import FUNCTION, TRACING, acknowledge, acknowledge_role
from cdk.feature_store import FeatureStore
from cdk.packages import PROJECT, Bundler, Package, PipBundler
from cdk.permissions import TRAIN
from cdk.settings import synthesizing_python
from skewless.definitions.collection import Definitions
from skewless.registry.lock import read_lock

if TYPE_CHECKING:
    from cdk.access import StoreAccess

HERE = Path(__file__).parent


class FlightsStack(cdk.Stack):
    """The flights example's own stack, as a team would write one.

    Attributes:
        inference: answers with features; `grant_serve` is all that it may do with the store.
        training: for SageMaker, to run train.py with; `grant_train` is all it may do with the
            store. Give it the bucket of your labels and models, and the image, as well.
    """

    def __init__(
        self, scope: cdk.App, id: str, *, lock: Path, bundler: Bundler | None = None
    ) -> None:
        super().__init__(scope, id, description="Flights: an inference function, a training role")
        pinned = read_lock(lock)
        wanted = Definitions.collect(pinned.service)
        features = FeatureStore.from_name(self, "Features", pinned.resources.store)
        self.inference = self._inference(lock, bundler or PipBundler((HERE, PROJECT / "sdk")))
        features.grant_serve(
            self.inference, views=[f"{view.name}@{view.version}" for view in wanted.views]
        )
        self.training = self._training(features, [source.name for source in wanted.sources])
        cdk.CfnOutput(self, "InferenceFunction", value=self.inference.function_name)
        cdk.CfnOutput(self, "TrainingRole", value=self.training.role_arn)

    def _inference(self, lock: Path, bundler: Bundler) -> lambda_.Function:
        package = Package(
            name="flights",
            handler="inference",
            also=("skewless.store",),  # `skewless` imports it when first asked for
            files=(("skewless.lock", lock),),
        )
        python = synthesizing_python()
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            self, "InferenceRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        log_group.grant_write(role)
        function = lambda_.Function(
            self,
            "Inference",
            description="Answers with the features of flights",
            runtime=lambda_.Runtime(f"python{python}", lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.ARM_64,
            handler="inference.handler",
            code=bundler.code(package, python),
            memory_size=512,
            timeout=cdk.Duration.seconds(10),
            role=role,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
        )
        acknowledge(function, FUNCTION)
        acknowledge(role, TRACING)
        return function

    def _training(self, features: StoreAccess, sources: list[str]) -> iam.Role:
        role = iam.Role(
            self, "Training", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com")
        )
        features.grant_train(role, sources=sources)
        acknowledge_role(role, TRAIN, features.names, tuple(sources))
        return role
