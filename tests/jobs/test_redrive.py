"""Redriving: what gave up starts again, once, and nothing in the queue holds up the rest."""

from __future__ import annotations

import itertools
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from localaws import LocalAws
from skewless import FeatureStore
from skewless.aws import Aws, Jobs
from skewless.errors import RedriveError
from skewless.jobs.executions import Executions
from skewless.jobs.failed_cut import failed_view
from tests.cli.terminal import run
from tests.localaws.roles import a_role_for_all
from tests.localaws.workflows import a_machine, one_state

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:skewless-x-materialize"
GAVE_UP = {
    "view": "spending@1",
    "cut": None,
    "error": {"Error": "OnlineStoreError", "Cause": "{}"},
    "execution": "spending-1-abc",
}
NOT_STARTED = {"StateMachineArn": MACHINE, "Input": '{"view": "spending@1", "cut": null}'}
_NUMBERS = itertools.count()


@pytest.fixture
def local() -> LocalAws:
    return LocalAws.start()


@pytest.fixture
def executions(local: LocalAws) -> Executions:
    """A store's jobs whose state machine does nothing."""
    name = f"skewless-redrive-{next(_NUMBERS)}-{uuid.uuid4().hex[:8]}"
    # A message that stays is visible again at once, as for a redrive that takes long.
    visible = {"VisibilityTimeout": "0"}
    queue = local.client("sqs").create_queue(QueueName=name, Attributes=visible)["QueueUrl"]
    jobs = Jobs(
        state_machine=a_machine(local, one_state({"Type": "Pass"})),
        schedule_group=name,
        scheduler_role=a_role_for_all(local, name),
        failed_queue=queue,
    )
    return Executions(Aws(local.session(), local.endpoint), jobs)


def send(executions: Executions, *bodies: Any) -> None:
    for body in bodies:
        text = body if isinstance(body, str) else json.dumps(body)
        executions.aws.client("sqs").send_message(
            QueueUrl=executions.jobs.failed_queue, MessageBody=text
        )


def started_for(executions: Executions) -> list[str]:
    """The views of all executions there are."""
    client = executions.aws.client("stepfunctions")
    found = client.list_executions(stateMachineArn=executions.jobs.state_machine)["executions"]
    inputs = (client.describe_execution(executionArn=each["executionArn"]) for each in found)
    return sorted(json.loads(each["input"])["view"] for each in inputs)


def waiting(executions: Executions) -> int:
    answer = executions.aws.client("sqs").get_queue_attributes(
        QueueUrl=executions.jobs.failed_queue, AttributeNames=["All"]
    )["Attributes"]
    return sum(
        int(answer[f"ApproximateNumberOfMessages{which}"])
        for which in ("", "NotVisible", "Delayed")
    )


@pytest.fixture
def at_noon(local: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(local, "clock", lambda: NOON)
    yield
    scheduler = local.client("scheduler")
    for schedule in scheduler.list_schedules()["Schedules"]:
        scheduler.delete_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])


@pytest.mark.usefixtures("at_noon")
def test_a_start_that_scheduler_could_not_make_is_made_up_for(
    local: LocalAws, executions: Executions
) -> None:
    queue = executions.jobs.failed_queue.rpartition("/")[2]
    machine = executions.jobs.state_machine
    workflows = local.client("stepfunctions")
    made = workflows.describe_state_machine(stateMachineArn=machine)
    local.client("scheduler").create_schedule(
        Name=queue,
        ScheduleExpression="rate(1 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": machine,
            "RoleArn": executions.jobs.scheduler_role,
            "Input": json.dumps({"view": "spending@1", "cut": None}),
            "DeadLetterConfig": {"Arn": f"arn:aws:sqs:us-east-1:123456789012:{queue}"},
        },
    )
    workflows.delete_state_machine(stateMachineArn=machine)
    local.scheduler.tick(NOON + timedelta(minutes=1))
    assert waiting(executions) == 1

    with pytest.raises(RedriveError, match="StateMachineDoesNotExist"):
        executions.redrive()
    assert waiting(executions) == 1

    workflows.create_state_machine(**{key: made[key] for key in ("name", "definition", "roleArn")})
    assert [item.view for item in executions.redrive()] == ["spending@1"]
    assert waiting(executions) == 0


def test_both_senders_are_understood_and_a_view_is_started_once(executions: Executions) -> None:
    machine = executions.jobs.state_machine
    request = {"StateMachineArn": machine, "Input": json.dumps({"view": "returns@2", "cut": None})}
    send(executions, GAVE_UP, request, {**GAVE_UP, "cut": "2024-03-05T00:00:00+00:00"}, request)

    assert sorted(item.view for item in executions.redrive()) == ["returns@2", "spending@1"]
    assert started_for(executions) == ["returns@2", "spending@1"]
    assert waiting(executions) == 0
    assert executions.redrive() == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "no JSON"),
        ("not json", "no JSON: not json"),
        ("[]", "names no view"),
        ("{}", "names no view"),
        ({"view": None}, "names no view"),
        ({"view": "spending"}, "names no view"),
        ({"StateMachineArn": MACHINE}, "names no view"),
        ({"StateMachineArn": MACHINE, "Input": "{"}, "no JSON"),
        ({"StateMachineArn": MACHINE, "Input": "3"}, "names no view"),
        ({"StateMachineArn": f"{MACHINE}-2", "Input": '{"view": "a@1"}'}, "another state machine"),
        ({"FunctionName": "f", "Payload": "{}"}, "names no view"),
        ("x" * 10_000, f"{'x' * 200}..."),
    ],
)
def test_a_message_that_nobody_can_read_says_why(body: Any, why: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(ValueError, match=why.replace(".", r"\.")):
        failed_view(text, MACHINE)


@pytest.mark.parametrize(
    "body",
    [
        GAVE_UP,
        NOT_STARTED,
        {"stateMachineArn": MACHINE, "input": NOT_STARTED["Input"]},
        {"StateMachineArn": MACHINE, "Input": {"view": "spending@1"}},
        {"view": "spending@1"},
    ],
)
def test_every_shape_of_a_message_names_its_view(body: dict[str, Any]) -> None:
    assert failed_view(json.dumps(body), MACHINE) == "spending@1"


def test_what_cannot_be_read_stays_and_holds_up_nothing(executions: Executions) -> None:
    views = [f"view_{number}@1" for number in range(23)]
    send(executions, "not json", *({"view": view} for view in views), '{"view": 3}')

    with pytest.raises(RedriveError, match="2 messages stay in the queue") as caught:
        executions.redrive()

    assert sorted(item.view for item in caught.value.started) == sorted(views)
    assert sorted(why.split(":")[0] for why in caught.value.left.values()) == [
        "it is no JSON",
        "it names no view",
    ]
    assert started_for(executions) == sorted(views)
    assert waiting(executions) == 2


def test_a_start_whose_message_could_not_be_deleted_is_not_made_again(
    executions: Executions,
) -> None:
    send(executions, GAVE_UP)
    sqs, queue = executions.aws.client("sqs"), executions.jobs.failed_queue
    (message,) = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"]
    executions.aws.client("stepfunctions").start_execution(
        stateMachineArn=executions.jobs.state_machine,
        name=f"spending-1-{message['MessageId']}",
        input=json.dumps({"view": "spending@1", "cut": None}),
    )

    executions.redrive()

    assert started_for(executions) == ["spending@1"]
    assert waiting(executions) == 0


def test_the_command_prints_what_started_also_if_something_stays(
    local: LocalAws, executions: Executions
) -> None:
    name = executions.jobs.schedule_group[-8:]
    FeatureStore.local(f"store-{name}")
    local.client("ssm").put_parameter(
        Name=f"/skewless/store-{name}/jobs",
        Type="String",
        Value=json.dumps(executions.jobs.document()),
    )
    command = ["materialize", "--redrive", "--json", "--store", f"store-{name}"]
    send(executions, GAVE_UP, "not json")

    ran = run(*command, env=local.environment)

    assert ran.code == 1
    assert [item["view"] for item in ran.document["started"]] == ["spending@1"]
    assert [item["message"] for item in ran.document["failures"]] == ["it is no JSON: not json"]
    assert "1 messages stay in the queue" in ran.err
