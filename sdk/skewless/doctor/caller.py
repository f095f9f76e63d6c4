"""The caller: permissions, clock, and what is installed."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from skewless.doctor.diagnosis import Finding, Severity, warning
from skewless.doctor.patient import NotAllowedError
from skewless.online.server_time import date_of, skew_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.doctor.patient import Patient

GRANT = "ask for grant_administer"
_TOLERATED_SECONDS = 1.0
_TRAINING = ("awswrangler", "duckdb", "narwhals", "pyarrow", "pyiceberg", "sqlglot")


def check_clock(patient: Patient) -> Iterator[Finding]:
    """Compare this machine's clock with AWS's, by the date of an answer."""
    before = time.time()
    answer = patient.ask("sts", "get_caller_identity")
    after = time.time()
    stamp = date_of(answer)
    if stamp is None:
        yield warning("clock", "AWS's answer has no date to compare with", "check NTP yourself")
        return
    skew = skew_seconds(before, after, parsedate_to_datetime(stamp).timestamp())
    if abs(skew) > _TOLERATED_SECONDS:
        yield warning(
            "clock",
            f"this machine is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} AWS: events "
            "that it ingests are stamped so, and training counts them from then",
            "set the clock by NTP, for example with chrony and 169.254.169.123",
        )


def check_training(_patient: Patient) -> Iterator[Finding]:
    """Check whether history and writing can be used here."""
    missing = [name for name in _TRAINING if find_spec(name) is None]
    if missing:
        yield warning(
            "training extra",
            f"history, ingestion and cuts cannot be used here: {', '.join(missing)} is not "
            "installed; serving can",
            "pip install 'skewless[training]'",
        )


def check_permissions(patient: Patient) -> Iterator[Finding]:
    """Ask IAM which of the administrator's actions the caller has, where it may be asked."""
    subject = "permissions"
    if patient.aws.endpoint is not None:
        yield Finding(Severity.OK, subject, "a local AWS allows everything")
        return
    identity = patient.ask("sts", "get_caller_identity")
    principal = principal_of(identity["Arn"])
    if principal is None:
        yield warning(subject, "the caller is the account's root", "use a role instead")
        return
    try:
        denied = list(_denied(patient, principal, identity["Account"], partition_of(principal)))
    except NotAllowedError as problem:
        yield warning(
            subject,
            f"they were not looked at: {problem}",
            f"ask for {problem.action}; without it each check that is refused says so",
        )
        return
    for action, resource in denied:
        yield warning(subject, f"not allowed: {action} on {resource}", GRANT)


def principal_of(arn: str) -> str | None:
    """Return the ARN whose policies apply to a caller: its user, or the role it assumed."""
    head, _, name = arn.partition(":sts::")
    if ":assumed-role/" not in arn:
        return None if arn.endswith(":root") else arn
    account, _, session = name.partition(":assumed-role/")
    return f"{head}:iam::{account}:role/{session.partition('/')[0]}"


def partition_of(arn: str) -> str:
    """Return the partition of AWS that an ARN is of: aws, aws-us-gov, aws-cn."""
    return arn.split(":")[1]


def _denied(
    patient: Patient, principal: str, account: str, partition: str
) -> Iterator[tuple[str, str]]:
    for actions, resources in needed_actions(patient, account, partition):
        answer = patient.ask(
            "iam",
            "simulate_principal_policy",
            PolicySourceArn=principal,
            ActionNames=list(actions),
            ResourceArns=list(resources),
        )
        for found in answer["EvaluationResults"]:
            if found["EvalDecision"] != "allowed":
                yield found["EvalActionName"], found["EvalResourceName"]


def needed_actions(
    patient: Patient, account: str, partition: str
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield what administering the store takes: actions, each on all of the resources."""
    names = patient.resources
    region = _region(patient)

    def arn(service: str, what: str) -> str:
        return f"arn:{partition}:{service}:{region}:{account}:{what}"

    yield (
        (
            "dynamodb:BatchGetItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PartiQLInsert",
            "dynamodb:PartiQLUpdate",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        ),
        (arn("dynamodb", f"table/{names.online_table}"),),
    )
    yield (
        ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"),
        (arn("dynamodb", f"table/{names.registry_table}"),),
    )
    yield ("s3:ListBucket",), (f"arn:{partition}:s3:::{names.bucket}",)
    yield (
        ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
        (f"arn:{partition}:s3:::{names.bucket}/*",),
    )
    yield (
        ("glue:CreateTable", "glue:DeleteTable", "glue:GetTable", "glue:UpdateTable"),
        (arn("glue", f"table/{names.database}/*"),),
    )
    yield (
        ("athena:GetQueryExecution", "athena:GetWorkGroup", "athena:StartQueryExecution"),
        (arn("athena", f"workgroup/{names.workgroup}"),),
    )
    yield ("ssm:GetParameter",), (arn("ssm", f"parameter/skewless/{names.store}"),)


def _region(patient: Patient) -> Any:
    return patient.aws.client("dynamodb").meta.region_name
