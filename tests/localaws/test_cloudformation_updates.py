from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.localaws.stacks import allow, attribute, bucket, function, parameter, role, table

if TYPE_CHECKING:
    from tests.localaws.stacks import Stack


def machine(name: str, state: str) -> dict[str, Any]:
    definition = '{"StartAt":"${s}","States":{"${s}":{"Type":"Pass","End":true}}}'
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": name,
            "RoleArn": attribute("Role", "Arn"),
            "DefinitionString": definition,
            "DefinitionSubstitutions": {"s": state},
            "TracingConfiguration": {"Enabled": True},
        },
    }


def workgroup(name: str, **configuration: Any) -> dict[str, Any]:
    properties = {"Name": name, "WorkGroupConfiguration": configuration}
    return {"Type": "AWS::Athena::WorkGroup", "Properties": properties}


def alarm(name: str, threshold: int) -> dict[str, Any]:
    metric = {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 60, "Stat": "Sum"}
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": name,
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "Metrics": [{"Id": "m", "MetricStat": metric, "ReturnData": True}],
        },
    }


def test_a_tables_settings_change_in_place(stack: Stack) -> None:
    dynamodb = stack.aws.client("dynamodb")
    stack.deploy({"T": table(stack.name, ttl="e", Tags=[{"Key": "a", "Value": "1"}])})
    dynamodb.put_item(TableName=stack.name, Item={"pk": {"S": "kept"}})
    recovery = {"PointInTimeRecoveryEnabled": True}
    tags = [{"Key": "b", "Value": "2"}]
    changed = table(stack.name, PointInTimeRecoverySpecification=recovery, Tags=tags)
    assert stack.deploy({"T": changed}) == "UPDATE_COMPLETE"
    found = dynamodb.describe_table(TableName=stack.name)["Table"]
    ttl = dynamodb.describe_time_to_live(TableName=stack.name)["TimeToLiveDescription"]
    backups = dynamodb.describe_continuous_backups(TableName=stack.name)
    assert found["ItemCount"] == 1
    assert dynamodb.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"] == tags
    assert ttl["TimeToLiveStatus"] == "DISABLED"
    described = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert described["PointInTimeRecoveryStatus"] == "ENABLED"


def test_a_functions_code_and_environment_change_in_place(stack: Stack) -> None:
    functions = stack.aws.client("lambda")
    stack.deploy({"Role": role(), "F": function(stack.name, Architectures=["arm64"])})
    before = functions.get_function_configuration(FunctionName=stack.name)
    environment = {"Variables": {"A": "2"}}
    changed = function(stack.name, "def run(event, context): return 2", Environment=environment)
    changed["Properties"] |= {"Architectures": ["arm64"], "TracingConfig": {"Mode": "Active"}}
    assert stack.deploy({"Role": role(), "F": changed}) == "UPDATE_COMPLETE"
    after = functions.get_function_configuration(FunctionName=stack.name)
    assert after["CodeSha256"] != before["CodeSha256"]
    assert after["Environment"] == environment
    assert after["TracingConfig"] == {"Mode": "Active"}
    assert after["Architectures"] == ["arm64"]


def test_a_roles_policies_change_in_place(stack: Stack) -> None:
    stack.deploy({"R": role("s3:GetObject", "s3:PutObject")})
    name = stack.physical_id("R")
    stack.deploy({"R": role("s3:GetObject", "sqs:SendMessage")})
    iam = stack.aws.client("iam")
    assert stack.physical_id("R") == name
    policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
    assert sorted(policies) == ["s3-GetObject", "sqs-SendMessage"]


def test_an_inline_policy_changes_in_place(stack: Stack) -> None:
    def policy(action: str) -> dict[str, Any]:
        properties = {
            "PolicyName": "p",
            "Roles": [{"Ref": "R"}],
            "PolicyDocument": allow(action),
        }
        return {"Type": "AWS::IAM::Policy", "Properties": properties}

    stack.deploy({"R": role(), "P": policy("s3:GetObject")})
    stack.deploy({"R": role(), "P": policy("s3:PutObject")})
    found = stack.aws.client("iam").get_role_policy(RoleName=stack.physical_id("R"), PolicyName="p")
    assert found["PolicyDocument"] == allow("s3:PutObject")


def test_a_workgroups_configuration_changes_in_place(stack: Stack) -> None:
    stack.deploy({"W": workgroup(stack.name, BytesScannedCutoffPerQuery="20000000")})
    output = {"OutputLocation": "s3://somewhere/"}
    stack.deploy({"W": workgroup(stack.name, ResultConfiguration=output)})
    athena = stack.aws.client("athena")
    found = athena.get_work_group(WorkGroup=stack.name)["WorkGroup"]["Configuration"]
    assert found["ResultConfiguration"] == output
    assert "BytesScannedCutoffPerQuery" not in found


def test_a_state_machines_definition_changes_in_place(stack: Stack) -> None:
    stack.deploy({"Role": role(), "M": machine(stack.name, "First")})
    stack.deploy({"Role": role(), "M": machine(stack.name, "Second")})
    found = stack.aws.client("stepfunctions").describe_state_machine(
        stateMachineArn=stack.physical_id("M")
    )
    assert json.loads(found["definition"])["StartAt"] == "Second"
    assert found["tracingConfiguration"] == {"enabled": True}


def test_an_alarm_changes_in_place(stack: Stack) -> None:
    stack.deploy({"A": alarm(stack.name, 1)})
    stack.deploy({"A": alarm(stack.name, 2)})
    (found,) = stack.aws.client("cloudwatch").describe_alarms(AlarmNames=[stack.name])[
        "MetricAlarms"
    ]
    assert found["Threshold"] == 2
    assert found["Metrics"][0]["MetricStat"]["Stat"] == "Sum"


def test_what_depends_on_a_changed_name_changes_too(stack: Stack) -> None:
    stack.deploy({"B": bucket(f"{stack.name}-a"), "P": parameter(f"/{stack.name}", {"Ref": "B"})})
    stack.deploy({"B": bucket(f"{stack.name}-b"), "P": parameter(f"/{stack.name}", {"Ref": "B"})})
    found = stack.aws.client("ssm").get_parameter(Name=f"/{stack.name}")
    assert found["Parameter"]["Value"] == f"{stack.name}-b"


def test_a_change_that_no_update_can_make_replaces(stack: Stack) -> None:
    stack.deploy({"P": parameter(f"/{stack.name}/old")})
    made = stack.change_set({"P": parameter(f"/{stack.name}/new")})
    assert made["Changes"][0]["ResourceChange"]["Replacement"] == "True"
    stack.client.execute_change_set(ChangeSetName=made["ChangeSetId"])
    found = stack.aws.client("ssm").get_parameters_by_path(Path=f"/{stack.name}")["Parameters"]
    assert [it["Name"] for it in found] == [f"/{stack.name}/new"]


def test_a_resource_with_a_name_is_not_replaced_by_itself(stack: Stack) -> None:
    stack.deploy({"T": table(stack.name)})
    changed = table(stack.name)
    changed["Properties"]["KeySchema"][0]["AttributeName"] = "id"
    changed["Properties"]["AttributeDefinitions"][0]["AttributeName"] = "id"
    assert stack.deploy({"T": changed}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "custom-named resource requires replacing" in stack.reason("T", "UPDATE_FAILED")


def test_what_the_template_no_longer_has_is_deleted(stack: Stack) -> None:
    stack.deploy({"B": bucket(stack.name), "P": parameter(f"/{stack.name}")})
    stack.deploy({"P": parameter(f"/{stack.name}")})
    names = {it["Name"] for it in stack.aws.client("s3").list_buckets()["Buckets"]}
    assert stack.name not in names


def test_a_stacks_tags_reach_its_resources(stack: Stack) -> None:
    stack.deploy({"P": parameter(f"/{stack.name}")}, Tags=[{"Key": "team", "Value": "one"}])
    found = stack.aws.client("ssm").list_tags_for_resource(
        ResourceType="Parameter", ResourceId=f"/{stack.name}"
    )
    assert found["TagList"] == [{"Key": "team", "Value": "one"}]
