"""Distributed Map over the objects of a prefix."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tests.localaws.workflows import one_state, run

if TYPE_CHECKING:
    from localaws import LocalAws
    from tests.localaws.sandbox import Sandbox


def a_map(child: dict[str, Any], **state: Any) -> dict[str, Any]:
    """A map over the objects under `$.prefix`; a child's input is a key and the view."""
    return one_state(
        {
            "Type": "Map",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:listObjectsV2",
                "Parameters": {"Bucket.$": "$.bucket", "Prefix.$": "$.prefix"},
            },
            "ItemSelector": {"key.$": "$$.Map.Item.Value.Key", "view.$": "$.view"},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                **child,
            },
            **state,
        }
    )


def a_child(state: dict[str, Any]) -> dict[str, Any]:
    return one_state(state)


FAILS_AT_2 = {
    "StartAt": "Which?",
    "States": {
        "Which?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.key", "StringMatches": "*/2", "Next": "Broken"}],
            "Default": "Fine",
        },
        "Broken": {"Type": "Fail", "Error": "Row", "Cause": "cannot be written"},
        "Fine": {"Type": "Succeed"},
    },
}
ECHO = a_child({"Type": "Pass"})


def shards(aws: LocalAws, sandbox: Sandbox, count: int) -> dict[str, str]:
    s3 = aws.client("s3")
    with ThreadPoolExecutor(8) as pool:
        for key in range(count):
            pool.submit(s3.put_object, Bucket=sandbox.database, Key=f"result/{key}", Body=b"x")
    return {"bucket": sandbox.database, "prefix": "result/", "view": "clicks"}


def test_each_object_is_an_item(aws: LocalAws, sandbox: Sandbox) -> None:
    given = shards(aws, sandbox, 3)
    aws.client("s3").put_object(Bucket=sandbox.database, Key="other/1", Body=b"x")

    answer = run(aws, a_map(ECHO), given)

    assert answer["output"] == [{"key": f"result/{n}", "view": "clicks"} for n in range(3)]


def test_a_prefix_without_objects_is_no_failure(aws: LocalAws, sandbox: Sandbox) -> None:
    for limits in ({}, {"MaxConcurrency": 2}):
        answer = run(aws, a_map(ECHO, **limits), shards(aws, sandbox, 0))

        assert (answer["status"], answer["output"]) == ("SUCCEEDED", [])


def test_more_objects_than_a_page_has_are_all_read(aws: LocalAws, sandbox: Sandbox) -> None:
    definition = a_map(ECHO, MaxConcurrency=1, ResultSelector={"items.$": "States.ArrayLength($)"})

    answer = run(aws, definition, shards(aws, sandbox, 1005))

    assert answer["output"] == {"items": 1005}


def test_a_missing_bucket_is_the_readers_failure(aws: LocalAws) -> None:
    given = {"bucket": "no-such-bucket-anywhere", "prefix": "", "view": "clicks"}

    assert run(aws, a_map(ECHO), given)["error"] == "States.ItemReaderFailed"


def test_one_failed_child_fails_the_map(aws: LocalAws, sandbox: Sandbox) -> None:
    answer = run(aws, a_map(FAILS_AT_2), shards(aws, sandbox, 4))

    assert (answer["status"], answer["error"]) == (
        "FAILED",
        "States.ExceedToleratedFailureThreshold",
    )


def test_a_failed_map_can_be_caught(aws: LocalAws, sandbox: Sandbox) -> None:
    definition = a_map(
        FAILS_AT_2,
        ToleratedFailurePercentage=0,
        Catch=[
            {"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "Caught"},
        ],
    )
    definition["States"]["Caught"] = {"Type": "Succeed"}

    answer = run(aws, definition, shards(aws, sandbox, 4))

    assert answer["status"] == "SUCCEEDED"
    assert answer["output"]["Error"] == "States.ExceedToleratedFailureThreshold"


def test_as_many_children_may_fail_as_is_tolerated(aws: LocalAws, sandbox: Sandbox) -> None:
    given = shards(aws, sandbox, 4)

    quarter = run(aws, a_map(FAILS_AT_2, ToleratedFailurePercentage=25), given)
    less = run(aws, a_map(FAILS_AT_2, ToleratedFailurePercentage=24), given)

    assert (quarter["status"], less["status"]) == ("SUCCEEDED", "FAILED")


def test_a_child_loops_until_its_condition_holds(aws: LocalAws, sandbox: Sandbox) -> None:
    child = {
        "StartAt": "Begin",
        "States": {
            "Begin": {
                "Type": "Pass",
                "Parameters": {"key.$": "$.key", "written": 0},
                "Next": "Write",
            },
            "Write": {
                "Type": "Pass",
                "Parameters": {"key.$": "$.key", "written.$": "States.MathAdd($.written, 1)"},
                "Next": "All?",
            },
            "All?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.written", "NumericEquals": 3, "Next": "Done"}],
                "Default": "Write",
            },
            "Done": {"Type": "Succeed"},
        },
    }

    answer = run(aws, a_map(child), shards(aws, sandbox, 2))

    assert answer["output"] == [{"key": f"result/{n}", "written": 3} for n in range(2)]


def test_what_the_children_gave_is_written(aws: LocalAws, sandbox: Sandbox) -> None:
    writer = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": sandbox.database, "Prefix": "written"},
    }
    definition = a_map(FAILS_AT_2, ToleratedFailurePercentage=50, ResultWriter=writer)

    answer = run(aws, definition, shards(aws, sandbox, 4))

    place = answer["output"]["ResultWriterDetails"]
    manifest = read_json(aws, place["Bucket"], place["Key"])
    (succeeded,), (failed,) = (manifest["ResultFiles"][kind] for kind in ("SUCCEEDED", "FAILED"))
    outputs = [
        json.loads(child["Output"])["key"]
        for child in read_json(aws, sandbox.database, succeeded["Key"])
    ]
    assert outputs == ["result/0", "result/1", "result/3"]
    (child,) = read_json(aws, sandbox.database, failed["Key"])
    assert json.loads(child["Input"])["Key"] == "result/2"


def read_json(aws: LocalAws, bucket: str, key: str) -> Any:
    return json.loads(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def test_no_more_children_run_at_once_than_are_allowed(aws: LocalAws, sandbox: Sandbox) -> None:
    child = {
        "StartAt": "Enter",
        "States": {
            "Enter": counting(1, "Stay"),
            "Stay": {"Type": "Wait", "Seconds": 1, "Next": "Leave"},
            "Leave": {**counting(-1), "End": True},
        },
    }
    table = f"{sandbox.database}-running"
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    answer = run(
        aws,
        a_map(
            child,
            MaxConcurrency=2,
            ItemSelector={"table": table},
            ResultSelector={"seen.$": "$[*].Attributes.n.N"},
        ),
        shards(aws, sandbox, 6),
    )
    assert answer["status"] == "SUCCEEDED", answer

    (peak,) = dynamodb.scan(TableName=table)["Items"]
    assert peak["n"]["N"] == "0"
    assert {int(left) for left in answer["output"]["seen"]} <= {0, 1}


def counting(step: int, following: str | None = None) -> dict[str, Any]:
    state: dict[str, Any] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:updateItem",
        "Parameters": {
            "TableName.$": "$.table",
            "Key": {"pk": {"S": "running"}},
            "UpdateExpression": "ADD n :step",
            "ExpressionAttributeValues": {":step": {"N": str(step)}},
            "ReturnValues": "UPDATED_NEW",
        },
    }
    if following:
        state |= {"ResultPath": None, "Next": following}
    return state
