"""256 KiB pass from state to state, as UTF-8: where there is more, an execution fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.packages import a_function
from tests.localaws.workflows import a_machine, ended, one_state, run, start

if TYPE_CHECKING:
    from localaws import LocalAws

LIMIT = 262_144
# Tasks that catch all errors: none catches this one.
CAUGHT = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]}


def a_task(aws: LocalAws, source: str, **rest: Any) -> dict[str, Any]:
    function = aws.client("lambda").get_function(FunctionName=a_function(aws, source))
    return {"Type": "Task", "Resource": function["Configuration"]["FunctionArn"], **rest}


def catching(task: dict[str, Any]) -> dict[str, Any]:
    return {
        "StartAt": "Call",
        "States": {"Call": {**task, "End": True, **CAUGHT}, "Caught": {"Type": "Succeed"}},
    }


def padded(length: int, text: str = "x") -> dict[str, str]:
    """An object whose JSON has so many bytes, of a text for the most part."""
    left = length - len(json.dumps({"a": ""}, separators=(",", ":")))
    size = len(text.encode())
    return {"a": text * (left // size) + "x" * (left % size)}


def doubled() -> dict[str, Any]:
    return one_state({"Type": "Pass", "Parameters": {"a.$": "$.a", "b.$": "$.a"}})


def assert_too_long(answer: Any) -> None:
    assert answer["status"] == "FAILED"
    assert answer["error"] == "States.DataLimitExceeded"


def test_an_output_of_the_limit_passes(aws: LocalAws) -> None:
    machine = a_machine(aws, one_state({"Type": "Pass"}))
    given = json.dumps(padded(LIMIT), separators=(",", ":"))
    started = aws.client("stepfunctions").start_execution(stateMachineArn=machine, input=given)
    answer = ended(aws, started["executionArn"])
    assert answer["status"] == "SUCCEEDED"


@pytest.mark.parametrize("text", ["x", "é", "\U0001f600"])
def test_bytes_count_and_not_characters_nor_their_escapes(aws: LocalAws, text: str) -> None:
    machine = a_machine(aws, one_state({"Type": "Pass"}))
    given = json.dumps(padded(LIMIT, text), ensure_ascii=False, separators=(",", ":"))
    client = aws.client("stepfunctions")
    assert client.start_execution(stateMachineArn=machine, input=given)
    with pytest.raises(ClientError, match="less than or equal to 262144"):
        client.start_execution(stateMachineArn=machine, input=given + " ")


def test_an_input_of_more_is_refused(aws: LocalAws) -> None:
    with pytest.raises(ClientError, match="less than or equal to 262144"):
        start(aws, a_machine(aws, one_state({"Type": "Pass"})), padded(LIMIT + 100))


def test_an_output_of_more_fails_the_execution(aws: LocalAws) -> None:
    assert_too_long(run(aws, doubled(), padded(LIMIT * 2 // 3)))


def test_a_task_s_parameters_of_more_fail_the_execution(aws: LocalAws) -> None:
    task = a_task(
        aws, "def handler(event, context): return 1", Parameters={"a.$": "$.a", "b.$": "$.a"}
    )
    assert_too_long(run(aws, one_state(task), padded(LIMIT * 2 // 3)))


def test_a_result_of_more_fails_the_execution_and_is_not_caught(aws: LocalAws) -> None:
    task = a_task(aws, f"def handler(event, context): return 'x' * {LIMIT}")
    assert_too_long(run(aws, catching(task)))


def test_a_path_that_leads_nowhere_fails_the_execution_and_is_not_caught(aws: LocalAws) -> None:
    task = a_task(aws, "def handler(event, context): return 1", Parameters={"a.$": "$.nowhere"})
    answer = run(aws, catching(task))
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")


def test_any_other_error_is_caught(aws: LocalAws) -> None:
    task = a_task(aws, "def handler(event, context): raise ValueError(event)")
    assert run(aws, catching(task))["status"] == "SUCCEEDED"
