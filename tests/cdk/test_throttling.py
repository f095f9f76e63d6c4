"""Cuts wait for room where an account has room for few functions at once."""

from __future__ import annotations

import time
from typing import Any

import pytest

from localaws import LocalAws
from localaws.deploy import functions
from tests.cdk.test_machine import machine
from tests.localaws.packages import a_function
from tests.localaws.roles import a_role_for_all
from tests.localaws.workflows import a_machine, ended, start

WRITES = """
import time
def handler(event, context):
    time.sleep(0.1)
    return {"is_finished": event["from"] == 2, "next": event["from"] + 1}
"""
CUTS = 4
# As many calls as four retries would have made of each cut, and more.
REFUSED = CUTS * 6


@pytest.fixture
def aws() -> LocalAws:
    aws = LocalAws.start(functions=True)
    a_role_for_all(aws, "workflow")
    return aws


def writing(function: str) -> dict[str, Any]:
    """How the machine writes one object, with shorter pauses than operators want."""
    child = machine().document()["States"]["Write"]["ItemProcessor"]
    states = child["States"]
    for state in states.values():
        for retry in state.get("Retry", ()):
            retry.update(IntervalSeconds=1, MaxDelaySeconds=1, BackoffRate=1.0)
    states["WriteSome"]["Resource"] = function
    return {"StartAt": child["StartAt"], "States": states}


def test_cuts_that_find_no_room_wait_and_are_done_with_little(aws: LocalAws) -> None:
    name = a_function(aws, WRITES)
    arn = aws.client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    workflow = a_machine(aws, writing(arn))
    with functions.limited(0) as fleet:
        cuts = [start(aws, workflow, {"key": str(cut), "plan": {}}) for cut in range(CUTS)]
        deadline = time.monotonic() + 60
        while fleet.refused < REFUSED and time.monotonic() < deadline:
            time.sleep(0.05)
        fleet.concurrency = 1
        states = [ended(aws, cut) for cut in cuts]

    assert {state["status"] for state in states} == {"SUCCEEDED"}, states
