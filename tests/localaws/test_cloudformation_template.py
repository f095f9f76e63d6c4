from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.stacks import Stack, bucket, parameter

if TYPE_CHECKING:
    from localaws import LocalAws


def stored(aws: LocalAws, name: str) -> str:
    value: str = aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    return value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}]]}, "a-us-east-1"),
        ({"Fn::Sub": "${AWS::Partition} ${!kept} ${Word}"}, "aws ${kept} spoken"),
        ({"Fn::Sub": ["${x}${Word}", {"x": {"Ref": "Word"}}]}, "spokenspoken"),
        ({"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::If": ["IsSpoken", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsSilent", "yes", "no"]}, "no"),
        ({"Fn::FindInMap": ["Map", "first", "second"]}, "mapped"),
        ({"Fn::ToJsonString": {"a": {"Ref": "Word"}}}, '{"a":"spoken"}'),
        ({"Fn::Base64": "a"}, "YQ=="),
    ],
)
def test_a_function_is_resolved(stack: Stack, value: Any, expected: str) -> None:
    sections = {
        "Parameters": {"Word": {"Type": "String", "Default": "spoken"}},
        "Mappings": {"Map": {"first": {"second": "mapped"}}},
        "Conditions": {
            "IsSpoken": {"Fn::Equals": [{"Ref": "Word"}, "spoken"]},
            "IsSilent": {"Fn::Not": [{"Condition": "IsSpoken"}]},
        },
    }
    name = f"/{stack.name}"
    assert stack.deploy({"P": parameter(name, value)}, sections=sections) == "CREATE_COMPLETE"
    assert stored(stack.aws, name) == expected


def test_a_resource_whose_condition_does_not_hold_is_not_made(stack: Stack) -> None:
    never = {"Conditions": {"Never": {"Fn::Equals": ["a", "b"]}}}
    resources = {
        "Here": parameter(f"/{stack.name}/here"),
        "Not": parameter(f"/{stack.name}/not", Condition="Never"),
    }
    stack.deploy(resources, sections=never)
    found = stack.aws.client("ssm").get_parameters_by_path(Path=f"/{stack.name}")["Parameters"]
    assert [it["Name"] for it in found] == [f"/{stack.name}/here"]


def test_no_value_takes_a_property_away(stack: Stack) -> None:
    made = parameter(f"/{stack.name}")
    made["Properties"]["Description"] = {"Ref": "AWS::NoValue"}
    assert stack.deploy({"P": made}) == "CREATE_COMPLETE"


def test_a_parameter_is_read_from_systems_manager(stack: Stack) -> None:
    stack.aws.client("ssm").put_parameter(Name=f"/{stack.name}/in", Type="String", Value="read")
    declared = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": f"/{stack.name}/in"}
    resources = {"P": parameter(f"/{stack.name}/out", {"Ref": "In"})}
    stack.deploy(resources, sections={"Parameters": {"In": declared}})
    assert stored(stack.aws, f"/{stack.name}/out") == "read"
    assert stack.described["Parameters"][0]["ResolvedValue"] == "read"


def test_a_dynamic_reference_is_resolved(stack: Stack) -> None:
    stack.aws.client("ssm").put_parameter(Name=f"/{stack.name}/in", Type="String", Value="read")
    value = {"Fn::Join": ["", ["it is {{resolve:ssm:/", stack.name, "/in}}"]]}
    stack.deploy({"P": parameter(f"/{stack.name}/out", value)})
    assert stored(stack.aws, f"/{stack.name}/out") == "it is read"


def test_a_parameter_that_is_not_stored_is_refused(stack: Stack) -> None:
    declared = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": f"/{stack.name}/no"}
    with pytest.raises(ClientError, match="Unable to fetch parameters"):
        stack.deploy({"P": parameter("p")}, sections={"Parameters": {"In": declared}})


def test_outputs_of_a_change_set_are_told(stack: Stack) -> None:
    outputs = {"Name": {"Value": {"Ref": "P"}}, "Kind": {"Value": {"Fn::GetAtt": "P.Type"}}}
    stack.deploy({"P": parameter(f"/{stack.name}")}, sections={"Outputs": outputs})
    assert stack.outputs == {"Name": f"/{stack.name}", "Kind": "String"}


def test_the_deployed_template_is_given_back(stack: Stack) -> None:
    resources = {"P": parameter(f"/{stack.name}")}
    stack.deploy(resources)
    body = stack.client.get_template(StackName=stack.name)["TemplateBody"]
    assert body == {"Resources": resources}


def test_a_template_without_changes_makes_no_change_set(stack: Stack) -> None:
    resources = {"P": parameter(f"/{stack.name}")}
    stack.deploy(resources)
    assert "didn't contain changes" in stack.deploy(resources)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_template_is_read_by_its_url(stack: Stack, host: str) -> None:
    s3 = stack.aws.client("s3")
    s3.create_bucket(Bucket=stack.name)
    body = json.dumps({"Resources": {"P": parameter(f"/{stack.name}")}})
    s3.put_object(Bucket=stack.name, Key="a/t.json", Body=body)
    endpoint = stack.aws.endpoint.replace("127.0.0.1", host)
    status = stack.deploy({}, TemplateURL=f"{endpoint}/{stack.name}/a/t.json")
    assert status == "CREATE_COMPLETE"


def test_a_template_of_yaml_keeps_dates_as_text(stack: Stack) -> None:
    body = f"""
    AWSTemplateFormatVersion: 2010-09-09
    Resources:
      B: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {stack.name}}}}}
      P:
        Type: AWS::SSM::Parameter
        Properties: {{Name: /{stack.name}, Type: String, Value: !Sub "${{B.Arn}} 2012-10-17"}}
    """
    stack.deploy({}, TemplateBody=body)
    assert stored(stack.aws, f"/{stack.name}") == f"arn:aws:s3:::{stack.name} 2012-10-17"


def test_another_stack_imports_what_one_exports(stack: Stack) -> None:
    exported = {"Out": {"Value": {"Ref": "B"}, "Export": {"Name": f"{stack.name}-bucket"}}}
    stack.deploy({"B": bucket(stack.name)}, sections={"Outputs": exported})
    other = Stack(stack.aws)
    other.deploy({"P": parameter(f"/{other.name}", {"Fn::ImportValue": f"{stack.name}-bucket"})})
    assert stored(stack.aws, f"/{other.name}") == stack.name


def test_a_stack_whose_export_is_in_use_is_not_deleted(stack: Stack) -> None:
    exported = {"Out": {"Value": {"Ref": "B"}, "Export": {"Name": f"{stack.name}-bucket"}}}
    stack.deploy({"B": bucket(stack.name)}, sections={"Outputs": exported})
    other = Stack(stack.aws)
    other.deploy({"P": parameter(f"/{other.name}", {"Fn::ImportValue": f"{stack.name}-bucket"})})
    assert stack.delete() == "DELETE_FAILED"
    assert other.delete() == "DELETE_COMPLETE"
    assert stack.delete() == "DELETE_COMPLETE"


def test_a_weak_reference_reads_another_stacks_output(stack: Stack) -> None:
    """The CDK writes it for references between stacks that are to be deletable by themselves."""
    stack.deploy({"B": bucket(stack.name)}, sections={"Outputs": {"Out": {"Value": "said"}}})
    other = Stack(stack.aws)
    weak = {"StackName": stack.name, "Region": {"Ref": "AWS::Region"}, "OutputName": "Out"}
    other.deploy({"P": parameter(f"/{other.name}", {"Fn::GetStackOutput": weak})})
    assert stored(stack.aws, f"/{other.name}") == "said"
    assert stack.delete() == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"A": {"Type": "AWS::No::Such"}}, "Unrecognized resource types"),
        ({"A": parameter("a", {"Ref": "B"})}, "Unresolved resource dependencies"),
        ({"A": parameter("a", DependsOn="B"), "B": parameter("b", DependsOn="A")}, "Circular"),
        ({}, "At least one Resources member"),
    ],
)
def test_a_wrong_template_is_refused(stack: Stack, resources: Any, words: str) -> None:
    with pytest.raises(ClientError, match=words):
        stack.deploy(resources)


def test_a_rule_of_the_template_is_checked(stack: Stack) -> None:
    refused = {"Assert": {"Fn::Not": [{"Fn::Contains": [["1"], {"Ref": "Version"}]}]}}
    sections = {
        "Parameters": {"Version": {"Type": "String", "Default": "1"}},
        "Rules": {"Check": {"Assertions": [{**refused, "AssertDescription": "too old"}]}},
    }
    with pytest.raises(ClientError, match="too old"):
        stack.deploy({"P": parameter("p")}, sections=sections)
