"""The resources that run cuts: schedules, state machine, queue of cuts that gave up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.doctor.diagnosis import Finding, error, warning
from skewless.doctor.patient import AbsentError
from skewless.jobs.schedules import Schedules
from skewless.store_names import jobs_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.aws import Jobs
    from skewless.doctor.patient import Patient

_LOOKED_AT = 20
_DONE_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


def check_schedules(patient: Patient, jobs: Jobs) -> Iterator[Finding]:
    """Check that each view's cuts are scheduled, and nothing else is."""
    views = patient.published.live_views if patient.published else ()
    for drift in Schedules(patient.aws, jobs).drift(views):
        yield error(f"schedule {drift.subject}", drift.what, "skewless apply FILE")


def check_state_machine(patient: Patient, jobs: Jobs) -> Iterator[Finding]:
    """Check that the state machine exists, and how its last executions ended."""
    subject = f"state machine {jobs.state_machine.rpartition(':')[2]}"
    absent = ("StateMachineDoesNotExist",)
    machine = {"stateMachineArn": jobs.state_machine}
    try:
        patient.ask("stepfunctions", "describe_state_machine", absent, **machine)
        answer = patient.ask(
            "stepfunctions", "list_executions", absent, **machine, maxResults=_LOOKED_AT
        )
    except AbsentError:
        yield error(subject, "there is none", f"cdk deploy {jobs_stack(patient.resources.store)}")
        return
    ended = [found for found in answer["executions"] if found["status"] != "RUNNING"]
    bad = [found for found in ended if found["status"] in _DONE_BADLY]
    if not bad:
        return
    what = f"{len(bad)} of the last {len(ended)} executions failed, the latest is {bad[0]['name']}"
    remedy = "skewless materialize --redrive"
    if ended[0] is bad[0]:
        yield error(subject, what, remedy)
    else:
        yield warning(subject, f"{what}; the last one succeeded", remedy)


def check_failed_queue(patient: Patient, jobs: Jobs) -> Iterator[Finding]:
    """Check for cuts that gave up."""
    subject = f"queue {jobs.failed_queue.rpartition('/')[2]}"
    try:
        answer = patient.ask(
            "sqs",
            "get_queue_attributes",
            _NO_QUEUE,
            QueueUrl=jobs.failed_queue,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
    except AbsentError:
        yield error(subject, "there is none", f"cdk deploy {jobs_stack(patient.resources.store)}")
        return
    depth = sum(int(number) for number in answer["Attributes"].values())
    if depth:
        yield error(
            subject, f"{depth} cuts gave up after three attempts", "skewless materialize --redrive"
        )
