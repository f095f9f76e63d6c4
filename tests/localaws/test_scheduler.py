"""Schedules fire: when they are due by the local clock, once, as the role they name."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.packages import a_function
from tests.localaws.workflows import a_machine, ended, one_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws import LocalAws


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


NOON = utc(2031, 5, 1, 12)  # a Thursday
ROLE = "arn:aws:iam::123456789012:role/scheduler"


@pytest.fixture(autouse=True)
def noon(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It is noon when a schedule is made; only these tests' ticks move on."""
    _forget_schedules(aws)  # what other tests left would fire as well
    monkeypatch.setattr(aws, "clock", lambda: NOON)
    yield
    _forget_schedules(aws)


def _forget_schedules(aws: LocalAws) -> None:
    scheduler = aws.client("scheduler")
    for schedule in scheduler.list_schedules()["Schedules"]:
        scheduler.delete_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])


@pytest.fixture
def machine(aws: LocalAws) -> str:
    return a_machine(aws, one_state({"Type": "Pass"}))


def a_schedule(aws: LocalAws, called: str, expression: str, **options: Any) -> str:
    name = f"test-{uuid.uuid4().hex}"
    aws.client("scheduler").create_schedule(
        **{
            "Name": name,
            "ScheduleExpression": expression,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": called, "RoleArn": ROLE, **options.pop("target", {})},
            **options,
        }
    )
    return name


def due_at(aws: LocalAws, now: datetime) -> list[datetime]:
    return [call.due_at for call in aws.scheduler.tick(now)]


def executions(aws: LocalAws, machine: str) -> list[Any]:
    found = aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    return [ended(aws, one["executionArn"]) for one in found]


def test_a_due_schedule_starts_an_execution_with_its_input(aws: LocalAws, machine: str) -> None:
    given = {"view": "clicks", "at": "<aws.scheduler.scheduled-time>"}
    a_schedule(aws, machine, "rate(5 minutes)", target={"Input": json.dumps(given)})

    aws.scheduler.tick(NOON + timedelta(minutes=5, seconds=20))

    (execution,) = executions(aws, machine)
    assert execution["output"] == {"view": "clicks", "at": "2031-05-01T12:05:00Z"}


def test_a_rate_counts_from_when_the_schedule_was_made(aws: LocalAws, machine: str) -> None:
    a_schedule(aws, machine, "rate(1 hour)")

    assert due_at(aws, NOON + timedelta(minutes=59, seconds=59)) == []
    assert due_at(aws, NOON + timedelta(minutes=60)) == [NOON + timedelta(hours=1)]
    assert due_at(aws, NOON + timedelta(minutes=119)) == []
    assert due_at(aws, NOON + timedelta(minutes=121)) == [NOON + timedelta(hours=2)]


def test_a_rate_counts_from_its_start(aws: LocalAws, machine: str) -> None:
    start = NOON + timedelta(minutes=10)
    a_schedule(aws, machine, "rate(1 hour)", StartDate=start)

    assert due_at(aws, start - timedelta(seconds=1)) == []
    assert due_at(aws, start) == [start]
    assert due_at(aws, start + timedelta(minutes=61)) == [start + timedelta(hours=1)]


def test_instants_that_were_missed_fire_once(aws: LocalAws, machine: str) -> None:
    a_schedule(aws, machine, "rate(1 minute)")

    assert due_at(aws, NOON + timedelta(hours=3)) == [NOON + timedelta(hours=3)]
    assert len(executions(aws, machine)) == 1


def test_the_same_instant_does_not_fire_twice(aws: LocalAws, machine: str) -> None:
    a_schedule(aws, machine, "rate(1 minute)")
    now = NOON + timedelta(minutes=1)

    assert len(aws.scheduler.tick(now)) == 1
    assert aws.scheduler.tick(now) == []


def test_nothing_is_due_after_the_end(aws: LocalAws, machine: str) -> None:
    end = NOON + timedelta(minutes=90)
    a_schedule(aws, machine, "rate(1 hour)", EndDate=end)

    assert due_at(aws, NOON + timedelta(hours=1)) == [NOON + timedelta(hours=1)]
    assert due_at(aws, NOON + timedelta(hours=2)) == []


def test_a_disabled_schedule_does_not_fire_nor_catch_up(aws: LocalAws, machine: str) -> None:
    name = a_schedule(aws, machine, "rate(1 hour)", State="DISABLED")
    assert due_at(aws, NOON + timedelta(hours=1)) == []

    aws.client("scheduler").update_schedule(
        Name=name,
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE},
        State="ENABLED",
    )

    assert due_at(aws, NOON + timedelta(minutes=90)) == [NOON + timedelta(hours=1)]


@pytest.mark.parametrize(
    ("cron", "zone", "until", "due"),
    [
        ("0/15 * * * ? *", "UTC", NOON + timedelta(minutes=16), NOON + timedelta(minutes=15)),
        ("0 6 * * ? *", "UTC", NOON + timedelta(days=1), utc(2031, 5, 2, 6)),
        ("30 8 ? * MON-WED *", "UTC", NOON + timedelta(days=7), utc(2031, 5, 7, 8, 30)),
        ("0 0 L * ? *", "UTC", NOON + timedelta(days=40), utc(2031, 5, 31)),
        ("0 0 ? * 6#2 *", "UTC", NOON + timedelta(days=30), utc(2031, 5, 9)),
        ("0 0 ? * 6L *", "UTC", NOON + timedelta(days=31), utc(2031, 5, 30)),
        ("0 9 * * ? *", "Europe/Berlin", NOON + timedelta(days=1), utc(2031, 5, 2, 7)),
        ("0 9 * JAN,DEC ? *", "Asia/Tokyo", NOON + timedelta(days=214), utc(2031, 12, 1)),
    ],
)
def test_a_cron_expression_is_due_in_its_zone(
    aws: LocalAws, machine: str, cron: str, zone: str, until: datetime, due: datetime
) -> None:
    a_schedule(aws, machine, f"cron({cron})", ScheduleExpressionTimezone=zone)

    assert due_at(aws, until) == [due]


def test_an_hour_that_a_clock_change_skips_is_not_due(aws: LocalAws, machine: str) -> None:
    a_schedule(aws, machine, "cron(30 2 30 MAR ? *)", ScheduleExpressionTimezone="Europe/Berlin")

    assert due_at(aws, NOON + timedelta(days=364)) == [utc(2032, 3, 30, 0, 30)]

    a_schedule(aws, machine, "cron(30 2 28 MAR ? 2032)", ScheduleExpressionTimezone="Europe/Berlin")
    assert due_at(aws, NOON + timedelta(days=365)) == []


def test_a_schedule_at_an_instant_fires_once_and_goes_if_it_shall(
    aws: LocalAws, machine: str
) -> None:
    name = a_schedule(aws, machine, "at(2031-05-01T13:00:00)", ActionAfterCompletion="DELETE")

    assert due_at(aws, NOON + timedelta(hours=2)) == [NOON + timedelta(hours=1)]

    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        aws.client("scheduler").get_schedule(Name=name)


def test_a_function_is_invoked(aws: LocalAws) -> None:
    bucket = f"test-{uuid.uuid4().hex}"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    source = """
    import boto3
    def handler(event, context):
        boto3.client("s3").put_object(Bucket=event["bucket"], Key="seen", Body=b"x")
    """
    function = a_function(aws, source)
    arn = aws.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    a_schedule(aws, arn, "rate(1 minute)", target={"Input": json.dumps({"bucket": bucket})})

    aws.scheduler.tick(NOON + timedelta(minutes=1))

    deadline = time.monotonic() + 60
    while not s3.list_objects_v2(Bucket=bucket)["KeyCount"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_any_action_can_be_called(aws: LocalAws, machine: str) -> None:
    given = {"StateMachineArn": machine, "Name": "cut-1", "Input": '{"view": "clicks"}'}
    action = "arn:aws:scheduler:::aws-sdk:sfn:startExecution"
    a_schedule(aws, action, "rate(1 minute)", target={"Input": json.dumps(given)})

    aws.scheduler.tick(NOON + timedelta(minutes=1))

    (execution,) = executions(aws, machine)
    assert (execution["name"], execution["output"]) == ("cut-1", {"view": "clicks"})


def test_a_call_that_fails_is_sent_to_the_queue_of_failures(aws: LocalAws) -> None:
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName=f"test-{uuid.uuid4().hex}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    missing = "arn:aws:states:us-east-1:123456789012:stateMachine:not-there"
    a_schedule(
        aws,
        missing,
        "rate(1 minute)",
        target={"Input": '{"view": "clicks"}', "DeadLetterConfig": {"Arn": arn["QueueArn"]}},
    )

    aws.scheduler.tick(NOON + timedelta(minutes=1))

    (message,) = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
    # The request that could not be made, not the input of the schedule.
    request = json.loads(message["Body"])
    assert request == {"StateMachineArn": missing, "Input": '{"view": "clicks"}'}
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert told["ERROR_CODE"] == "StateMachineDoesNotExist"
    assert told["TARGET_ARN"] == missing
    assert told["SCHEDULED_TIME"] == "2031-05-01T12:01:00Z"
    assert (told["RETRY_ATTEMPTS"], told["IS_PAYLOAD_TRUNCATED"]) == ("0", "false")


@pytest.mark.parametrize(
    "expression",
    ["every day", "rate(0 minutes)", "rate(5 seconds)", "cron(0 6 * * * *)", "cron(99 6 * * ? *)"],
)
def test_an_expression_that_means_nothing_is_refused(
    aws: LocalAws, machine: str, expression: str
) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        a_schedule(aws, machine, expression)


def test_a_schedule_in_a_group_that_is_not_there_is_refused(aws: LocalAws, machine: str) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        a_schedule(aws, machine, "rate(1 minute)", GroupName="no-such-group")


def test_the_clock_alone_makes_a_schedule_fire(
    aws: LocalAws, machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_schedule(aws, machine, "rate(1 hour)")

    monkeypatch.setattr(aws, "clock", lambda: NOON + timedelta(hours=1))

    deadline = time.monotonic() + 60
    while not executions(aws, machine):
        assert time.monotonic() < deadline
        time.sleep(0.02)
