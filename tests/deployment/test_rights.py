"""Each part of a deployed store does with its role what the role allows, all of it and no more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from skewless.local.iam import granted_actions

if TYPE_CHECKING:
    from skewless.local import LocalAws
    from tests.deployment.jobs import RunningJobs

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

# What is granted to every function for its traces and logs is asked by AWS's own agents.
_OF_AGENTS = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
# Granted for what this run does not do, each with when it does.
_RARE = {
    "plan": {"dynamodb:GetItem": "rewrites; read once a cut is begun"},
    "write": {"s3:PutObject": "rows that cannot be written"},
    "days": {"s3:PutObject": "rows that cannot be written", "dynamodb:UpdateItem": "none"},
    "commit": {},
}


def role_of(aws: LocalAws, function: str) -> str:
    """The name of a function's role."""
    found = aws.client("lambda").get_function_configuration(FunctionName=function)
    return str(found["Role"].rpartition("/")[2])


def granted(aws: LocalAws, role: str) -> frozenset[str]:
    """What a role's policies allow."""
    iam = aws.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents: list[Any] = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names
    ]
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=arn, VersionId=version)
        documents.append(found["PolicyVersion"]["Document"])
    return granted_actions(
        *(json.loads(item) if isinstance(item, str) else item for item in documents)
    )


@pytest.fixture(scope="module")
def used(jobs: RunningJobs) -> RunningJobs:
    """The store, after a stream and a scheduled view were cut, each once new and once again."""
    jobs.aws.calls.clear()
    for stream in (False, True):
        view = jobs.a_view(stream=stream)
        assert jobs.run(view)["status"] == "SUCCEEDED"
    return jobs


@pytest.mark.parametrize("name", ["plan", "write", "days", "commit"])
def test_a_function_uses_what_it_is_granted_and_no_more(used: RunningJobs, name: str) -> None:
    role = role_of(used.aws, f"skewless-{used.store.name}-{name}")
    asked = used.aws.calls.actions_of(role)
    allowed = granted(used.aws, role) - _OF_AGENTS
    assert asked <= allowed
    assert not used.aws.calls.refused_of(role)
    assert allowed - asked <= set(_RARE[name])


def test_nothing_was_refused_to_anybody(used: RunningJobs) -> None:
    assert [call for call in used.aws.calls if not call.is_allowed] == []
