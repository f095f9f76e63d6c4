"""The feature store, as one construct for any CDK app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from cdk.access import StoreAccess
from cdk.names import names_of
from cdk.store_data import StoreData
from cdk.store_jobs import StoreJobs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from cdk.packages import Bundler

STORE_TAG, ENVIRONMENT_TAG = "skewless:store", "skewless:environment"


class FeatureStore(StoreAccess):
    """A store with all its resources.

    Example:
        features = FeatureStore(stack, "Features", store="prod")
        features.grant_serve(inference_function, views=["clicks"])
        features.grant_train(training_role)

    Data and jobs may live in stacks of their own, so that the jobs can be thrown away:

        features = FeatureStore(data_stack, "Features", store="prod", jobs_scope=jobs_stack)

    A stack that only uses a store finds it by name: `FeatureStore.from_name`.

    Attributes:
        data: the resources that survive.
        jobs: the resources that may be thrown away.
    """

    def __init__(  # noqa: PLR0913 - each a property of the store
        self,
        scope: Construct,
        id: str,
        *,
        store: str,
        environment: str | None = None,
        jobs_scope: Construct | None = None,
        encryption_key: kms.IKey | None = None,
        reader_accounts: Sequence[str] = (),
        scan_limit_gb: int = 1_000,
        is_versioned: bool = False,
        is_disposable: bool = False,
        bundler: Bundler | None = None,
        python: str | None = None,
        writes_per_second: int = 1_000,
        concurrency: int = 8,
        alarm_topic: sns.ITopic | None = None,
        vpc: ec2.IVpc | None = None,
    ) -> None:
        """Make it.

        Args:
            scope: where.
            id: the construct's.
            store: the store's name, which `FeatureStore.connect` takes and all names begin with.
            environment: what it is for, as a cost allocation tag; the store's name by default.
            jobs_scope: where the jobs go, for example another stack; here by default.
            encryption_key: a customer-managed key for tables, bucket and results; DynamoDB, S3 and
                Athena use AWS's own keys without. The stack's env must name a region then.
            reader_accounts: other accounts whose functions may read feature values.
            scan_limit_gb: the most that one query may read of the log.
            is_versioned: keep deleted objects for 30 days; see `OfflineStore` for what that costs.
            is_disposable: one of the two keys that let data be destroyed; see `cdk.retention`.
            bundler: builds the functions' packages; `PipBundler` by default.
            python: the functions' Python; by default the one that synthesizes.
            writes_per_second: what a cut may write to the online table.
            concurrency: how many result objects of a cut are written at once.
            alarm_topic: hears of alarms.
            vpc: where the functions run; see `cdk.network` for what they must reach.
        """
        super().__init__(scope, id, store=store, encryption_key=encryption_key)
        self.data = StoreData(
            self,
            "Data",
            names=self.names,
            encryption_key=encryption_key,
            reader_accounts=reader_accounts,
            scan_limit_gb=scan_limit_gb,
            is_versioned=is_versioned,
            is_disposable=is_disposable,
        )
        scope_of_jobs = self if jobs_scope is None else jobs_scope
        self.jobs = StoreJobs(
            scope_of_jobs,
            "Jobs",
            names=names_of(scope_of_jobs, store),
            bundler=bundler,
            python=python,
            writes_per_second=writes_per_second,
            concurrency=concurrency,
            alarm_topic=alarm_topic,
            vpc=vpc,
            encryption_key=encryption_key,
        )
        tag(self, store, environment)
        tag(self.jobs, store, environment)

    @staticmethod
    def from_name(
        scope: Construct,
        id: str,
        store: str,
        *,
        encryption_key: kms.IKey | None = None,
        account: str | None = None,
    ) -> StoreAccess:
        """Find a store of this region by its name, to grant its use.

        Args:
            scope: where.
            id: the construct's.
            store: the store's name.
            encryption_key: its customer-managed key, if it has one.
            account: where it is, if not in this account: its `reader_accounts` must name this
                one, and functions here may serve from a lock file.
        """
        return StoreAccess(scope, id, store=store, encryption_key=encryption_key, account=account)


def tag(scope: Construct, store: str, environment: str | None) -> None:
    """Give all resources the cost allocation tags."""
    cdk.Tags.of(scope).add(STORE_TAG, store)
    cdk.Tags.of(scope).add(ENVIRONMENT_TAG, environment or store)


def stack_tags(store: str, environment: str) -> dict[str, str]:
    """Return the same tags for a stack itself, which its resources' tags do not reach."""
    return {STORE_TAG: store, ENVIRONMENT_TAG: environment}
