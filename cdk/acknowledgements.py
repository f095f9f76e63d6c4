"""Findings of the review that are accepted, each with its reason.

The rules are cdk-nag's AwsSolutions pack. Any other finding fails synthesis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from cdk.parts import Part, arns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import IConstruct

    from cdk import permissions
    from skewless.store_names import StoreNames

BUCKET: Mapping[str, str] = {
    "AwsSolutions-S1": (
        "Who read which object is told by CloudTrail's data events, which name the principal; a "
        "bucket of access logs for each store would be one more place with personal data."
    ),
}
CATALOG: Mapping[str, str] = {
    "AwsSolutions-CFR1": "Who may read it is told by signed cookies, wherever the reader is.",
    "AwsSolutions-CFR2": (
        "It serves files to those with signed cookies, takes no input, and has nothing behind it "
        "that a web firewall would protect."
    ),
    "AwsSolutions-CFR3": (
        "A log of who read which page is personal data that nobody asked for. Turn on CloudFront's "
        "standard logging where it is wanted."
    ),
}
FUNCTION: Mapping[str, str] = {
    "AwsSolutions-L1": (
        "The runtime is the Python that the tests ran on, and that the package's bytecode is for; "
        "Lambda supports it. Set `python` to move."
    ),
}
FAILED_QUEUE: Mapping[str, str] = {
    "AwsSolutions-SQS3": "It is the dead-letter queue.",
}
STATE_MACHINE: Mapping[str, str] = {
    "AwsSolutions-SF1": (
        "Errors are logged; what an execution did is in its history for 90 days. Logging every "
        "event of every child of a distributed map would cost more than the cuts."
    ),
}
# wildcards that CDK itself writes for functions and state machines
TRACING: Mapping[str, str] = {
    "AwsSolutions-IAM5[Resource::*]": (
        "X-Ray's and log delivery's actions know no resources: AWS wants `*`."
    ),
}
VPC: Mapping[str, str] = {
    "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
    "AWSLambdaVPCAccessExecutionRole]": (
        "Network interfaces are Lambda's to make and remove: the actions know no resources, and "
        "AWS keeps the list."
    ),
}
_ROWS = "Object names are drawn at random, below this one prefix of the store's own bucket."
WILDCARDS: Mapping[Part, str] = {
    Part.LOG: "The logs of all sources, in the store's own bucket: sources come by `apply`.",
    Part.LOG_TABLES: "The tables of all sources, in the store's own database: they come by `apply`",
    Part.QUARANTINE_METADATA: "The metadata of the sources' tables of refused rows.",
    Part.QUARANTINE_TABLE: "Each source has a table of its refused rows: sources come by `apply`.",
    Part.CUTS: _ROWS,
    Part.REFUSED: _ROWS,
    Part.QUERIES: _ROWS,
    Part.ATHENA_RESULTS: _ROWS,
    Part.TRAINING_SETS: _ROWS,
    Part.SESSION_TABLES: "A session's tables have random names with these prefixes.",
    Part.TEMPORARY: _ROWS,
    Part.REPORTS: _ROWS,
    Part.SETS_WRITTEN: _ROWS,
    Part.SNAPSHOTS_EXPIRED: _ROWS,
    Part.SCHEDULES: "The store's own schedule group; schedules come and go by `apply`.",
    Part.EXECUTIONS: "The machine's own executions, whose names are given when they start.",
    Part.OPTIMIZER_LOGS: "Glue names its log groups, one for each kind of optimizer.",
    Part.ANYTHING: "The action knows no resources: AWS wants `*`.",
}


def acknowledge(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Acknowledge findings about a construct and what is below it."""
    for rule, reason in findings.items():
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))


def acknowledge_role(
    construct: IConstruct,
    role: permissions.Role,
    names: StoreNames,
    sources: tuple[str, ...] | None = None,
) -> None:
    """Acknowledge the wildcards in what a role was granted, and no others."""
    flat = _flat(names)
    parts = {part for permission in role.permissions for part in permission.on}
    acknowledge(
        construct,
        {
            f"AwsSolutions-IAM5[Resource::{arn}]": WILDCARDS[part]
            for part in sorted(parts, key=lambda part: part.name)
            for arn in arns(part, flat, sources)
            if "*" in arn
        },
    )


def _flat(names: StoreNames) -> StoreNames:
    """The review writes a value that only deployment knows as its reference, in angle brackets."""
    return type(names)(
        store=names.store,
        account=_or(names.account, "<AWS::AccountId>"),
        region=_or(names.region, "<AWS::Region>"),
        partition=_or(names.partition, "<AWS::Partition>"),
    )


def _or(value: str, reference: str) -> str:
    return reference if cdk.Token.is_unresolved(value) else value
