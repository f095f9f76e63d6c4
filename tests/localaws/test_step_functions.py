"""State machines execute: what the workflow of a cut needs of the States Language."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.workflows import ROLE, a_machine, ended, events, one_state, run, start

if TYPE_CHECKING:
    from localaws import LocalAws
    from tests.localaws.sandbox import Sandbox


def a_pass(**parameters: Any) -> dict[str, Any]:
    return one_state({"Type": "Pass", "Parameters": parameters})


def test_an_execution_has_a_name_though_none_was_given(aws: LocalAws) -> None:
    answer = run(aws, a_pass(**{"name.$": "$$.Execution.Name"}))

    assert answer["output"]["name"] == answer["name"]
    assert uuid.UUID(answer["name"])


def test_an_execution_knows_when_it_started(aws: LocalAws) -> None:
    answer = run(aws, a_pass(**{"at.$": "$$.Execution.StartTime"}))

    assert datetime.fromisoformat(answer["output"]["at"]) - answer["startDate"] < timedelta(
        seconds=1
    )


def test_intrinsic_functions_compute(aws: LocalAws) -> None:
    definition = a_pass(
        **{
            "path.$": "States.Format('s3://{}/{}', $.bucket, 'cuts')",
            "next.$": "States.MathAdd($.attempt, 1)",
            "views.$": "States.ArrayLength($.views)",
        }
    )

    answer = run(aws, definition, {"bucket": "b", "attempt": 2, "views": [1, 2]})

    assert answer["output"] == {"path": "s3://b/cuts", "next": 3, "views": 2}


def test_a_loop_of_choices_ends_when_its_condition_holds(aws: LocalAws) -> None:
    definition = {
        "StartAt": "Count",
        "States": {
            "Count": {
                "Type": "Pass",
                "Parameters": {"n.$": "States.MathAdd($.n, 1)"},
                "Next": "Enough?",
            },
            "Enough?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericGreaterThanEquals": 5, "Next": "Done"}],
                "Default": "Count",
            },
            "Done": {"Type": "Succeed"},
        },
    }

    assert run(aws, definition, {"n": 0})["output"] == {"n": 5}


def test_a_wait_until_an_instant_goes_by_the_local_clock(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = datetime(2031, 5, 1, 12, tzinfo=UTC)
    monkeypatch.setattr(aws, "clock", lambda: far - timedelta(hours=1))
    machine = a_machine(aws, one_state({"Type": "Wait", "TimestampPath": "$.at"}))
    execution = start(aws, machine, {"at": "2031-05-01T12:00:00.500Z"})
    while "WaitStateEntered" not in events(aws, execution):
        time.sleep(0.01)
    client = aws.client("stepfunctions")
    assert client.describe_execution(executionArn=execution)["status"] == "RUNNING"

    monkeypatch.setattr(aws, "clock", lambda: far + timedelta(seconds=1))

    assert ended(aws, execution)["status"] == "SUCCEEDED"


def test_a_wait_of_seconds_comes_from_the_input(aws: LocalAws) -> None:
    answer = run(aws, one_state({"Type": "Wait", "SecondsPath": "$.s"}), {"s": 1})

    assert answer["stopDate"] - answer["startDate"] >= timedelta(seconds=1)


def test_a_second_execution_of_a_name_is_refused_when_the_first_has_ended(aws: LocalAws) -> None:
    machine = a_machine(aws, a_pass(done=True))
    ended(aws, start(aws, machine, name="cut-1"))

    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        start(aws, machine, name="cut-1")


def test_a_second_start_of_a_running_name_and_input_is_the_first_execution(aws: LocalAws) -> None:
    machine = a_machine(aws, one_state({"Type": "Wait", "Seconds": 30}))
    first = start(aws, machine, {"a": 1}, name="cut-1")

    assert start(aws, machine, {"a": 1}, name="cut-1") == first
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        start(aws, machine, {"a": 2}, name="cut-1")
    aws.client("stepfunctions").stop_execution(executionArn=first)


def test_a_stopped_execution_is_aborted_for_the_reason_given(aws: LocalAws) -> None:
    machine = a_machine(aws, one_state({"Type": "Wait", "Seconds": 30}))
    execution = start(aws, machine)

    aws.client("stepfunctions").stop_execution(
        executionArn=execution, error="Operator", cause="not today"
    )

    answer = ended(aws, execution)
    assert (answer["status"], answer["error"], answer["cause"]) == (
        "ABORTED",
        "Operator",
        "not today",
    )


def test_a_state_machine_is_not_replaced_by_another_of_its_name(aws: LocalAws) -> None:
    client = aws.client("stepfunctions")
    name = f"test-{uuid.uuid4().hex}"
    first = json.dumps(a_pass(version=1))
    made = client.create_state_machine(name=name, definition=first, roleArn=ROLE)
    again = client.create_state_machine(name=name, definition=first, roleArn=ROLE)

    assert again["stateMachineArn"] == made["stateMachineArn"]
    with pytest.raises(ClientError, match="StateMachineAlreadyExists"):
        client.create_state_machine(
            name=name, definition=json.dumps(a_pass(version=2)), roleArn=ROLE
        )


def test_any_service_can_be_called_and_its_times_are_texts(aws: LocalAws, sandbox: Sandbox) -> None:
    definition = one_state(
        {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:glue:getDatabase",
            "Parameters": {"Name.$": "$.database"},
        }
    )

    answer = run(aws, definition, {"database": sandbox.database})

    database = answer["output"]["Database"]
    assert database["Name"] == sandbox.database
    assert database["CreateTime"].endswith("Z")


def test_a_refused_call_has_the_services_name_for_it(aws: LocalAws) -> None:
    definition = {
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:glue:getDatabase",
                "Parameters": {"Name": "no-such-database"},
                "Catch": [{"ErrorEquals": ["Glue.EntityNotFoundException"], "Next": "Caught"}],
                "End": True,
            },
            "Caught": {"Type": "Succeed"},
        },
    }

    answer = run(aws, definition)

    assert answer["output"]["Error"] == "Glue.EntityNotFoundException"


def test_a_message_is_sent_with_the_states_input_in_it(aws: LocalAws) -> None:
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName=f"test-{uuid.uuid4().hex}")["QueueUrl"]
    definition = one_state(
        {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {"QueueUrl": queue, "MessageBody.$": "$"},
        }
    )

    run(aws, definition, {"view": "clicks"})

    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"]) == {"view": "clicks"}


def test_a_task_acts_as_the_machines_role(aws: LocalAws) -> None:
    definition = one_state(
        {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity"}
    )

    answer = run(aws, definition)

    assert (
        answer["output"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/workflow/step-functions"
    )


def test_a_machine_of_a_template_executes(aws: LocalAws) -> None:
    name = f"test-{uuid.uuid4().hex}"
    template = {
        "Resources": {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "StateMachineName": name,
                    "RoleArn": ROLE,
                    "DefinitionString": json.dumps(a_pass(bucket="${Bucket}")),
                    "DefinitionSubstitutions": {"Bucket": "features"},
                },
            }
        }
    }
    aws.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
    machine = f"arn:aws:states:us-east-1:123456789012:stateMachine:{name}"

    answer = ended(aws, start(aws, machine))

    assert answer["output"] == {"bucket": "features"}
