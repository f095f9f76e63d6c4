"""One store on the local AWS: the bucket, tables and names that the stacks make on AWS."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from moto.core.models import DEFAULT_ACCOUNT_ID

from skewless.aws import Resources
from skewless.offline.lake.catalog import TEMPORARY_FOLDERS
from skewless.store_names import EXPIRY, PARTITION_KEY, SORT_KEY, StoreNames

if TYPE_CHECKING:
    from localaws.server import LocalAws

_TEMPORARY_DAYS = 1
_SCAN_LIMIT_BYTES = 1 << 40


def provision(aws: LocalAws, store: str) -> Resources:
    """Make a store's resources, or find them where they were made before."""
    names = StoreNames(store=store, account=DEFAULT_ACCOUNT_ID, region=aws.region, partition="aws")
    ssm = aws.client("ssm")
    found = ssm.get_parameters(Names=[names.parameter])["Parameters"]
    if found:
        return Resources.parse(store, json.loads(found[0]["Value"]))
    resources = _resources(names)
    _make_bucket(aws, resources.bucket)
    aws.client("glue").create_database(DatabaseInput={"Name": resources.database})
    aws.client("athena").create_work_group(
        Name=resources.workgroup,
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{resources.bucket}/athena/"},
            "EnforceWorkGroupConfiguration": False,
            "BytesScannedCutoffPerQuery": _SCAN_LIMIT_BYTES,
        },
    )
    for table in (resources.online_table, resources.registry_table):
        _make_table(aws, table)
    aws.client("dynamodb").update_time_to_live(
        TableName=resources.online_table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRY},
    )
    _make_report_key(aws, resources.report_key)
    ssm.put_parameter(Name=names.parameter, Type="String", Value=json.dumps(resources.document()))
    return resources


def _resources(names: StoreNames) -> Resources:
    return replace(
        names.resources,
        bucket=names.prefix.replace("_", "-"),  # alone here, so without account and region
        engine="duckdb",
        optimizer_role=names.role_arn(names.optimizer),
        report_key=names.report_alias,
    )


def _make_bucket(aws: LocalAws, name: str) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    s3.put_bucket_lifecycle_configuration(
        Bucket=name,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": folder,
                    "Status": "Enabled",
                    "Filter": {"Prefix": folder},
                    "Expiration": {"Days": _TEMPORARY_DAYS},
                }
                for folder in TEMPORARY_FOLDERS
            ]
        },
    )


def _make_table(aws: LocalAws, name: str) -> None:
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
        KeySchema=[
            {"AttributeName": PARTITION_KEY, "KeyType": "HASH"},
            {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": PARTITION_KEY, "AttributeType": "S"},
            {"AttributeName": SORT_KEY, "AttributeType": "S"},
        ],
    )
    dynamodb.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )


def _make_report_key(aws: LocalAws, alias: str) -> None:
    kms = aws.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
