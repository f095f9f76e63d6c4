from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk.functions import FUNCTIONS
from tests.cdk.apps import actions, flat, only, stacks, statements_of

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk.assertions import Template

NAMES = [function.name for function in FUNCTIONS]
# What CDK gives every function: its own log group, and traces.
OWN = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


def function(jobs: Template, name: str) -> dict[str, Any]:
    found = only(jobs, "AWS::Lambda::Function", {"FunctionName": f"skewless-dev-{name}"})
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_there_are_the_functions_of_the_decision_record(jobs: Template) -> None:
    functions = jobs.find_resources("AWS::Lambda::Function").values()

    assert {each["Properties"]["FunctionName"] for each in functions} == {
        f"skewless-dev-{name}" for name in ("plan", "write", "days", "commit", "watch", "check")
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_function_runs_its_handler_on_arm_and_is_traced(jobs: Template, name: str) -> None:
    properties = function(jobs, name)

    assert properties["Handler"] == f"lambdas.{name}.handler.handle"
    assert properties["Architectures"] == ["arm64"]
    assert properties["Runtime"] == "python3.13"
    assert properties["TracingConfig"] == {"Mode": "Active"}


@pytest.mark.parametrize(
    ("name", "memory", "timeout"),
    [
        ("plan", 512, 60),
        ("write", 1024, 300),
        ("days", 1024, 300),
        ("commit", 256, 30),
        ("watch", 256, 60),
        ("check", 2048, 900),
    ],
)
def test_a_function_has_the_memory_and_time_that_it_needs(
    jobs: Template, name: str, memory: int, timeout: int
) -> None:
    properties = function(jobs, name)

    assert (properties["MemorySize"], properties["Timeout"]) == (memory, timeout)


@pytest.mark.parametrize("name", NAMES)
def test_a_function_is_told_its_store(jobs: Template, name: str) -> None:
    variables = function(jobs, name)["Environment"]["Variables"]

    assert variables["SKEWLESS_STORE"] == "dev"
    assert json.loads(flat(variables["SKEWLESS_RESOURCES"]))["online_table"] == (
        "skewless-dev-online"
    )
    assert variables["LOG_LEVEL"] == "INFO"


def test_functions_that_write_at_once_share_the_write_rate(tmp_path: Path) -> None:
    from aws_cdk.assertions import Template  # noqa: PLC0415

    made = stacks(tmp_path, {"dev": {"writes_per_second": 4_000}})
    jobs = Template.from_stack(made["skewless-dev-jobs"])

    for name in ("write", "days"):
        assert function(jobs, name)["Environment"]["Variables"]["WRITES_PER_SECOND"] == "500"
    assert function(jobs, "plan")["Environment"]["Variables"]["LANDING_SECONDS"] == "60"
    assert "WRITES_PER_SECOND" not in function(jobs, "commit")["Environment"]["Variables"]


def test_only_the_check_has_pandas_and_as_the_managed_layer(jobs: Template) -> None:
    with_layers = [name for name in NAMES if "Layers" in function(jobs, name)]
    parameters = jobs.to_json()["Parameters"]
    (layer,) = function(jobs, "check")["Layers"]

    assert with_layers == ["check"]
    assert parameters[layer["Ref"]] == {
        "Type": "AWS::SSM::Parameter::Value<String>",
        "Default": "/aws/service/aws-sdk-pandas/3.17.1/py3.13/arm64/layer-arn",
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_function_logs_to_a_group_that_forgets(jobs: Template, name: str) -> None:
    group = only(jobs, "AWS::Logs::LogGroup", {"LogGroupName": f"/aws/lambda/skewless-dev-{name}"})

    assert group["Properties"]["RetentionInDays"] == 90
    assert group["DeletionPolicy"] == "Delete"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "plan",
            {
                "dynamodb:BatchGetItem",
                "dynamodb:GetItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
                "glue:GetTable",
                "s3:GetObject",
            },
        ),
        (
            "write",
            {
                "dynamodb:PartiQLInsert",
                "dynamodb:PartiQLUpdate",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
                "s3:GetObject",
                "s3:PutObject",
            },
        ),
        (
            "days",
            {
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "s3:GetObject",
                "s3:PutObject",
            },
        ),
        (
            "commit",
            {"dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:UpdateItem", "s3:ListBucket"},
        ),
        (
            "watch",
            {"dynamodb:BatchGetItem", "dynamodb:Query", "glue:GetTable", "s3:GetObject"},
        ),
    ],
)
def test_a_function_may_do_what_it_does_and_nothing_else(
    jobs: Template, name: str, expected: set[str]
) -> None:
    assert actions(statements_of(jobs, f"JobsFunctions{name.capitalize()}")) == expected | OWN


def test_the_write_function_reads_results_and_keeps_what_does_not_fit(jobs: Template) -> None:
    statements = statements_of(jobs, "JobsFunctionsWrite")
    bucket = "arn:<Partition>:s3:::skewless-dev-<AccountId>-<Region>"

    assert [
        (each["Action"], each["Resource"]) for each in statements if "s3:" in str(each["Action"])
    ] == [("s3:GetObject", f"{bucket}/cuts/*"), ("s3:PutObject", f"{bucket}/refused/*")]


def test_the_commit_lists_what_was_refused_and_nothing_else(jobs: Template) -> None:
    statements = statements_of(jobs, "JobsFunctionsCommit")

    (listing,) = [each for each in statements if "s3:" in str(each["Action"])]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["refused/*"]}}


def test_the_watch_reads_the_quarantines_metadata_and_no_rows(jobs: Template) -> None:
    statements = statements_of(jobs, "JobsFunctionsWatch")
    bucket = "arn:<Partition>:s3:::skewless-dev-<AccountId>-<Region>"

    (reading,) = [each for each in statements if "s3:" in str(each["Action"])]
    assert reading["Resource"] == f"{bucket}/log/skewless_quarantine*/metadata/*"


def test_no_part_of_the_store_may_do_everything_of_a_service(
    templates: dict[str, Template],
) -> None:
    for template in templates.values():
        for policy in template.find_resources("AWS::IAM::Policy").values():
            found = actions(policy["Properties"]["PolicyDocument"]["Statement"])
            assert not [action for action in found if "*" in action]


def test_only_what_aws_ties_to_no_resource_is_allowed_on_all(jobs: Template) -> None:
    everywhere = {
        action
        for policy in jobs.find_resources("AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Resource"] == "*"
        for action in actions([statement])
    }

    assert {action.partition(":")[0] for action in everywhere} == {"logs", "xray"}


def test_failed_cuts_wait_two_weeks_in_an_encrypted_queue(jobs: Template) -> None:
    queue = only(jobs, "AWS::SQS::Queue")["Properties"]

    assert queue["QueueName"] == "skewless-dev-failed"
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert queue["SqsManagedSseEnabled"] is True


def test_schedules_of_this_group_alone_start_cuts(jobs: Template) -> None:
    group = only(jobs, "AWS::Scheduler::ScheduleGroup")["Properties"]
    role = only(jobs, "AWS::IAM::Role", {"RoleName": "skewless-dev-scheduler"})["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]

    assert group["Name"] == "skewless-dev"
    assert flat(trust["Condition"]) == {
        "StringEquals": {
            "aws:SourceAccount": "<AccountId>",
            "aws:SourceArn": (
                "arn:<Partition>:scheduler:<Region>:<AccountId>:schedule-group/skewless-dev"
            ),
        }
    }
    assert statements_of(jobs, "JobsMaterializerScheduler") == [
        {
            "Action": "states:StartExecution",
            "Effect": "Allow",
            "Resource": (
                "arn:<Partition>:states:<Region>:<AccountId>:stateMachine:skewless-dev-materialize"
            ),
        },
        {
            "Action": "sqs:SendMessage",
            "Effect": "Allow",
            "Resource": "arn:<Partition>:sqs:<Region>:<AccountId>:skewless-dev-failed",
        },
    ]


def test_watch_and_check_run_by_the_clock_outside_of_the_views_group(jobs: Template) -> None:
    schedules = {
        each["Properties"]["Name"]: each["Properties"]
        for each in jobs.find_resources("AWS::Scheduler::Schedule").values()
    }

    assert {name: each["ScheduleExpression"] for name, each in schedules.items()} == {
        "skewless-dev-watch": "cron(0/5 * * * ? *)",
        "skewless-dev-check": "cron(0 3 * * ? *)",
    }
    assert not [each for each in schedules.values() if "GroupName" in each]


def test_the_sdk_finds_what_runs_cuts_in_the_jobs_parameter(jobs: Template) -> None:
    parameter = only(jobs, "AWS::SSM::Parameter")["Properties"]
    document = json.loads(flat(parameter["Value"]))

    assert parameter["Name"] == "/skewless/dev/jobs"
    assert sorted(document) == [
        "failed_queue",
        "schedule_group",
        "scheduler_role",
        "state_machine",
    ]
    assert document["schedule_group"] == "skewless-dev"


def test_the_jobs_refer_to_the_data_by_name_alone(
    templates: dict[str, Template], tmp_path: Path
) -> None:
    jobs, data = (templates[f"skewless-dev-{name}"].to_json() for name in ("jobs", "data"))
    made = stacks(tmp_path, {"dev": {}})

    assert "Fn::ImportValue" not in json.dumps(jobs)
    assert "Fn::GetStackOutput" not in json.dumps(jobs)
    assert "Outputs" not in data
    # But are deployed after it.
    assert made["skewless-dev-data"] in made["skewless-dev-jobs"].dependencies


def test_the_state_machine_is_traced_and_logs_errors_without_data(jobs: Template) -> None:
    machine = only(jobs, "AWS::StepFunctions::StateMachine")["Properties"]

    assert machine["StateMachineName"] == "skewless-dev-materialize"
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert machine["LoggingConfiguration"]["Level"] == "ERROR"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
