"""The construct, as teams use it in apps of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from cdk.access import StoreAccess
from cdk.feature_store import FeatureStore
from cdk.network import add_endpoints
from skewless.errors import InputError
from tests.cdk.apps import SampleBundler, actions, app, flat, granted, only, stack

if TYPE_CHECKING:
    from pathlib import Path

REGION = cdk.Environment(region="eu-central-1")
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"


def store(scope: cdk.Stack, folder: Path, name: str = "prod", **props: Any) -> FeatureStore:
    return FeatureStore(scope, name, store=name, bundler=SampleBundler(folder), **props)


def test_a_team_has_a_whole_store_in_one_stack_of_its_own(tmp_path: Path) -> None:
    team = stack(tmp_path)
    store(team, tmp_path)
    template = Template.from_stack(team)

    for kind, count in {
        "AWS::DynamoDB::GlobalTable": 2,
        "AWS::Lambda::Function": 6,
        "AWS::StepFunctions::StateMachine": 1,
        "AWS::SSM::Parameter": 2,
    }.items():
        template.resource_count_is(kind, count)


def test_two_stores_live_side_by_side_and_share_no_name(tmp_path: Path) -> None:
    team = stack(tmp_path)
    for name in ("prod", "test"):
        store(team, tmp_path, name)
    template = Template.from_stack(team).to_json()

    names = [
        (resource["Type"], str(flat(value)))
        for resource in template["Resources"].values()
        for key, value in resource.get("Properties", {}).items()
        if key.endswith("Name") and key not in ("MetricName", "PolicyName")
    ]
    assert len(set(names)) == len(names)
    assert {name.replace("test", "prod") for _, name in names if "test" in name} == {
        name for _, name in names if "prod" in name
    }


def test_the_jobs_can_live_in_a_stack_of_their_own(tmp_path: Path) -> None:
    made = app(tmp_path)
    data, jobs = cdk.Stack(made, "Data"), cdk.Stack(made, "Jobs")
    store(data, tmp_path, jobs_scope=jobs)

    assert Template.from_stack(jobs).find_resources("AWS::Lambda::Function")
    assert not Template.from_stack(data).find_resources("AWS::Lambda::Function")


def test_a_store_that_was_made_and_one_that_was_found_grant_the_same(tmp_path: Path) -> None:
    (tmp_path / "found").mkdir()
    made = store(stack(tmp_path), tmp_path)
    found = FeatureStore.from_name(stack(tmp_path / "found"), "Features", "prod")

    def of_grantee(access: StoreAccess) -> Any:
        role = iam.Role(access, "Role", assumed_by=iam.AccountRootPrincipal())
        access.grant_train(role)
        policies = Template.from_stack(cdk.Stack.of(access)).find_resources("AWS::IAM::Policy")
        (policy,) = [
            each
            for name, each in policies.items()
            if "RoleDefault" in name and "Jobs" not in name and "Data" not in name
        ]
        return flat(policy["Properties"]["PolicyDocument"])

    assert of_grantee(made) == of_grantee(found)


def test_a_name_that_cannot_be_a_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lower case letters, digits and single hyphens"):
        FeatureStore.from_name(stack(tmp_path), "Features", "My_Store")


def test_other_accounts_may_read_feature_values_and_nothing_else(tmp_path: Path) -> None:
    team = stack(tmp_path)
    store(team, tmp_path, reader_accounts=["210987654321"])
    template = Template.from_stack(team)

    table = only(template, "AWS::DynamoDB::GlobalTable", {"TableName": "skewless-prod-online"})[
        "Properties"
    ]
    (statement,) = table["Replicas"][0]["ResourcePolicy"]["PolicyDocument"]["Statement"]
    assert flat(statement) == {
        "Sid": "FeatureReaders",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:<Partition>:iam::210987654321:root"},
        "Action": "dynamodb:BatchGetItem",
        "Resource": "arn:<Partition>:dynamodb:<Region>:<AccountId>:table/skewless-prod-online",
    }
    registry = only(
        template, "AWS::DynamoDB::GlobalTable", {"TableName": "skewless-prod-registry"}
    )["Properties"]
    assert "ResourcePolicy" not in registry["Replicas"][0]


def test_a_customer_key_encrypts_tables_bucket_and_results(tmp_path: Path) -> None:
    team = stack(tmp_path, env=REGION)
    store(team, tmp_path, encryption_key=kms.Key.from_key_arn(team, "Key", KEY))
    template = Template.from_stack(team)

    for table in template.find_resources("AWS::DynamoDB::GlobalTable").values():
        replica = table["Properties"]["Replicas"][0]
        assert replica["SSESpecification"] == {"KMSMasterKeyId": KEY}
    bucket = only(template, "AWS::S3::Bucket")["Properties"]
    assert KEY in json.dumps(bucket["BucketEncryption"])
    workgroup = only(template, "AWS::Athena::WorkGroup")["Properties"]
    results = workgroup["WorkGroupConfiguration"]["ResultConfiguration"]
    assert results["EncryptionConfiguration"] == {
        "EncryptionOption": "SSE_KMS",
        "KmsKey": KEY,
    }


def test_a_customer_key_in_a_stack_without_a_region_is_refused_early(tmp_path: Path) -> None:
    team = stack(tmp_path)

    with pytest.raises(InputError, match="needs a stack whose env names a region"):
        store(team, tmp_path, encryption_key=kms.Key.from_key_arn(team, "Key", KEY))


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (StoreAccess.grant_serve, {"kms:Decrypt"}),
        (StoreAccess.grant_train, {"kms:Decrypt", "kms:GenerateDataKey"}),
        (StoreAccess.grant_ingest, {"kms:Decrypt", "kms:GenerateDataKey"}),
        (StoreAccess.grant_administer, {"kms:Decrypt", "kms:GenerateDataKey"}),
    ],
)
def test_a_grant_reaches_the_customer_key_as_far_as_it_reads_and_writes(
    tmp_path: Path, grant: Any, expected: set[str]
) -> None:
    team = stack(tmp_path, env=REGION)
    key = kms.Key.from_key_arn(team, "Key", KEY)
    features = FeatureStore.from_name(team, "Features", "prod", encryption_key=key)

    statements = [each for each in granted(grant, features) if each["Resource"] == KEY]
    assert actions(statements) == expected


def test_a_customer_key_of_the_team_lets_reader_accounts_decrypt(tmp_path: Path) -> None:
    team = stack(tmp_path, env=REGION)
    key = kms.Key(team, "Key")
    store(team, tmp_path, encryption_key=key, reader_accounts=["210987654321"])

    keys = Template.from_stack(team).find_resources("AWS::KMS::Key").values()
    statements = [
        flat(statement)
        for each in keys
        for statement in each["Properties"]["KeyPolicy"]["Statement"]
    ]
    assert {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
        "Action": "kms:Decrypt",
        "Resource": "*",
    } in statements


def test_functions_run_in_a_vpc_without_a_way_out(tmp_path: Path) -> None:
    team = stack(tmp_path)
    private = ec2.SubnetConfiguration(name="own", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    vpc = ec2.Vpc(team, "Vpc", nat_gateways=0, subnet_configuration=[private])
    add_endpoints(vpc)
    store(team, tmp_path, vpc=vpc)
    template = Template.from_stack(team)

    functions = template.find_resources("AWS::Lambda::Function")
    ours = [
        each["Properties"]
        for each in functions.values()
        if str(each["Properties"].get("FunctionName", "")).startswith("skewless-prod-")
    ]
    assert len(ours) == 6
    assert all(each["VpcConfig"]["SubnetIds"] for each in ours)
    endpoints = template.find_resources("AWS::EC2::VPCEndpoint").values()
    assert sorted(each["Properties"]["VpcEndpointType"] for each in endpoints) == [
        *["Gateway"] * 2,
        *["Interface"] * 4,
    ]


def test_old_versions_go_after_a_month_where_a_team_wants_versions(tmp_path: Path) -> None:
    team = stack(tmp_path)
    store(team, tmp_path, is_versioned=True)
    bucket = only(Template.from_stack(team), "AWS::S3::Bucket")["Properties"]

    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert {"NoncurrentDays": 30} in [rule.get("NoncurrentVersionExpiration") for rule in rules]


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_a_region_without_the_pandas_layer_is_refused(tmp_path: Path, region: str) -> None:
    team = stack(tmp_path, env=cdk.Environment(region=region))
    with pytest.raises(InputError, match=f"'{region}' has no layer of the AWS SDK for pandas"):
        store(team, tmp_path)
