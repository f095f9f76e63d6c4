from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.stacks import Stack, bucket, parameter, table

if TYPE_CHECKING:
    from localaws import LocalAws

RETAIN = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def buckets(aws: LocalAws) -> set[str]:
    return {it["Name"] for it in aws.client("s3").list_buckets()["Buckets"]}


def test_what_is_retained_outlives_its_stack(stack: Stack) -> None:
    stack.deploy({"B": bucket(stack.name, RETAIN)})
    assert stack.delete() == "DELETE_COMPLETE"
    assert stack.name in buckets(stack.aws)


def test_what_is_retained_outlives_its_template(stack: Stack) -> None:
    stack.deploy({"B": bucket(stack.name, RETAIN), "P": parameter(f"/{stack.name}")})
    stack.deploy({"P": parameter(f"/{stack.name}")})
    assert stack.name in buckets(stack.aws)


def test_what_is_retained_outlives_its_replacement(stack: Stack) -> None:
    stack.deploy({"B": bucket(f"{stack.name}-a", RETAIN)})
    stack.deploy({"B": bucket(f"{stack.name}-b", RETAIN)})
    assert {f"{stack.name}-a", f"{stack.name}-b"} <= buckets(stack.aws)


@pytest.mark.parametrize(("policy", "stays"), [("Retain", True), ("RetainExceptOnCreate", False)])
def test_a_failed_creation_keeps_only_what_is_retained(
    stack: Stack, policy: str, *, stays: bool
) -> None:
    unprovided = {"Type": "AWS::MediaLive::Channel", "DependsOn": "B"}
    stack.deploy({"B": bucket(stack.name, {"DeletionPolicy": policy}), "Other": unprovided})
    assert stack.status == "ROLLBACK_COMPLETE"
    assert (stack.name in buckets(stack.aws)) is stays


def test_a_protected_table_fails_the_deletion(stack: Stack) -> None:
    stack.deploy({"T": table(stack.name, DeletionProtectionEnabled=True)})
    assert stack.delete() == "DELETE_FAILED"
    stack.aws.client("dynamodb").update_table(TableName=stack.name, DeletionProtectionEnabled=False)
    assert stack.delete() == "DELETE_COMPLETE"


def test_a_bucket_with_objects_fails_the_deletion(stack: Stack) -> None:
    stack.deploy({"B": bucket(stack.name), "P": parameter(f"/{stack.name}")})
    stack.aws.client("s3").put_object(Bucket=stack.name, Key="k", Body=b"v")
    assert stack.delete() == "DELETE_FAILED"
    assert "BucketNotEmpty" in stack.reason("B", "DELETE_FAILED")
    assert stack.name in buckets(stack.aws)


def test_a_protected_stack_is_not_deleted(stack: Stack) -> None:
    stack.deploy({"B": bucket(stack.name)})
    protect = stack.client.update_termination_protection
    protect(StackName=stack.name, EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        stack.delete()
    protect(StackName=stack.name, EnableTerminationProtection=False)
    assert stack.delete() == "DELETE_COMPLETE"


def redeployed(stack: Stack, resources: dict[str, Any], **asked: Any) -> tuple[Stack, str]:
    stack.deploy(resources)
    stack.delete()
    again = Stack(stack.aws)
    return again, again.deploy(resources, **asked)


def test_what_outlived_its_stack_is_adopted(stack: Stack) -> None:
    resources = {"B": bucket(stack.name, RETAIN), "T": {**table(stack.name), **RETAIN}}
    stack.deploy(resources)
    stack.aws.client("s3").put_object(Bucket=stack.name, Key="k", Body=b"kept")
    stack.delete()
    again = Stack(stack.aws)
    made = again.change_set(resources, ImportExistingResources=True)
    actions = {it["ResourceChange"]["Action"] for it in made["Changes"]}
    again.client.execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert actions == {"Import"}
    assert again.status == "CREATE_COMPLETE"
    assert again.physical_id("B") == stack.name
    found = stack.aws.client("s3").get_object(Bucket=stack.name, Key="k")
    assert found["Body"].read() == b"kept"


def test_without_being_asked_nothing_is_adopted(stack: Stack) -> None:
    _, status = redeployed(stack, {"B": bucket(stack.name, RETAIN)})
    assert status == "ROLLBACK_COMPLETE"


def test_what_would_not_be_retained_is_not_adopted(stack: Stack) -> None:
    stack.aws.client("s3").create_bucket(Bucket=stack.name)
    status = stack.deploy({"B": bucket(stack.name)}, ImportExistingResources=True)
    assert "must have the DeletionPolicy attribute set to 'Retain'" in status


def test_what_another_stack_has_is_not_adopted(stack: Stack) -> None:
    stack.deploy({"B": bucket(stack.name, RETAIN)})
    other = Stack(stack.aws)
    status = other.deploy({"B": bucket(stack.name, RETAIN)}, ImportExistingResources=True)
    assert f"already managed by stack {stack.name}" in status


def test_a_failed_adoption_lets_go_of_what_it_adopted(stack: Stack) -> None:
    stack.aws.client("s3").create_bucket(Bucket=stack.name)
    unprovided = {"Type": "AWS::MediaLive::Channel", "DependsOn": "B"}
    policy = {"DeletionPolicy": "RetainExceptOnCreate"}
    resources = {"B": bucket(stack.name, policy), "Other": unprovided}
    assert stack.deploy(resources, ImportExistingResources=True) == "ROLLBACK_COMPLETE"
    assert stack.name in buckets(stack.aws)


@pytest.mark.parametrize(
    "computed",
    [
        lambda name: {"Fn::Join": ["-", name.split("-")]},
        lambda name: {"Fn::Sub": name},
        lambda name: {"Fn::Sub": [name[:-1] + "${End}", {"End": name[-1]}]},
    ],
)
def test_what_has_a_computed_name_is_not_adopted(stack: Stack, computed: Any) -> None:
    named = bucket(stack.name, RETAIN)
    named["Properties"] = {"BucketName": computed(stack.name)}
    again, status = redeployed(stack, {"B": named}, ImportExistingResources=True)
    assert status == "ROLLBACK_COMPLETE"
    assert "already exists" in again.reason("B", "CREATE_FAILED")
    assert stack.name in buckets(stack.aws)
