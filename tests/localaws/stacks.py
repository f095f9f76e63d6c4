"""Stacks by change sets, as tools deploy them, and short ways to say what a template holds."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws import LocalAws

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
    ],
}


class Stack:
    """A stack of one test; `name` is also a prefix for what it makes."""

    def __init__(self, aws: LocalAws) -> None:
        self.aws = aws
        self.name = f"t{uuid.uuid4().hex[:12]}"
        self.client = aws.client("cloudformation")

    def deploy(self, resources: Mapping[str, Any], **asked: Any) -> str:
        """Create or update the stack; its status, or its change set's if that failed."""
        made = self.change_set(resources, **asked)
        if made["Status"] == "FAILED":
            self.client.delete_change_set(ChangeSetName=made["ChangeSetId"])
            return f"FAILED: {made['StatusReason']}"
        self.client.execute_change_set(ChangeSetName=made["ChangeSetId"])
        return self.status

    def change_set(
        self,
        resources: Mapping[str, Any],
        *,
        sections: Mapping[str, Any] | None = None,
        **asked: Any,
    ) -> dict[str, Any]:
        """Make a change set of the resources and other sections."""
        template = {"Resources": resources, **(sections or {})}
        kind = "UPDATE" if self.exists else "CREATE"
        made = self.client.create_change_set(
            **{
                "StackName": self.name,
                "ChangeSetName": f"c{uuid.uuid4().hex}",
                "ChangeSetType": kind,
                **({} if "TemplateURL" in asked else {"TemplateBody": json.dumps(template)}),
                **asked,
            }
        )
        described: dict[str, Any] = self.client.describe_change_set(ChangeSetName=made["Id"])
        return described

    def delete(self) -> str:
        """Delete the stack; its status then."""
        self.client.delete_stack(StackName=self.name)
        return self.status if self.exists else "DELETE_COMPLETE"

    @property
    def exists(self) -> bool:
        listed = self.client.list_stacks()["StackSummaries"]
        return any(
            it["StackName"] == self.name
            and it["StackStatus"] not in {"DELETE_COMPLETE", "REVIEW_IN_PROGRESS"}
            for it in listed
        )

    @property
    def status(self) -> str:
        status: str = self.described["StackStatus"]
        return status

    @property
    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.describe_stacks(StackName=self.name)["Stacks"][0]
        return found

    @property
    def outputs(self) -> dict[str, str]:
        return {it["OutputKey"]: it["OutputValue"] for it in self.described["Outputs"]}

    def physical_id(self, logical_id: str) -> str:
        found = self.client.describe_stack_resource(
            StackName=self.name, LogicalResourceId=logical_id
        )
        physical: str = found["StackResourceDetail"]["PhysicalResourceId"]
        return physical

    def reason(self, logical_id: str, status: str) -> str:
        """The reason of a resource's event."""
        for event in self.client.describe_stack_events(StackName=self.name)["StackEvents"]:
            if (event["LogicalResourceId"], event["ResourceStatus"]) == (logical_id, status):
                return str(event.get("ResourceStatusReason", ""))
        raise AssertionError(f"{logical_id} never was {status}")


def parameter(name: str, value: Any = "v", **attributes: Any) -> dict[str, Any]:
    properties = {"Name": name, "Type": "String", "Value": value}
    return {"Type": "AWS::SSM::Parameter", "Properties": properties, **attributes}


def bucket(name: str, attributes: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::S3::Bucket",
        "Properties": {"BucketName": name, **more},
        **(attributes or {}),
    }


def table(name: str, *, ttl: str | None = None, **replica: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "Replicas": [{"Region": {"Ref": "AWS::Region"}, **replica}],
    }
    if ttl:
        properties["TimeToLiveSpecification"] = {"AttributeName": ttl, "Enabled": "true"}
    return {"Type": "AWS::DynamoDB::GlobalTable", "Properties": properties}


def role(*actions: str) -> dict[str, Any]:
    """A role with an inline policy for each action."""
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": TRUST,
            "Policies": [
                {"PolicyName": it.replace(":", "-"), "PolicyDocument": allow(it)} for it in actions
            ],
        },
    }


def allow(action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def function(name: str, code: str = "def run(event, context): return 1", **more: Any) -> Any:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": name,
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Runtime": "python3.12",
            "Handler": "index.run",
            "Code": {"ZipFile": code},
            **more,
        },
    }


def attribute(logical_id: str, name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, name]}
