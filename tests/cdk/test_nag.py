from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from cdk.acknowledgements import (
    BUCKET,
    FAILED_QUEUE,
    FUNCTION,
    STATE_MACHINE,
    TRACING,
    VPC,
    WILDCARDS,
)
from cdk.app import FLIGHTS, add_stacks
from cdk.feature_store import FeatureStore
from tests.cdk.apps import SampleBundler, app, flights_lock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"


def findings(made: cdk.App) -> list[tuple[str, str | None]]:
    report = AwsSolutionsChecks(made).validate_scope(made)
    return [
        (violation.rule_name, resource.construct_path)
        for violation in report.violations
        for resource in violation.violating_resources
    ]


def test_the_review_finds_nothing_that_nobody_has_looked_at(tmp_path: Path) -> None:
    stores = {"dev": {}, "prod": {"region": "eu-central-1", "encryption_key": KEY}}
    made = app(tmp_path, {"skewless:stores": stores})
    add_stacks(made, bundler=SampleBundler(tmp_path))

    assert findings(made) == []


def test_a_store_brings_its_acknowledgements_to_another_teams_app(tmp_path: Path) -> None:
    made = app(tmp_path)
    team = cdk.Stack(made, "Team", env=cdk.Environment(region="eu-central-1"))
    FeatureStore(team, "Features", store="prod", bundler=SampleBundler(tmp_path))

    assert findings(made) == []


@pytest.mark.parametrize("region", [None, "eu-central-1"])
def test_a_store_in_a_vpc_brings_them_as_well(tmp_path: Path, region: str | None) -> None:
    made = app(tmp_path)
    team = cdk.Stack(made, "Team", env=cdk.Environment(region=region))
    vpc = cdk.aws_ec2.Vpc(team, "Vpc")
    FeatureStore(team, "Features", store="prod", vpc=vpc, bundler=SampleBundler(tmp_path))

    assert [each for each in findings(made) if "/Features/" in str(each[1])] == []


def test_the_flights_example_has_no_finding_either(tmp_path: Path) -> None:
    lock = flights_lock(tmp_path)
    made = app(tmp_path, {"skewless:stores": {"dev": {}}, FLIGHTS: str(lock)})
    add_stacks(made, bundler=SampleBundler(tmp_path))

    assert findings(made) == []


def test_the_review_looks_at_our_resources_at_all(tmp_path: Path) -> None:
    made = app(tmp_path)
    team = cdk.Stack(made, "Team")
    cdk.aws_s3.Bucket(team, "Open")

    assert ("AwsSolutions-S10", "Team/Open/Resource") in findings(made)


@pytest.mark.parametrize(
    "reasons", [BUCKET, FAILED_QUEUE, FUNCTION, STATE_MACHINE, TRACING, VPC, WILDCARDS]
)
def test_every_acknowledgement_gives_a_reason(reasons: Mapping[object, str]) -> None:
    assert all(len(reason) > 20 for reason in reasons.values())
