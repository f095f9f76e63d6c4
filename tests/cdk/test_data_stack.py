from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from skewless.aws import Resources
from tests.cdk.apps import flat, only, stacks, statements_of

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk.assertions import Template

TABLE = "AWS::DynamoDB::GlobalTable"
BUCKET = "skewless-dev-<AccountId>-<Region>"


def table(data: Template, name: str) -> dict[str, Any]:
    return only(data, TABLE, {"TableName": f"skewless-dev-{name}"})


@pytest.mark.parametrize("name", ["online", "registry"])
def test_a_table_has_the_keys_that_the_sdk_writes(data: Template, name: str) -> None:
    properties = table(data, name)["Properties"]

    assert properties["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert properties["AttributeDefinitions"] == [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
    ]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("name", ["online", "registry"])
def test_a_table_survives_its_stack_and_a_mistake(data: Template, name: str) -> None:
    resource = table(data, name)
    (replica,) = resource["Properties"]["Replicas"]

    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert replica["DeletionProtectionEnabled"] is True
    assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_online_items_expire_and_definitions_do_not(data: Template) -> None:
    online = table(data, "online")["Properties"]

    assert online["TimeToLiveSpecification"] == {"AttributeName": "e", "Enabled": True}
    assert "TimeToLiveSpecification" not in table(data, "registry")["Properties"]


def test_the_bucket_survives_is_private_and_encrypted(data: Template) -> None:
    bucket = only(data, "AWS::S3::Bucket")
    properties = bucket["Properties"]

    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert flat(properties["BucketName"]) == BUCKET
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert "BucketEncryption" in properties


def test_the_bucket_keeps_no_versions_that_erasing_would_not_reach(data: Template) -> None:
    assert "VersioningConfiguration" not in only(data, "AWS::S3::Bucket")["Properties"]


def test_the_bucket_refuses_requests_without_tls(data: Template) -> None:
    (policy,) = data.find_resources("AWS::S3::BucketPolicy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]

    denied = [each for each in statements if each["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [each["Condition"] for each in denied]
    assert {each["Action"] for each in denied} == {"s3:*"}


def test_what_queries_and_cuts_leave_behind_goes_and_nothing_else_does(data: Template) -> None:
    rules = only(data, "AWS::S3::Bucket")["Properties"]["LifecycleConfiguration"]["Rules"]

    assert {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule} == {
        "athena/": 7,
        "cuts/": 7,
        "queries/": 7,
        "refused/": 30,
        "spines/": 7,
    }
    assert [rule["AbortIncompleteMultipartUpload"] for rule in rules if "Prefix" not in rule] == [
        {"DaysAfterInitiation": 1}
    ]


def test_the_database_survives_under_a_name_that_cloudformation_can_adopt(data: Template) -> None:
    database = only(data, "AWS::Glue::Database")

    assert database["DeletionPolicy"] == "Retain"
    assert database["Properties"]["DatabaseName"] == "skewless_dev"
    assert database["Properties"]["DatabaseInput"]["Name"] == "skewless_dev"


def test_the_workgroup_limits_scans_and_lets_unload_name_its_place(data: Template) -> None:
    workgroup = only(data, "AWS::Athena::WorkGroup")["Properties"]
    configuration = workgroup["WorkGroupConfiguration"]

    assert workgroup["Name"] == "skewless-dev"
    assert configuration["EnforceWorkGroupConfiguration"] is False
    assert configuration["BytesScannedCutoffPerQuery"] == 1_000 * 1024**3
    assert configuration["PublishCloudWatchMetricsEnabled"] is True
    location = configuration["ResultConfiguration"]["OutputLocation"]
    assert flat(location) == f"s3://{BUCKET}/athena/"


def test_reports_of_erasure_are_signed_by_a_key_that_survives(data: Template) -> None:
    key = only(data, "AWS::KMS::Key")
    alias = only(data, "AWS::KMS::Alias")["Properties"]

    assert key["DeletionPolicy"] == "Retain"
    assert key["Properties"]["KeySpec"] == "ECC_NIST_P256"
    assert key["Properties"]["KeyUsage"] == "SIGN_VERIFY"
    assert alias["AliasName"] == "alias/skewless-dev-reports"


def test_the_sdk_finds_all_names_in_the_parameter(data: Template) -> None:
    parameter = only(data, "AWS::SSM::Parameter")["Properties"]
    document = json.loads(flat(parameter["Value"]))

    assert parameter["Name"] == "/skewless/dev"
    assert Resources.parse("dev", document) == Resources(
        store="dev",
        bucket=BUCKET,
        database="skewless_dev",
        workgroup="skewless-dev",
        online_table="skewless-dev-online",
        registry_table="skewless-dev-registry",
        engine="athena",
        optimizer_role=document["optimizer_role"],
        report_key=document["report_key"],
    )
    assert document["optimizer_role"].endswith(".Arn>")
    assert document["report_key"].endswith(".Arn>")


def test_only_glue_compacts_as_it_documents_and_only_below_the_log(
    data: Template,
) -> None:
    role = only(data, "AWS::IAM::Role", {"RoleName": "skewless-dev-optimizer"})
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    statements = statements_of(data, "DataOfflineOptimizer")

    assert trust["Principal"] == {"Service": "glue.amazonaws.com"}
    assert not any("Condition" in each for each in (trust, *statements))
    assert {
        resource
        for statement in statements
        for resource in [statement["Resource"]]
        if isinstance(resource, str) and ":s3:::" in resource
    } == {f"arn:<Partition>:s3:::{BUCKET}", f"arn:<Partition>:s3:::{BUCKET}/log/*"}


def test_resources_and_stack_carry_the_cost_allocation_tags(data: Template, tmp_path: Path) -> None:
    made = stacks(tmp_path, {"dev": {"environment": "test"}})["skewless-dev-data"]

    assert made.tags.tag_values() == {"skewless:store": "dev", "skewless:environment": "test"}
    tags = only(data, "AWS::S3::Bucket")["Properties"]["Tags"]
    assert {"Key": "skewless:store", "Value": "dev"} in tags


def test_the_data_stack_is_protected_and_the_jobs_stack_is_not(tmp_path: Path) -> None:
    made = stacks(tmp_path, {"dev": {}})

    assert made["skewless-dev-data"].termination_protection is True
    assert not made["skewless-dev-jobs"].termination_protection
