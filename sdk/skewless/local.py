"""What the stacks provision on AWS, made on the local AWS: one store's bucket, tables and names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from moto.core.models import DEFAULT_ACCOUNT_ID

from skewless.aws import PARAMETER_PREFIX, Resources
from skewless.offline.lake.catalog import TEMPORARY_FOLDERS

if TYPE_CHECKING:
    from localaws.server import LocalAws

_TEMPORARY_DAYS = 1
_SCAN_LIMIT_BYTES = 1 << 40


def provision(aws: LocalAws, store: str) -> Resources:
    """Make a store's resources, or find them where they were made before."""
    parameter = PARAMETER_PREFIX + store
    ssm = aws.client("ssm")
    found = ssm.get_parameters(Names=[parameter])["Parameters"]
    if found:
        return Resources.parse(store, json.loads(found[0]["Value"]))
    resources = Resources(
        store=store,
        bucket=f"skewless-{store.replace('_', '-')}",
        database=f"skewless_{store.replace('-', '_')}",
        workgroup=f"skewless-{store}",
        online_table=f"skewless-{store}-online",
        registry_table=f"skewless-{store}-registry",
        engine="duckdb",
        optimizer_role=f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/skewless-{store}-optimizer",
        report_key=f"alias/skewless-{store}-reports",
    )
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
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "e"},
    )
    _make_report_key(aws, resources.report_key)
    ssm.put_parameter(Name=parameter, Type="String", Value=json.dumps(resources.document()))
    return resources


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
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    dynamodb.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )


def _make_report_key(aws: LocalAws, alias: str) -> None:
    kms = aws.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
