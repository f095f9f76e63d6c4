"""The stack of resources that may be thrown away and made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

from cdk.feature_store import stack_tags, tag
from cdk.names import names_of
from cdk.store_jobs import StoreJobs
from skewless.store_names import jobs_stack

if TYPE_CHECKING:
    from constructs import Construct

    from cdk.packages import Bundler
    from cdk.settings import StoreSettings


class JobsStack(cdk.Stack):
    """`skewless-<store>-jobs`.

    Attributes:
        jobs: all that it holds.
    """

    def __init__(
        self, scope: Construct, settings: StoreSettings, *, bundler: Bundler | None = None
    ) -> None:
        super().__init__(
            scope,
            jobs_stack(settings.store),
            description=f"Jobs of the skewless feature store {settings.store}",
            env=cdk.Environment(account=settings.account, region=settings.region),
            tags=stack_tags(settings.store, settings.environment),
        )
        key, topic = settings.encryption_key, settings.alarm_topic
        self.jobs = StoreJobs(
            self,
            "Jobs",
            names=names_of(self, settings.store),
            bundler=bundler,
            python=settings.python,
            writes_per_second=settings.writes_per_second,
            alarm_topic=None if topic is None else sns.Topic.from_topic_arn(self, "Topic", topic),
            encryption_key=None if key is None else kms.Key.from_key_arn(self, "Key", key),
        )
        tag(self, settings.store, settings.environment)
