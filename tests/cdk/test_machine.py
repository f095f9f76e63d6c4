from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from cdk.machine import MAX_ATTEMPTS, Machine
from tests.cdk.apps import flat, only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk.assertions import Template

WORKING = ["Plan", "Query", "Write", "QueryDays", "WriteDays", "Commit"]


@pytest.fixture
def states() -> dict[str, Any]:
    found: dict[str, Any] = machine().document()["States"]
    return found


def machine(**changed: Any) -> Machine:
    names = ("plan", "write", "days", "commit")
    return Machine(
        partition="aws",
        functions={
            name: f"arn:aws:lambda:us-east-1:123456789012:function:{name}" for name in names
        },
        bucket="bucket",
        database="database",
        workgroup="workgroup",
        queue_url="queue",
        **changed,
    )


def child(states: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = states[name]["ItemProcessor"]["States"]
    return found


def next_states(state: dict[str, Any]) -> Iterator[str]:
    for place in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        yield from (place[key] for key in ("Next", "Default") if key in place)


def graphs(states: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "Begin", states
    yield "Start", child(states, "Write")
    yield "Start", child(states, "WriteDays")


def test_an_interpreter_of_the_states_language_accepts_it() -> None:
    # Raises at the first thing that is not in the grammar.
    program, _ = AmazonStateLanguageParser.parse(json.dumps(machine().document()))

    assert program is not None


def test_every_state_is_reached_and_every_step_leads_to_a_state(states: dict[str, Any]) -> None:
    for start, graph in graphs(states):
        reached, waiting = {start}, [start]
        while waiting:
            for name in next_states(graph[waiting.pop()]):
                if name not in reached:
                    reached.add(name)
                    waiting.append(name)
        assert reached == set(graph)


def test_a_run_begins_without_memory_and_plans(states: dict[str, Any]) -> None:
    assert states["Begin"]["Parameters"] == {
        "view.$": "$.view",
        "cut.$": "$.cut",
        "attempts": 0,
    }
    assert states["Plan"]["Parameters"] == {
        "view.$": "$.view",
        "cut.$": "$.cut",
        "attempt.$": "$.attempts",
        "execution.$": "$$.Execution.Name",
    }


def test_the_plan_decides_whether_to_end_to_wait_or_to_cut(states: dict[str, Any]) -> None:
    choices = states["Due?"]["Choices"]

    assert {each["StringEquals"]: each["Next"] for each in choices} == {
        "none": "Done",
        "wait": "WaitForLog",
        "cut": "Query",
    }
    assert states["WaitForLog"] == {
        "Type": "Wait",
        "TimestampPath": "$.plan.until",
        "Next": "Plan",
    }


def test_a_query_runs_in_the_workgroup_and_its_result_is_not_carried_on(
    states: dict[str, Any],
) -> None:
    query = states["Query"]

    assert query["Resource"] == "arn:aws:states:::athena:startQueryExecution.sync"
    assert query["Parameters"] == {
        "QueryString.$": "$.plan.statement",
        "WorkGroup": "workgroup",
        "QueryExecutionContext": {"Database": "database"},
    }
    assert query["ResultPath"] is None
    # An UNLOAD that may have started must not run again: its prefix takes one.
    (retry,) = query["Retry"]
    assert retry["ErrorEquals"] == ["Athena.TooManyRequestsException", "Athena.ThrottlingException"]


@pytest.mark.parametrize(
    ("name", "prefix", "plan", "function"),
    [
        ("Write", "$.plan.prefix", "$.plan.write", "write"),
        ("WriteDays", "$.plan.days.prefix", "$.plan.days.write", "days"),
    ],
)
def test_every_object_below_the_prefix_of_the_plan_is_written(
    states: dict[str, Any], name: str, prefix: str, plan: str, function: str
) -> None:
    found = states[name]

    assert found["ItemReader"] == {
        "Resource": "arn:aws:states:::s3:listObjectsV2",
        "Parameters": {"Bucket": "bucket", "Prefix.$": prefix},
    }
    assert found["ItemSelector"] == {"key.$": "$$.Map.Item.Value.Key", "plan.$": plan}
    assert child(states, name)["WriteSome"]["Resource"].endswith(f":function:{function}")
    assert found["ItemProcessor"]["ProcessorConfig"] == {
        "Mode": "DISTRIBUTED",
        "ExecutionType": "STANDARD",
    }


def test_writing_goes_on_from_where_the_call_before_came_to(states: dict[str, Any]) -> None:
    steps = child(states, "Write")

    assert steps["Start"]["Parameters"]["from"] == 0
    assert steps["WriteSome"]["Parameters"] == {
        "key.$": "$.key",
        "plan.$": "$.plan",
        "from.$": "$.from",
    }
    assert steps["Finished?"]["Default"] == "GoOn"
    assert steps["GoOn"]["Parameters"]["from.$"] == "$.done.next"
    assert steps["GoOn"]["Next"] == "WriteSome"


def test_a_call_that_died_is_made_again_and_a_refused_row_is_not(states: dict[str, Any]) -> None:
    write = child(states, "Write")["WriteSome"]
    _, retry = write["Retry"]

    assert retry["MaxAttempts"] == 4
    assert {"Lambda.Unknown", "Sandbox.Timedout", "OnlineStoreError"} <= set(retry["ErrorEquals"])
    assert "RefusedRowsError" not in retry["ErrorEquals"]
    assert "States.ALL" not in retry["ErrorEquals"]


def test_a_refused_row_does_not_stop_the_writing_of_others(states: dict[str, Any]) -> None:
    for name in ("Write", "WriteDays"):
        steps = child(states, name)
        assert "Catch" not in steps["WriteSome"]
        assert steps["Written"] == {"Type": "Pass", "Result": {}, "End": True}


def test_a_commit_that_finds_refused_rows_is_not_tried_again(states: dict[str, Any]) -> None:
    first = states["Commit"]["Catch"][0]
    assert (first["ErrorEquals"], first["Next"]) == (["RefusedRowsError"], "GiveUp")
    _, retry = states["Commit"]["Retry"]
    assert not {"RefusedRowsError", "States.ALL"} & set(retry["ErrorEquals"])


def test_days_are_written_only_where_the_plan_has_them(states: dict[str, Any]) -> None:
    (choice,) = states["Days?"]["Choices"]
    assert choice == {
        "Variable": "$.plan.days.statement",
        "IsPresent": True,
        "Next": "QueryDays",
    }
    assert states["Days?"]["Default"] == states["WriteDays"]["Next"] == "Settle"


def test_the_watermark_moves_after_all_is_written_and_settled(states: dict[str, Any]) -> None:
    before = [name for name, state in states.items() if "Commit" in next_states(state)]

    assert before == ["Settle"]
    assert states["Settle"]["Seconds"] == 5
    assert states["Commit"]["Parameters"] == {"commit.$": "$.plan.commit"}


def test_after_a_commit_it_is_planned_anew_with_all_attempts(states: dict[str, Any]) -> None:
    assert states["Commit"]["Next"] == "Next"
    assert states["Next"]["Parameters"]["attempts"] == 0
    assert states["Next"]["Next"] == "Plan"


@pytest.mark.parametrize("name", WORKING)
def test_any_failure_is_planned_anew_and_a_refusal_is_not(
    states: dict[str, Any], name: str
) -> None:
    refused, other = states[name]["Catch"]

    assert refused["ErrorEquals"] == ["RefusedRowsError"]
    assert refused["Next"] == "GiveUp"
    assert other["ErrorEquals"] == ["States.ALL"]
    assert other["Next"] == "Again"
    # The plan's input is what the run goes on with.
    assert refused["ResultPath"] == other["ResultPath"] == "$.error"


def test_after_three_attempts_it_gives_up(states: dict[str, Any]) -> None:
    (choice,) = states["Again?"]["Choices"]

    assert MAX_ATTEMPTS == 3
    assert states["Again"]["Parameters"]["attempts.$"] == "States.MathAdd($.attempts, 1)"
    assert (choice["NumericLessThan"], choice["Next"]) == (3, "Pause")
    assert states["Again?"]["Default"] == "GiveUp"
    assert states["Pause"] == {"Type": "Wait", "Seconds": 30, "Next": "Plan"}


def test_a_cut_that_gave_up_is_told_to_the_queue_with_all_that_a_redrive_needs(
    states: dict[str, Any],
) -> None:
    assert states["GiveUp"]["Parameters"] == {
        "QueueUrl": "queue",
        "MessageBody": {
            "view.$": "$.view",
            "cut.$": "$.cut",
            "error.$": "$.error",
            "execution.$": "$$.Execution.Name",
        },
    }
    assert states["GiveUp"]["Next"] == states["GiveUp"]["Catch"][0]["Next"] == "Failed"
    assert states["Failed"]["Type"] == "Fail"


def test_its_patience_can_be_set() -> None:
    states = machine(concurrency=2, settle_seconds=0, pause_seconds=1).document()["States"]

    assert states["Write"]["MaxConcurrency"] == states["WriteDays"]["MaxConcurrency"] == 2
    assert states["Settle"]["Seconds"] == 0
    assert states["Pause"]["Seconds"] == 1


def test_the_stack_deploys_this_very_machine(jobs: Template) -> None:
    properties = only(jobs, "AWS::StepFunctions::StateMachine")["Properties"]
    deployed = json.loads(flat(properties["DefinitionString"]))

    assert deployed["States"].keys() == machine().document()["States"].keys()
    assert deployed["States"]["Commit"]["Resource"].endswith(".Arn>")
    reader = deployed["States"]["Write"]["ItemReader"]
    assert reader["Resource"] == "arn:<Partition>:states:::s3:listObjectsV2"
    assert reader["Parameters"]["Bucket"] == "skewless-dev-<AccountId>-<Region>"


@pytest.mark.parametrize(
    ("query", "look", "choice", "write", "otherwise"),
    [
        ("Query", "Look", "Any?", "Write", "Days?"),
        ("QueryDays", "LookForDays", "AnyDays?", "WriteDays", "Settle"),
    ],
)
def test_a_query_that_left_no_object_is_not_written_from(
    states: dict[str, Any], query: str, look: str, choice: str, write: str, otherwise: str
) -> None:
    assert states[query]["Next"] == look
    assert states[look]["Resource"] == "arn:aws:states:::aws-sdk:s3:listObjectsV2"
    assert (
        states[look]["Parameters"]["Prefix.$"]
        == states[write]["ItemReader"]["Parameters"]["Prefix.$"]
    )
    assert states[look]["Next"] == choice
    (some,) = states[choice]["Choices"]
    assert (some["NumericGreaterThan"], some["Next"]) == (0, write)
    assert states[choice]["Default"] == otherwise
