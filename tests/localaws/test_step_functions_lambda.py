"""State machines that invoke functions: their errors by the names AWS gives them, tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.localaws.packages import a_function
from tests.localaws.workflows import one_state, run

if TYPE_CHECKING:
    from localaws import LocalAws
    from tests.localaws.sandbox import Sandbox

# Fails with `event["error"]` until it was called `event["failures"]` times in one environment.
FLAKY = """
calls = []
def handler(event, context):
    calls.append(event)
    if len(calls) <= event["failures"]:
        raise type(event["error"], (Exception,), {})("try again")
    return {"calls": len(calls)}
"""


def a_task(function: str, **state: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload.$": "$"},
        **state,
    }


def test_a_task_has_the_functions_answer(aws: LocalAws) -> None:
    function = a_function(aws, "def handler(event, context): return {'twice': event['n'] * 2}")

    answer = run(aws, one_state(a_task(function)), {"n": 21})

    assert answer["output"]["Payload"] == {"twice": 42}


def test_a_function_is_also_a_resource_by_itself(aws: LocalAws) -> None:
    function = a_function(aws, "def handler(event, context): return event['n'] * 2")
    arn = aws.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]

    assert run(aws, one_state({"Type": "Task", "Resource": arn}), {"n": 21})["output"] == 42


def test_a_function_that_fails_is_tried_again(aws: LocalAws) -> None:
    retry = [{"ErrorEquals": ["Throttled"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    definition = one_state(a_task(a_function(aws, FLAKY), Retry=retry))

    answer = run(aws, definition, {"failures": 2, "error": "Throttled"})

    assert answer["output"]["Payload"] == {"calls": 3}


def test_an_exception_of_a_function_fails_the_task_by_its_name(aws: LocalAws) -> None:
    definition = one_state(a_task(a_function(aws, FLAKY)))

    answer = run(aws, definition, {"failures": 1, "error": "PoisonedRow"})

    assert (answer["status"], answer["error"]) == ("FAILED", "PoisonedRow")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import os\ndef handler(event, context): os._exit(1)", "Runtime.ExitError"),
        ("import time\ndef handler(event, context): time.sleep(60)", "Sandbox.Timedout"),
        ("import nothing_of_the_kind", "Runtime.ImportModuleError"),
    ],
)
def test_a_function_that_dies_is_an_error_with_a_name(
    aws: LocalAws, source: str, error: str
) -> None:
    assert run(aws, one_state(a_task(a_function(aws, source, Timeout=1))))["error"] == error


def test_a_throttled_function_is_an_error_with_a_name(aws: LocalAws) -> None:
    function = a_function(aws, FLAKY)
    aws.client("lambda").put_function_concurrency(
        FunctionName=function, ReservedConcurrentExecutions=0
    )

    assert run(aws, one_state(a_task(function)))["error"] == "Lambda.TooManyRequestsException"


def test_a_task_that_takes_too_long_is_a_timeout(aws: LocalAws) -> None:
    function = a_function(aws, "import time\ndef handler(event, context): time.sleep(10)")
    definition = one_state(
        a_task(
            function,
            TimeoutSeconds=1,
            Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "Caught"}],
        )
    )
    definition["States"]["Caught"] = {"Type": "Succeed"}

    assert run(aws, definition)["output"]["Error"] == "States.Timeout"


def test_a_map_writes_each_object_by_a_function_until_all_is_written(
    aws: LocalAws, sandbox: Sandbox
) -> None:
    source = """
    def handler(event, context):
        done = event.get("done", 0) + 2
        return {"key": event["key"], "done": min(done, 5), "is_complete": done >= 5}
    """
    child = {
        "StartAt": "Write",
        "States": {
            "Write": a_task(
                a_function(aws, source), OutputPath="$.Payload", Next="Is it complete?"
            ),
            "Is it complete?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.is_complete", "BooleanEquals": True, "Next": "Done"}],
                "Default": "Write",
            },
            "Done": {"Type": "Succeed"},
        },
    }
    definition = one_state(
        {
            "Type": "Map",
            "MaxConcurrency": 2,
            "ToleratedFailurePercentage": 0,
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:listObjectsV2",
                "Parameters": {"Bucket": sandbox.database, "Prefix.$": "$.prefix"},
            },
            "ItemSelector": {"key.$": "$$.Map.Item.Value.Key"},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                **child,
            },
        }
    )
    for key in range(4):
        aws.client("s3").put_object(Bucket=sandbox.database, Key=f"shard/{key}", Body=b"x")

    answer = run(aws, definition, {"prefix": "shard/"})

    assert [(shard["key"], shard["done"]) for shard in answer["output"]] == [
        (f"shard/{key}", 5) for key in range(4)
    ]
