from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk.assertions import Annotations, Match, Template

from cdk.retention import ALLOW_DESTROY
from localaws.deploy.cloudformation.schema import identifier
from tests.cdk.apps import stacks

if TYPE_CHECKING:
    from pathlib import Path

    import aws_cdk as cdk

KEPT = ("AWS::DynamoDB::GlobalTable", "AWS::Glue::Database", "AWS::KMS::Key", "AWS::S3::Bucket")


def data_stack(folder: Path, settings: dict[str, Any], flag: object = None) -> cdk.Stack:
    context = {} if flag is None else {ALLOW_DESTROY: flag}
    return stacks(folder, {"dev": settings}, context)["skewless-dev-data"]


def policies(stack: cdk.Stack) -> set[str]:
    template = Template.from_stack(stack)
    return {
        resource["DeletionPolicy"]
        for kind in KEPT
        for resource in template.find_resources(kind).values()
    }


@pytest.mark.parametrize("flag", [None, False, "false", "yes"])
def test_the_prop_alone_destroys_nothing_and_is_told_so(tmp_path: Path, flag: object) -> None:
    stack = data_stack(tmp_path, {"is_disposable": True}, flag)

    assert policies(stack) == {"Retain"}
    assert stack.termination_protection is True
    Annotations.from_stack(stack).has_warning(
        "*", Match.string_like_regexp("destroying takes a second key, the context flag")
    )


def test_the_flag_alone_destroys_nothing(tmp_path: Path) -> None:
    stack = data_stack(tmp_path, {}, flag=True)

    assert policies(stack) == {"Retain"}
    assert stack.termination_protection is True


@pytest.mark.parametrize("flag", [True, "true"])
def test_both_keys_destroy(tmp_path: Path, flag: object) -> None:
    stack = data_stack(tmp_path, {"is_disposable": True}, flag)

    assert policies(stack) == {"Delete"}
    assert stack.termination_protection is False
    tables = Template.from_stack(stack).find_resources("AWS::DynamoDB::GlobalTable").values()
    assert [
        table["Properties"]["Replicas"][0]["DeletionProtectionEnabled"] for table in tables
    ] == [False, False]


def test_with_credentials_the_template_states_the_names_of_all_that_can_be_adopted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", "111122223333")
    monkeypatch.setenv("CDK_DEFAULT_REGION", "eu-west-1")
    made = stacks(tmp_path, {"dev": {"python": "3.13"}})["skewless-dev-data"]
    resources = Template.from_stack(made).to_json()["Resources"].values()
    kept = [each for each in resources if each.get("DeletionPolicy", "").startswith("Retain")]

    names = {
        each["Type"]: [each["Properties"][name] for name in identifier(each["Type"])]
        for each in kept
        if set(identifier(each["Type"])) & set(each["Properties"])
    }
    assert names["AWS::S3::Bucket"] == ["skewless-dev-111122223333-eu-west-1"]
    assert {"AWS::DynamoDB::GlobalTable", "AWS::Glue::Database"} <= set(names)
    assert all(isinstance(name, str) for found in names.values() for name in found)
