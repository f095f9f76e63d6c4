"""Who may do what, over the wire: every service refuses in its own words, and every call counts."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws.core.session import LocalSession
from tests.localaws.permissions import allow, code_of, deny

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws import LocalAws
    from tests.localaws.sandbox import Sandbox

ACCOUNT = "123456789012"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/"


def test_the_error_is_aws_s_own(aws: LocalAws, counters: Any) -> None:
    session = aws.as_policy(allow("dynamodb:PutItem"))
    with pytest.raises(ClientError) as refused:
        session.client("dynamodb").get_item(TableName=counters.name, Key={"pk": {"S": "a"}})
    error = refused.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    role = session.principal
    assert error["Message"] == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{role}/local is not authorized to perform: "
        f"dynamodb:GetItem on resource: {TABLE}{counters.name} because no identity-based policy "
        "allows the dynamodb:GetItem action"
    )


def test_an_explicit_deny_says_so(aws: LocalAws) -> None:
    session = aws.as_policy(allow("ssm:*"), deny("ssm:GetParameter"))
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        session.client("ssm").get_parameter(Name="/a")


CALLS: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("athena", "start_query_execution", {"QueryString": "select 1"}, "workgroup/primary", ""),
    ("cloudwatch", "put_metric_data", {"Namespace": "n", "MetricData": []}, "*", "AccessDenied"),
    ("glue", "get_table", {"DatabaseName": "d", "Name": "t"}, "catalog", ""),
    ("iam", "get_role", {"RoleName": "r"}, "role/r", "AccessDenied"),
    ("kms", "sign", {"KeyId": "k", "Message": b"m", "SigningAlgorithm": "X"}, "key/k", ""),
    ("lambda", "invoke", {"FunctionName": "f:live"}, "function:f:live", ""),
    ("logs", "create_log_stream", {"logGroupName": "g", "logStreamName": "s"}, "log-group:g", ""),
    ("s3", "get_object", {"Bucket": "b", "Key": "a/b c"}, "b/a/b c", "AccessDenied"),
    ("s3", "head_object", {"Bucket": "b", "Key": "k"}, "", "403"),
    ("scheduler", "get_schedule", {"Name": "n", "GroupName": "g"}, "schedule/g/n", ""),
    ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": "m"}, ":t", "*Error"),
    ("sqs", "send_message", {"QueueUrl": "http://x/1/q", "MessageBody": "m"}, ":q", "AccessDenied"),
    ("ssm", "get_parameter", {"Name": "/a/b"}, "parameter/a/b", ""),
    ("states", "start_execution", {"stateMachineArn": "arn:aws:states:::m"}, ":m", ""),
    (
        "sts",
        "assume_role",
        {"RoleArn": "arn:aws:iam::1:role/r", "RoleSessionName": "s1"},
        ":role/r",
        "AccessDenied",
    ),
]


@pytest.mark.parametrize(
    ("service", "operation", "asked", "resource", "code"),
    CALLS,
    ids=[f"{call[0]}-{call[1]}" for call in CALLS],
)
def test_each_service_refuses_by_its_protocol(
    aws: LocalAws, service: str, operation: str, asked: Any, resource: str, code: str
) -> None:
    client = aws.as_policy().client("stepfunctions" if service == "states" else service)
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**asked)
    error = refused.value.response["Error"]
    wanted = {"": "AccessDeniedException", "*Error": "AuthorizationError"}.get(code, code)
    assert error["Code"] == wanted
    if operation != "head_object":
        assert resource in error["Message"]
        assert f"perform: {service}:" in error["Message"]


def test_the_administrator_may_do_anything(aws: LocalAws) -> None:
    aws.session().client("kms").list_keys()
    assert "kms:ListKeys" in aws.calls.actions_of("administrator")


def test_a_key_that_nobody_issued_may_do_nothing(aws: LocalAws) -> None:
    unknown = {"aws_access_key_id": "AKIAUNKNOWN", "aws_secret_access_key": "x"}
    session = LocalSession(aws.endpoint, credentials=unknown)
    code = "UnrecognizedClientException"
    assert code_of(lambda: session.client("kms").list_keys()) == code
    assert code_of(lambda: session.client("s3").list_buckets()) == "InvalidToken"


def test_a_session_without_its_token_is_nobody_s(aws: LocalAws) -> None:
    given = aws.as_policy(allow("*")).get_credentials()
    assert given is not None
    stolen = {"aws_access_key_id": given.access_key, "aws_secret_access_key": "x"}
    for credentials in (stolen, {**stolen, "aws_access_key_id": "ASIAUNKNOWN"}):
        session = LocalSession(aws.endpoint, credentials=credentials)
        assert code_of(lambda: session.client("kms").list_keys()) == (  # noqa: B023
            "UnrecognizedClientException"
        )
        assert code_of(lambda: session.client("sts").get_caller_identity()) == (  # noqa: B023
            "InvalidClientTokenId"
        )


def test_anybody_may_ask_who_he_is(aws: LocalAws) -> None:
    session = aws.as_policy(deny("*"))
    identity = session.client("sts").get_caller_identity()["Arn"]
    assert identity == f"arn:aws:sts::{ACCOUNT}:assumed-role/{session.principal}/local"


@pytest.fixture
def role_of(aws: LocalAws) -> Callable[..., str]:
    """Make a role with a trust policy's principal and statements; its ARN."""

    def make(principal: Any, *statements: Any) -> str:
        iam, name = aws.client("iam"), f"role-{uuid.uuid4().hex[:8]}"
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        return arn

    return make


def test_a_role_is_assumed_by_those_whom_it_trusts(
    aws: LocalAws, role_of: Callable[..., str]
) -> None:
    caller = aws.as_policy(allow("sts:AssumeRole"))
    by_account = role_of({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    by_service = role_of({"Service": "lambda.amazonaws.com"})
    caller.client("sts").assume_role(RoleArn=by_account, RoleSessionName="x1")
    with pytest.raises(ClientError, match="no resource-based policy allows"):
        caller.client("sts").assume_role(RoleArn=by_service, RoleSessionName="x1")
    nobody = aws.as_policy()
    assert code_of(
        lambda: nobody.client("sts").assume_role(RoleArn=by_account, RoleSessionName="x1")
    ) == ("AccessDenied")
    itself = role_of({"AWS": f"arn:aws:iam::{ACCOUNT}:role/{nobody.principal}"})
    nobody.client("sts").assume_role(RoleArn=itself, RoleSessionName="x1")


def test_a_policy_changed_later_counts_from_then_on(
    aws: LocalAws, role_of: Callable[..., str]
) -> None:
    arn = role_of({"Service": "lambda.amazonaws.com"}, allow("kms:ListKeys"))
    session = aws.as_role(arn)
    session.client("kms").list_keys()
    aws.client("iam").delete_role_policy(RoleName=session.principal, PolicyName="p")
    assert code_of(lambda: session.client("kms").list_keys()) == "AccessDeniedException"


def test_a_permissions_boundary_limits_what_a_role_may(aws: LocalAws) -> None:
    iam, name = aws.client("iam"), f"boundary-{uuid.uuid4().hex[:8]}"
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow("sqs:*")]})
    boundary = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
    session = aws.as_policy(allow("*"))
    iam.put_role_permissions_boundary(RoleName=session.principal, PermissionsBoundary=boundary)
    session.client("sqs").list_queues()
    with pytest.raises(ClientError, match="no permissions boundary allows the kms:ListKeys"):
        session.client("kms").list_keys()


def test_a_user_has_the_policies_of_groups_and_those_attached(aws: LocalAws) -> None:
    iam, name = aws.client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    iam.add_user_to_group(UserName=name, GroupName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow("sqs:ListQueues")]})
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=document)
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow("sns:ListTopics")]})
    managed = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_user_policy(UserName=name, PolicyArn=managed)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    session = LocalSession(
        aws.endpoint,
        credentials={
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        },
    )
    session.client("sqs").list_queues()
    session.client("sns").list_topics()
    with pytest.raises(ClientError, match=f"User: arn:aws:iam::{ACCOUNT}:user/{name} is not"):
        session.client("kms").list_keys()


def test_a_policy_that_cannot_be_evaluated_refuses_and_says_why(aws: LocalAws) -> None:
    unknown = {"DateLessThan": {"aws:CurrentTime": "2030-01-01"}}
    session = aws.as_policy(allow("kms:*", Condition=unknown))
    with pytest.raises(ClientError, match="'DateLessThan' is not known to the local AWS"):
        session.client("kms").list_keys()


def test_a_role_that_does_not_exist_is_nobody(aws: LocalAws) -> None:
    assert code_of(lambda: aws.as_role("no-such-role")) == "NoSuchEntity"


def test_what_was_called_is_recorded_with_its_resources(aws: LocalAws, counters: Any) -> None:
    session = aws.as_policy(allow("dynamodb:GetItem", f"{TABLE}{counters.name}"))
    dynamodb = session.client("dynamodb")
    for _ in range(2):
        dynamodb.get_item(TableName=counters.name, Key={"pk": {"S": "a"}})
    assert code_of(lambda: dynamodb.scan(TableName=counters.name)) == "AccessDeniedException"
    found = [
        (call.action, call.resources, call.is_allowed) for call in aws.calls.of(session.principal)
    ]
    assert found == [
        ("dynamodb:GetItem", (f"{TABLE}{counters.name}",), True),
        ("dynamodb:Scan", (f"{TABLE}{counters.name}",), False),
    ]
    assert aws.calls.actions_of(session.principal) == {"dynamodb:GetItem"}
    assert aws.calls.refused_of(session.principal) == {"dynamodb:Scan"}


def test_the_record_begins_anew(aws: LocalAws) -> None:
    aws.client("kms").list_keys()
    aws.calls.clear()
    aws.client("sqs").list_queues()
    assert aws.calls.actions_of("administrator") == {"sqs:ListQueues"}


@pytest.mark.parametrize(
    ("service", "operation", "asked"),
    [
        (
            "lambda",
            "create_function",
            {
                "FunctionName": "f",
                "Runtime": "python3.12",
                "Handler": "a.b",
                "Code": {"ZipFile": b""},
                "Role": f"arn:aws:iam::{ACCOUNT}:role/given",
            },
        ),
        (
            "stepfunctions",
            "create_state_machine",
            {"name": "m", "definition": "{}", "roleArn": f"arn:aws:iam::{ACCOUNT}:role/given"},
        ),
        (
            "scheduler",
            "create_schedule",
            {
                "Name": "n",
                "ScheduleExpression": "rate(1 hour)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {
                    "Arn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m",
                    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/given",
                },
            },
        ),
        (
            "glue",
            "create_table_optimizer",
            {
                "CatalogId": ACCOUNT,
                "DatabaseName": "d",
                "TableName": "t",
                "Type": "compaction",
                "TableOptimizerConfiguration": {
                    "roleArn": f"arn:aws:iam::{ACCOUNT}:role/given",
                    "enabled": True,
                },
            },
        ),
    ],
    ids=["lambda", "states", "scheduler", "glue"],
)
def test_to_hand_a_service_a_role_takes_pass_role(
    aws: LocalAws, service: str, operation: str, asked: Any
) -> None:
    own = allow(["lambda:*", "states:*", "scheduler:*", "glue:*"])
    elsewhere = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    session = aws.as_policy(own, allow("iam:PassRole", Condition=elsewhere))
    with pytest.raises(ClientError, match=r"perform: iam:PassRole on resource: .*role/given"):
        getattr(session.client(service), operation)(**asked)


def test_a_refused_call_is_recorded_with_what_it_lacks_alone(aws: LocalAws) -> None:
    session = aws.as_policy(allow("states:CreateStateMachine"))
    machine = {"name": "m", "definition": "{}", "roleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}
    code_of(lambda: session.client("stepfunctions").create_state_machine(**machine))
    assert aws.calls.refused_of(session.principal) == {"iam:PassRole"}
    assert aws.calls.actions_of(session.principal) == frozenset()


def test_nobody_assumes_a_role_that_does_not_exist(aws: LocalAws) -> None:
    sts, role = aws.client("sts"), f"arn:aws:iam::{ACCOUNT}:role/no-such-role"
    assert code_of(lambda: sts.assume_role(RoleArn=role, RoleSessionName="x1")) == "AccessDenied"


def test_a_presigned_address_has_the_rights_of_who_signed_it(
    aws: LocalAws, sandbox: Sandbox
) -> None:
    bucket = sandbox.database
    aws.client("s3").put_object(Bucket=bucket, Key="a", Body=b"text")
    asked = {"Bucket": bucket, "Key": "a"}
    for statements, status in (((allow("s3:GetObject"),), 200), ((), 403)):
        s3 = aws.as_policy(*statements).client("s3", config=Config(signature_version="s3v4"))
        address = s3.generate_presigned_url("get_object", Params=asked)
        assert urllib3.request("GET", address).status == status


def test_a_request_that_names_no_resource_takes_a_right_to_all(aws: LocalAws) -> None:
    unchecked = Config(parameter_validation=False)
    everything, one = (
        aws.as_policy(allow("dynamodb:BatchGetItem", resource)).client("dynamodb", config=unchecked)
        for resource in ("*", f"{TABLE}t")
    )
    assert everything.batch_get_item(RequestItems={})["Responses"] == {}
    assert code_of(lambda: one.batch_get_item(RequestItems={})) == "AccessDeniedException"
