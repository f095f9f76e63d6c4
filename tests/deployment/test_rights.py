"""Each part of a deployed store does with its role what the role allows, all of it and no more."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cdk import permissions
from cdk.access import statements
from deployment.cdk_cli import ACCOUNT
from localaws.deploy.iam import granted_actions
from skewless import FeatureStore, Source
from skewless.errors import StoreError
from skewless.store_names import StoreNames
from skewless.types import String

if TYPE_CHECKING:
    from pathlib import Path

    from cdk.permissions import Role
    from localaws import LocalAws
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
    "write": {
        "dynamodb:PutItem": "entities that fail",
        "dynamodb:UpdateItem": "entities that a statement cannot decide",
        "s3:PutObject": "lines that are none of the view",
    },
    "days": {"s3:PutObject": "lines that are none of the view"},
    "commit": {"dynamodb:DeleteItem": "entities that failed before, and are written now"},
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
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for stream in (False, True):
        view = jobs.a_view(stream=stream)
        assert jobs.run(view, midnight - timedelta(days=1))["status"] == "SUCCEEDED"
        late = midnight - timedelta(hours=2)
        row = {"card": "c1", "amount": 2.5, "shop": "tea", "paid_at": late}
        jobs.store.backfill(view.source, [row], rewrite=True)
        assert jobs.run(view)["status"] == "SUCCEEDED"
        jobs.assert_parity(view)
    assert [call for call in jobs.aws.calls if not call.is_allowed] == []
    return jobs


@pytest.mark.parametrize("name", ["plan", "write", "days", "commit"])
def test_a_function_uses_what_it_is_granted_and_no_more(used: RunningJobs, name: str) -> None:
    role = role_of(used.aws, f"skewless-{used.store.name}-{name}")
    asked = used.aws.calls.actions_of(role)
    allowed = granted(used.aws, role) - _OF_AGENTS
    assert asked <= allowed
    assert not used.aws.calls.refused_of(role)
    assert allowed - asked <= set(_RARE[name])


class As:
    """The store, as somebody with one of the product's roles uses it."""

    def __init__(self, jobs: RunningJobs, role: Role, *more: dict[str, Any]) -> None:
        names = StoreNames(
            store=jobs.store.name, account=ACCOUNT, region=jobs.aws.region, partition="aws"
        )
        self.statements = [_document(item) for item in statements(role, names)]
        session = jobs.aws.as_policy(*self.statements, *more)
        self.principal = session.principal
        self.calls = jobs.aws.calls
        self.store = FeatureStore.connect(jobs.store.name, session=session)

    def assert_enough(self) -> None:
        """Nothing that was asked for was refused."""
        assert not self.calls.refused_of(self.principal)

    def unused(self) -> set[str]:
        """What is granted and was not asked for."""
        policy = {"Version": "2012-10-17", "Statement": self.statements}
        return set(granted_actions(policy) - self.calls.actions_of(self.principal))


def _document(statement: dict[str, Any]) -> dict[str, Any]:
    document = {
        "Effect": "Allow",
        "Action": statement["actions"],
        "Resource": statement["resource_arns"],
    }
    if "conditions" in statement:
        document["Condition"] = statement["conditions"]
    return document


def test_whoever_ingests_may_just_that(used: RunningJobs) -> None:
    view = used.a_view(stream=True)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert used.run(view, midnight - timedelta(days=1))["status"] == "SUCCEEDED"
    producer = As(used, permissions.INGEST)
    row = {"card": "c1", "amount": 1.0, "shop": "tea", "paid_at": datetime.now(UTC)}
    assert producer.store.ingest(view.source, [row, {**row, "amount": "much"}]).accepted == 1
    old = {**row, "paid_at": midnight - timedelta(days=2)}
    assert producer.store.backfill(view.source, [old], rewrite=True).accepted == 1
    producer.assert_enough()
    assert producer.unused() <= {"s3:ListBucket"}
    # History knows a rewrite before serving does: a check of the whole store would find it.
    assert used.run(view)["status"] == "SUCCEEDED"
    used.assert_parity(view)
    with pytest.raises(StoreError, match="not authorized"):
        producer.store.apply(Source("another", schema={"card": String}, event_time="paid_at"))


def test_whoever_trains_may_just_that(used: RunningJobs, tmp_path: Path) -> None:
    view = used.a_view()
    trainer = As(used, permissions.TRAIN)
    labels = [{"card": f"c{number}", "event_timestamp": datetime.now(UTC)} for number in range(9)]
    training = trainer.store.get_historical_features(labels, [view], engine="athena")
    training.write_parquet(f"s3://{used.store.resources.bucket}/training/{view.name}.parquet")
    trainer.store.lock([view], tmp_path / "skewless.lock", model=view.name, training=[training])
    trainer.assert_enough()
    # Athena's for results in parts; erased snapshots are asked for only where one is missing.
    assert trainer.unused() <= {
        "s3:AbortMultipartUpload",
        "s3:ListBucketMultipartUploads",
        "s3:ListMultipartUploadParts",
    }
    row = {"card": "c1", "amount": 1.0, "shop": "tea", "paid_at": datetime.now(UTC)}
    with pytest.raises(StoreError, match="not authorized"):
        trainer.store.ingest(view.source, [row])


def test_whoever_serves_may_read_the_granted_views_and_nothing_else(
    used: RunningJobs, tmp_path: Path
) -> None:
    view, other = used.a_view(), used.a_view()
    for each in (view, other):
        assert used.run(each)["status"] == "SUCCEEDED"
    names = StoreNames(
        store=used.store.name, account=ACCOUNT, region=used.aws.region, partition="aws"
    )
    granted_views = list(statements(permissions.SERVE, names, None, [f"{view.name}@1#*"]))
    session = used.aws.as_policy(*map(_document, granted_views))
    for each, is_allowed in ((view, True), (other, False)):
        lock = tmp_path / f"{each.name}.lock"
        used.store.lock([each], lock)
        serving = FeatureStore.from_lock(lock, session=session)
        if is_allowed:
            assert serving.get_online_features(entity_rows=[{"card": "c1"}]).rows
        else:
            with pytest.raises(StoreError, match="not authorized"):
                serving.get_online_features(entity_rows=[{"card": "c1"}])
    assert used.aws.calls.actions_of(session.principal) == {"dynamodb:BatchGetItem"}


def test_an_administrator_may_do_what_operating_takes(used: RunningJobs) -> None:
    view = used.a_view()
    assert used.run(view)["status"] == "SUCCEEDED"
    key = used.store.resources.report_key
    arn = used.aws.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    sign = {"Effect": "Allow", "Action": list(permissions.SIGN_REPORTS), "Resource": arn}
    operator = As(used, permissions.ADMINISTER, sign)
    operator.store.apply([view.source, view])
    operator.store.start_materialization(view)
    operator.store.redrive()
    operator.store.doctor()
    # Other tests leave cuts that were begun, after which an erasure asks to be run again.
    assert operator.store.forget("card", "c1").removed
    # The doctor says what it was not told; AWS lets few simulate policies.
    assert operator.calls.refused_of(operator.principal) <= {"iam:SimulatePrincipalPolicy"}
