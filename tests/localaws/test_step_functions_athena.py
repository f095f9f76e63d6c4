"""State machines that wait for queries: `athena:startQueryExecution.sync`."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.localaws.workflows import a_machine, ended, events, one_state, run, start

if TYPE_CHECKING:
    from localaws import LocalAws
    from tests.localaws.sandbox import Sandbox

# Long enough to be stopped before it ends by itself, whatever the machine.
ENDLESS = (
    "SELECT count(*) FROM UNNEST(sequence(1, 5000)) a(x), UNNEST(sequence(1, 5000)) b(y), "
    "UNNEST(sequence(1, 5000)) c(z) WHERE x * y + z > 0 AND (x + y * z) % 7 = 3"
)


def a_query(sandbox: Sandbox, sql: str, **state: Any) -> dict[str, Any]:
    return one_state(
        {
            "Type": "Task",
            "Resource": "arn:aws:states:::athena:startQueryExecution.sync",
            "Parameters": {
                "QueryString": sql,
                "QueryExecutionContext": {"Database": sandbox.database},
                "ResultConfiguration": {"OutputLocation": f"s3://{sandbox.database}/out/"},
            },
            **state,
        }
    )


def state_of_its_query(aws: LocalAws, execution: str) -> str:
    history = aws.client("stepfunctions").get_execution_history(executionArn=execution)
    (submitted,) = (
        event["taskSubmittedEventDetails"]
        for event in history["events"]
        if event["type"] == "TaskSubmitted"
    )
    asked = json.loads(submitted["output"])["QueryExecutionId"]
    found = aws.client("athena").get_query_execution(QueryExecutionId=asked)
    return str(found["QueryExecution"]["Status"]["State"])


def submitted(aws: LocalAws, definition: dict[str, Any]) -> str:
    execution = start(aws, a_machine(aws, definition))
    while "TaskSubmitted" not in events(aws, execution):
        time.sleep(0.01)
    return execution


def test_a_task_ends_when_its_query_has_its_result(aws: LocalAws, sandbox: Sandbox) -> None:
    answer = run(aws, a_query(sandbox, "SELECT 1 AS one"))

    query = answer["output"]["QueryExecution"]
    assert query["Status"]["State"] == "SUCCEEDED"
    assert isinstance(query["Status"]["CompletionDateTime"], int)
    bucket, key = query["ResultConfiguration"]["OutputLocation"][5:].split("/", 1)
    content = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert content == b'"one"\n"1"\n'


def test_a_failed_query_fails_the_task_and_says_why(aws: LocalAws, sandbox: Sandbox) -> None:
    answer = run(aws, a_query(sandbox, "SELECT * FROM no_such_table"))

    assert (answer["status"], answer["error"]) == ("FAILED", "States.TaskFailed")
    assert "no_such_table" in json.loads(answer["cause"])["Status"]["StateChangeReason"]


def test_a_cancelled_query_fails_the_task(aws: LocalAws, sandbox: Sandbox) -> None:
    execution = submitted(aws, a_query(sandbox, ENDLESS))
    athena = aws.client("athena")
    for asked in athena.list_query_executions()["QueryExecutionIds"]:
        found = athena.get_query_execution(QueryExecutionId=asked)["QueryExecution"]
        if found["QueryExecutionContext"].get("Database") == sandbox.database:
            athena.stop_query_execution(QueryExecutionId=asked)

    answer = ended(aws, execution)

    assert answer["error"] == "States.TaskFailed"
    assert json.loads(answer["cause"])["Status"]["State"] == "CANCELLED"


def test_a_stopped_execution_stops_its_query(aws: LocalAws, sandbox: Sandbox) -> None:
    execution = submitted(aws, a_query(sandbox, ENDLESS))

    aws.client("stepfunctions").stop_execution(executionArn=execution)

    assert ended(aws, execution)["status"] == "ABORTED"
    while (state := state_of_its_query(aws, execution)) in {"QUEUED", "RUNNING"}:
        time.sleep(0.02)
    assert state == "CANCELLED"


def test_a_query_that_takes_too_long_is_a_timeout_and_is_stopped(
    aws: LocalAws, sandbox: Sandbox
) -> None:
    execution = submitted(aws, a_query(sandbox, ENDLESS, TimeoutSeconds=1))

    assert ended(aws, execution)["error"] == "States.Timeout"
    while (state := state_of_its_query(aws, execution)) in {"QUEUED", "RUNNING"}:
        time.sleep(0.02)
    assert state == "CANCELLED"


def test_a_refused_query_has_athenas_name_for_it(aws: LocalAws, sandbox: Sandbox) -> None:
    definition = a_query(sandbox, "SELECT 1")
    del definition["States"]["Only"]["Parameters"]["ResultConfiguration"]

    assert run(aws, definition)["error"].startswith("Athena.Invalid")
