"""The commands that need a deployed store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.terminal import Ran, run

if TYPE_CHECKING:
    from tests.deployment.jobs import RunningJobs

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def in_store(jobs: RunningJobs, *arguments: str) -> Ran:
    """Run a command on the deployed store."""
    return run(*arguments, "--store", jobs.store.name, env=jobs.aws.environment)


def test_cuts_are_started_and_what_gave_up_is_redriven(jobs: RunningJobs) -> None:
    view = jobs.a_view()
    ran = in_store(jobs, "materialize", view.name, "--start")
    assert ran.code == 0, ran.err
    assert f"{view.name}@1: started arn:aws:states:" in ran.out
    assert jobs.wait(ran.out.split()[-1])["status"] == "SUCCEEDED"
    jobs.assert_parity(view)

    message = {"view": f"{view.name}@1", "cut": None}
    for _ in range(2):
        jobs.aws.client("sqs").send_message(
            QueueUrl=jobs.names.failed_queue, MessageBody=json.dumps(message)
        )
    started = in_store(jobs, "materialize", "--redrive", "--json").document["started"]
    assert [item["view"] for item in started].count(f"{view.name}@1") == 1
    assert not [item for item in jobs.failed() if item["view"] == f"{view.name}@1"]


def test_the_doctor_finds_a_deployed_store_in_good_health(jobs: RunningJobs) -> None:
    jobs.a_view()
    found = in_store(jobs, "doctor", "--json").document
    errors = [item for item in found["findings"] if item["severity"] == "error"]
    about = {item["subject"] for item in errors}
    # Tests leave views that were never cut, and cuts that gave up; nothing else is wrong.
    left = ("view ", "queue ", "state machine ")
    assert not {subject for subject in about if not subject.startswith(left)}, errors
