"""Which actions on which resources a call needs, as the record tells of the administrator's."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from localaws import LocalAws

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/given"
GLUE = f"arn:aws:glue:us-east-1:{ACCOUNT}:"
GLUE_TABLE = (f"{GLUE}catalog", f"{GLUE}database/d", f"{GLUE}table/d/t")
STATES = f"arn:aws:states:us-east-1:{ACCOUNT}:"
LOGS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:"
LAMBDA = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/absent"
KEY = {"pk": {"S": "a"}}
ON_TABLE = {"TableName": "absent", "Key": KEY}
UPDATE = {**ON_TABLE, "UpdateExpression": "remove a"}
PUT = {"TableName": "absent", "Item": KEY}
VALUES = {":k": {"S": "a"}}
QUERY = {"KeyConditionExpression": "pk = :k", "ExpressionAttributeValues": VALUES}
OBJECT = {"Bucket": "absent", "Key": "a/b"}
AT = "arn:aws:s3:::absent/a/b"
PART = {**OBJECT, "UploadId": "u"}
SCHEDULE = {
    "Name": "n",
    "GroupName": "g",
    "ScheduleExpression": "rate(1 hour)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": "arn:aws:sqs:us-east-1:1:q", "RoleArn": ROLE},
}
MACHINE = {"stateMachineArn": f"{STATES}stateMachine:m"}


def one(action: str, *resources: str) -> dict[str, tuple[str, ...]]:
    return {action: resources}


def passing(action: str, *resources: str) -> dict[str, tuple[str, ...]]:
    return {action: resources, "iam:PassRole": (ROLE,)}


NEEDS: list[tuple[str, str, dict[str, Any], dict[str, tuple[str, ...]]]] = [
    ("dynamodb", "get_item", ON_TABLE, one("dynamodb:GetItem", TABLE)),
    ("dynamodb", "put_item", PUT, one("dynamodb:PutItem", TABLE)),
    ("dynamodb", "update_item", UPDATE, one("dynamodb:UpdateItem", TABLE)),
    ("dynamodb", "query", {"TableName": TABLE, **QUERY}, one("dynamodb:Query", TABLE)),
    (
        "dynamodb",
        "query",
        {"TableName": "absent", "IndexName": "inverse", **QUERY},
        one("dynamodb:Query", f"{TABLE}/index/inverse"),
    ),
    (
        "dynamodb",
        "batch_get_item",
        {"RequestItems": {"absent": {"Keys": [KEY]}, "other": {"Keys": [KEY]}}},
        one("dynamodb:BatchGetItem", TABLE, TABLE.replace("absent", "other")),
    ),
    (
        "dynamodb",
        "batch_write_item",
        {"RequestItems": {"absent": [{"PutRequest": {"Item": KEY}}]}},
        one("dynamodb:BatchWriteItem", TABLE),
    ),
    (
        "dynamodb",
        "transact_write_items",
        {"TransactItems": [{"Update": UPDATE}, {"Put": PUT}]},
        {"dynamodb:UpdateItem": (TABLE,), "dynamodb:PutItem": (TABLE,)},
    ),
    (
        "dynamodb",
        "transact_get_items",
        {"TransactItems": [{"Get": ON_TABLE}]},
        one("dynamodb:GetItem", TABLE),
    ),
    ("dynamodb", "list_tables", {}, one("dynamodb:ListTables", "*")),
    (
        "dynamodbstreams",
        "describe_stream",
        {"StreamArn": f"{TABLE}/stream/2026-01-01T00:00:00.000"},
        one("dynamodb:DescribeStream", f"{TABLE}/stream/2026-01-01T00:00:00.000"),
    ),
    ("s3", "get_object", OBJECT, one("s3:GetObject", AT)),
    ("s3", "get_object", {**OBJECT, "VersionId": "v"}, one("s3:GetObjectVersion", AT)),
    ("s3", "head_object", OBJECT, one("s3:GetObject", AT)),
    ("s3", "put_object", OBJECT, one("s3:PutObject", AT)),
    (
        "s3",
        "put_object",
        {**OBJECT, "Tagging": "a=b"},
        {"s3:PutObject": (AT,), "s3:PutObjectTagging": (AT,)},
    ),
    (
        "s3",
        "copy_object",
        {**OBJECT, "CopySource": {"Bucket": "from", "Key": "x y"}},
        {"s3:PutObject": (AT,), "s3:GetObject": ("arn:aws:s3:::from/x y",)},
    ),
    ("s3", "delete_object", OBJECT, one("s3:DeleteObject", AT)),
    ("s3", "delete_object", {**OBJECT, "VersionId": "v"}, one("s3:DeleteObjectVersion", AT)),
    (
        "s3",
        "delete_objects",
        {
            "Bucket": "absent",
            "Delete": {"Objects": [{"Key": "a/b"}, {"Key": "c&d", "VersionId": "v"}]},
        },
        {"s3:DeleteObject": (AT,), "s3:DeleteObjectVersion": ("arn:aws:s3:::absent/c&d",)},
    ),
    ("s3", "create_multipart_upload", OBJECT, one("s3:PutObject", AT)),
    ("s3", "upload_part", {**PART, "PartNumber": 1}, one("s3:PutObject", AT)),
    ("s3", "complete_multipart_upload", PART, one("s3:PutObject", AT)),
    ("s3", "abort_multipart_upload", PART, one("s3:AbortMultipartUpload", AT)),
    ("s3", "list_parts", PART, one("s3:ListMultipartUploadParts", AT)),
    ("s3", "list_objects_v2", {"Bucket": "absent"}, one("s3:ListBucket", "arn:aws:s3:::absent")),
    (
        "s3",
        "list_object_versions",
        {"Bucket": "absent"},
        one("s3:ListBucketVersions", "arn:aws:s3:::absent"),
    ),
    ("s3", "head_bucket", {"Bucket": "absent"}, one("s3:ListBucket", "arn:aws:s3:::absent")),
    (
        "s3",
        "get_bucket_lifecycle_configuration",
        {"Bucket": "absent"},
        one("s3:GetLifecycleConfiguration", "arn:aws:s3:::absent"),
    ),
    ("s3", "list_buckets", {}, one("s3:ListAllMyBuckets", "*")),
    ("glue", "get_table", {"DatabaseName": "d", "Name": "t"}, one("glue:GetTable", *GLUE_TABLE)),
    (
        "glue",
        "create_table",
        {"DatabaseName": "d", "TableInput": {"Name": "t"}},
        one("glue:CreateTable", *GLUE_TABLE),
    ),
    (
        "glue",
        "get_partitions",
        {"DatabaseName": "d", "TableName": "t"},
        one("glue:GetPartitions", *GLUE_TABLE),
    ),
    (
        "glue",
        "get_tables",
        {"DatabaseName": "d"},
        one("glue:GetTables", *GLUE_TABLE[:2], f"{GLUE}table/d/*"),
    ),
    ("glue", "get_database", {"Name": "d"}, one("glue:GetDatabase", *GLUE_TABLE[:2])),
    (
        "athena",
        "start_query_execution",
        {"QueryString": "select 1", "WorkGroup": "w"},
        one("athena:StartQueryExecution", f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/w"),
    ),
    (
        "athena",
        "get_data_catalog",
        {"Name": "c"},
        one("athena:GetDataCatalog", f"arn:aws:athena:us-east-1:{ACCOUNT}:datacatalog/c"),
    ),
    (
        "ssm",
        "get_parameters",
        {"Names": ["/a/b", "c"]},
        one(
            "ssm:GetParameters",
            f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/a/b",
            f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/c",
        ),
    ),
    ("stepfunctions", "start_execution", MACHINE, one("states:StartExecution", *MACHINE.values())),
    (
        "stepfunctions",
        "redrive_execution",
        {"executionArn": f"{STATES}execution:m:e"},
        one("states:RedriveExecution", f"{STATES}execution:m:e"),
    ),
    (
        "stepfunctions",
        "create_state_machine",
        {"name": "m", "definition": "{}", "roleArn": ROLE},
        passing("states:CreateStateMachine", f"{STATES}stateMachine:m"),
    ),
    ("lambda", "invoke", {"FunctionName": "f"}, one("lambda:InvokeFunction", f"{LAMBDA}f")),
    (
        "lambda",
        "invoke",
        {"FunctionName": f"{LAMBDA}f", "Qualifier": "live", "Payload": b'{"Role": "no"}'},
        one("lambda:InvokeFunction", f"{LAMBDA}f:live"),
    ),
    ("lambda", "list_functions", {}, one("lambda:ListFunctions", "*")),
    (
        "scheduler",
        "create_schedule",
        SCHEDULE,
        passing("scheduler:CreateSchedule", f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/g/n"),
    ),
    (
        "scheduler",
        "update_schedule",
        SCHEDULE,
        passing("scheduler:UpdateSchedule", f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/g/n"),
    ),
    (
        "scheduler",
        "delete_schedule",
        {"Name": "n"},
        one(
            "scheduler:DeleteSchedule",
            f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/n",
        ),
    ),
    (
        "scheduler",
        "get_schedule_group",
        {"Name": "g"},
        one(
            "scheduler:GetScheduleGroup", f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/g"
        ),
    ),
    (
        "sqs",
        "send_message_batch",
        {"QueueUrl": f"http://sqs/{ACCOUNT}/q", "Entries": []},
        one("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"),
    ),
    (
        "sns",
        "publish",
        {"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:t", "Message": "m"},
        one("sns:Publish", f"arn:aws:sns:us-east-1:{ACCOUNT}:t"),
    ),
    (
        "logs",
        "put_log_events",
        {
            "logGroupName": "/g",
            "logStreamName": "s",
            "logEvents": [{"timestamp": 1, "message": "m"}],
        },
        one("logs:PutLogEvents", f"{LOGS}/g:log-stream:s"),
    ),
    (
        "cloudwatch",
        "put_metric_data",
        {"Namespace": "n", "MetricData": []},
        one("cloudwatch:PutMetricData", "*"),
    ),
    (
        "cloudwatch",
        "get_dashboard",
        {"DashboardName": "d"},
        one("cloudwatch:GetDashboard", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/d"),
    ),
    ("events", "list_rules", {}, one("events:ListRules", "?")),
]


@pytest.mark.parametrize(
    ("service", "operation", "asked", "needed"),
    NEEDS,
    ids=[f"{number}-{need[0]}-{need[1]}" for number, need in enumerate(NEEDS)],
)
def test_a_call_needs_actions_on_resources(
    aws: LocalAws, service: str, operation: str, asked: Any, needed: dict[str, tuple[str, ...]]
) -> None:
    aws.calls.clear()
    with contextlib.suppress(ClientError):  # hardly anything of this is there
        getattr(aws.client(service), operation)(**asked)
    # Functions that other tests deployed may still be at work, in roles of their own.
    mine = aws.calls.of("administrator")
    found = {call.action: call.resources for call in mine if not call.via}
    assert found == needed


def test_a_key_is_asked_for_by_its_arn_whatever_it_is_called(aws: LocalAws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/needed", TargetKeyId=key["KeyId"])
    aws.calls.clear()
    for name in (key["KeyId"], key["Arn"], "alias/needed"):
        kms.describe_key(KeyId=name)
    assert {call.resources for call in aws.calls} == {(key["Arn"],)}


def test_a_query_s_answers_need_the_workgroup_in_which_it_ran(aws: LocalAws) -> None:
    athena = aws.client("athena")
    query = athena.start_query_execution(
        QueryString="select 1", ResultConfiguration={"OutputLocation": "s3://absent/"}
    )["QueryExecutionId"]
    aws.calls.clear()
    athena.get_query_execution(QueryExecutionId=query)
    found = [call.resources for call in aws.calls if call.action == "athena:GetQueryExecution"]
    assert found == [(f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/primary",)]
