"""The log's bucket, its Glue database, its workgroup, and the role that compacts it.

The logs' tables are not here: `skewless apply` makes them, so that a feature needs no deployment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk import permissions
from cdk.access import allow
from cdk.acknowledgements import BUCKET, acknowledge
from cdk.retention import removal_policy
from skewless.offline.lake.catalog import LOG_FOLDER, TEMPORARY_FOLDERS

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from skewless.store_names import StoreNames

# Results of queries. A session removes its own; this is for cuts and dead sessions.
_PASSING_DAYS = 7
# Rows that a cut could not write wait for somebody to look at them.
_REFUSED_DAYS = 30
_GIGABYTE = 1024**3


class OfflineStore(Construct):
    """The resources that hold and query history.

    The bucket keeps no versions unless `is_versioned`. A version is a copy that an erasure does not
    reach, and its report says that nothing is left. Mistakes are covered otherwise: few roles may
    delete below the log, and Iceberg's snapshots keep what a commit removed for as long as they
    exist. With versions,
    old ones go after 30 days, and only then is an erasure complete.

    Attributes:
        bucket: log, results, refused rows.
        database: the logs' database.
        workgroup: where queries run.
        optimizer_role: with which Glue compacts the logs.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        names: StoreNames,
        encryption_key: kms.IKey | None = None,
        scan_limit_gb: int = 1_000,
        is_versioned: bool = False,
        may_be_destroyed: bool = False,
    ) -> None:
        super().__init__(scope, id)
        policy = removal_policy(may_be_destroyed=may_be_destroyed)
        self.bucket = self._bucket(names, encryption_key, policy, is_versioned=is_versioned)
        self.database = self._database(names, policy)
        self.workgroup = self._workgroup(names, encryption_key, scan_limit_gb)
        self.optimizer_role = iam.Role(
            self,
            "Optimizer",
            role_name=names.optimizer,
            description=f"Glue compacts the logs of store {names.store}",
            # As Glue documents it, without conditions: it does not say that its optimizers tell
            # `aws:SourceAccount`. Only who may pass this role can let Glue assume it.
            assumed_by=iam.ServicePrincipal("glue.amazonaws.com"),
        )
        allow(self.optimizer_role, permissions.OPTIMIZER, names, encryption_key)
        acknowledge(self.bucket, BUCKET)

    def _bucket(
        self,
        names: StoreNames,
        encryption_key: kms.IKey | None,
        policy: cdk.RemovalPolicy,
        *,
        is_versioned: bool,
    ) -> s3.Bucket:
        return s3.Bucket(
            self,
            "Bucket",
            bucket_name=names.bucket,
            versioned=is_versioned,
            encryption=s3.BucketEncryption.S3_MANAGED
            if encryption_key is None
            else s3.BucketEncryption.KMS,
            encryption_key=encryption_key,
            bucket_key_enabled=None if encryption_key is None else True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=_lifecycle(is_versioned=is_versioned),
            removal_policy=policy,
        )

    def _database(self, names: StoreNames, policy: cdk.RemovalPolicy) -> glue.CfnDatabase:
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=names.account,
            database_name=names.database,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=names.database,
                description=f"Event logs of the skewless store {names.store}",
                location_uri=f"s3://{names.bucket}/{LOG_FOLDER}/",
            ),
        )
        database.apply_removal_policy(policy)
        return database

    def _workgroup(
        self, names: StoreNames, encryption_key: kms.IKey | None, scan_limit_gb: int
    ) -> athena.CfnWorkGroup:
        encryption = athena.CfnWorkGroup.EncryptionConfigurationProperty(
            encryption_option="SSE_S3" if encryption_key is None else "SSE_KMS",
            kms_key=None if encryption_key is None else encryption_key.key_arn,
        )
        workgroup = athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=names.resources.workgroup,
            description=f"Queries of the skewless store {names.store}",
            # its query history goes with it; results stay in the bucket
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                # UNLOAD and the AWS SDK for pandas say where each result goes: enforced, Athena
                # would refuse them.
                enforce_work_group_configuration=False,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=scan_limit_gb * _GIGABYTE,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{names.bucket}/athena/",
                    encryption_configuration=encryption,
                ),
            ),
        )
        workgroup.node.add_dependency(self.bucket)
        return workgroup


def _lifecycle(*, is_versioned: bool) -> list[s3.LifecycleRule]:
    rules = [
        s3.LifecycleRule(
            id="unfinished-uploads", abort_incomplete_multipart_upload_after=cdk.Duration.days(1)
        ),
        *(
            s3.LifecycleRule(
                id=f"passing-{prefix.rstrip('/')}",
                prefix=prefix,
                expiration=cdk.Duration.days(
                    _REFUSED_DAYS if prefix == "refused/" else _PASSING_DAYS
                ),
            )
            for prefix in TEMPORARY_FOLDERS
        ),
    ]
    if is_versioned:
        rules.append(
            s3.LifecycleRule(id="old-versions", noncurrent_version_expiration=cdk.Duration.days(30))
        )
    return rules
