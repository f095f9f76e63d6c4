"""State machines for tests: made, run to their end, described."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localaws import LocalAws

ROLE = "arn:aws:iam::123456789012:role/workflow"
PATIENCE_SECONDS = 120


def a_machine(aws: LocalAws, definition: dict[str, Any]) -> str:
    """Make a state machine; its ARN."""
    made = aws.client("stepfunctions").create_state_machine(
        name=f"test-{uuid.uuid4().hex}", definition=json.dumps(definition), roleArn=ROLE
    )
    return str(made["stateMachineArn"])


def one_state(state: dict[str, Any]) -> dict[str, Any]:
    """A definition of one state."""
    return {"StartAt": "Only", "States": {"Only": {**state, "End": True}}}


def start(aws: LocalAws, machine: str, given: Any = None, **options: Any) -> str:
    started = aws.client("stepfunctions").start_execution(
        stateMachineArn=machine, input=json.dumps({} if given is None else given), **options
    )
    return str(started["executionArn"])


def ended(aws: LocalAws, execution: str) -> Any:
    """Wait for an execution to end; what DescribeExecution says, its output parsed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = aws.client("stepfunctions").describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return {**found, "output": json.loads(found.get("output", "null"))}
        time.sleep(0.02)
    raise TimeoutError(execution)


def run(aws: LocalAws, definition: dict[str, Any], given: Any = None) -> Any:
    """Run a definition once, to its end."""
    return ended(aws, start(aws, a_machine(aws, definition), given))


def events(aws: LocalAws, execution: str) -> list[str]:
    """The types of the events in an execution's history."""
    history = aws.client("stepfunctions").get_execution_history(executionArn=execution)
    return [event["type"] for event in history["events"]]
