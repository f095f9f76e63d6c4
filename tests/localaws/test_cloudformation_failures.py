from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.stacks import allow, bucket, function, parameter, role, table

if TYPE_CHECKING:
    from tests.localaws.stacks import Stack


def parameters(stack: Stack) -> list[str]:
    found = stack.aws.client("ssm").get_parameters_by_path(Path=f"/{stack.name}")["Parameters"]
    return sorted(it["Name"].removeprefix(f"/{stack.name}/") for it in found)


UNPROVIDED = {"Type": "AWS::MediaLive::Channel", "Properties": {}, "DependsOn": "First"}


def test_a_type_that_is_not_provided_fails_the_stack(stack: Stack) -> None:
    resources = {"First": parameter(f"/{stack.name}/first"), "Other": UNPROVIDED}
    assert stack.deploy(resources) == "ROLLBACK_COMPLETE"
    assert "AWS::MediaLive::Channel" in stack.reason("Other", "CREATE_FAILED")


def test_nothing_half_made_stays(stack: Stack) -> None:
    stack.deploy({"First": parameter(f"/{stack.name}/first"), "Other": UNPROVIDED})
    assert parameters(stack) == []


def test_a_resource_that_fails_in_the_middle_is_deleted(stack: Stack) -> None:
    """Its role is made, and then cannot attach a policy that does not exist."""
    made = role()
    made["Properties"] |= {
        "RoleName": stack.name,
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/NoSuchPolicy"],
    }
    assert stack.deploy({"R": made}) == "ROLLBACK_COMPLETE"
    iam = stack.aws.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=stack.name)


def test_a_service_that_refuses_is_quoted(stack: Stack) -> None:
    resources = {"Role": role(), "F": function(stack.name, Layers=["arn:aws:lambda:::layer:no:1"])}
    assert stack.deploy(resources) == "ROLLBACK_COMPLETE"
    assert "Resource handler returned message" in stack.reason("F", "CREATE_FAILED")


@pytest.mark.parametrize("kind", ["bucket", "table", "parameter"])
def test_a_name_that_is_taken_fails_the_stack(stack: Stack, kind: str) -> None:
    aws = stack.aws
    name = stack.name
    if kind == "bucket":
        aws.client("s3").create_bucket(Bucket=name)
        resource = bucket(name)
    elif kind == "table":
        aws.client("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )
        resource = table(name)
    else:
        aws.client("ssm").put_parameter(Name=name, Type="String", Value="v")
        resource = parameter(name)
    assert stack.deploy({"R": resource}) == "ROLLBACK_COMPLETE"
    assert "already exists" in stack.reason("R", "CREATE_FAILED")


def test_a_failed_update_restores_what_was(stack: Stack) -> None:
    before = {
        "Kept": parameter(f"/{stack.name}/kept", "old"),
        "Gone": parameter(f"/{stack.name}/gone"),
    }
    stack.deploy(before)
    after: dict[str, Any] = {
        "Kept": parameter(f"/{stack.name}/kept", "new"),
        "First": parameter(f"/{stack.name}/first", DependsOn="Kept"),
        "Other": UNPROVIDED,
    }
    assert stack.deploy(after) == "UPDATE_ROLLBACK_COMPLETE"
    assert parameters(stack) == ["gone", "kept"]
    found = stack.aws.client("ssm").get_parameter(Name=f"/{stack.name}/kept")
    assert found["Parameter"]["Value"] == "old"
    assert stack.client.get_template(StackName=stack.name)["TemplateBody"]["Resources"] == before


def test_a_property_that_does_not_exist_fails(stack: Stack) -> None:
    assert stack.deploy({"B": bucket(stack.name, Colour="red")}) == "ROLLBACK_COMPLETE"
    assert "extraneous key [Colour]" in stack.reason("B", "CREATE_FAILED")


def test_a_property_that_would_take_no_effect_fails(stack: Stack) -> None:
    website = bucket(stack.name, WebsiteConfiguration={"IndexDocument": "index.html"})
    assert stack.deploy({"B": website}) == "ROLLBACK_COMPLETE"
    assert "does not provide WebsiteConfiguration" in stack.reason("B", "CREATE_FAILED")


def test_an_attribute_that_a_resource_has_not_fails(stack: Stack) -> None:
    policy = {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": "p",
            "Roles": [{"Fn::GetAtt": ["Role", "Nickname"]}],
            "PolicyDocument": allow("s3:*"),
        },
    }
    assert stack.deploy({"Role": role(), "P": policy}) == "ROLLBACK_COMPLETE"
    assert "does not support attribute type Nickname" in stack.reason("P", "CREATE_FAILED")


def test_a_stack_that_rolled_back_is_only_deleted(stack: Stack) -> None:
    stack.deploy({"First": parameter(f"/{stack.name}/first"), "Other": UNPROVIDED})
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        stack.deploy({"First": parameter(f"/{stack.name}/first")})
    assert stack.delete() == "DELETE_COMPLETE"


def test_a_stack_without_rollback_keeps_what_it_made(stack: Stack) -> None:
    made = stack.change_set({"First": parameter(f"/{stack.name}/first"), "Other": UNPROVIDED})
    stack.client.execute_change_set(ChangeSetName=made["ChangeSetId"], DisableRollback=True)
    assert stack.status == "CREATE_FAILED"
    assert parameters(stack) == ["first"]
