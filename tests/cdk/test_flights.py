from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk.assertions import Template

from cdk.app import FLIGHTS
from tests.cdk.apps import actions, flights_lock, stacks, statements_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def flights(tmp_path: Path) -> Template:
    made = stacks(tmp_path, {"dev": {}}, {FLIGHTS: str(flights_lock(tmp_path))})
    return Template.from_stack(made["skewless-flights"])


def test_the_example_is_deployed_only_where_it_is_asked_for(tmp_path: Path) -> None:
    assert sorted(stacks(tmp_path, {"dev": {}})) == ["skewless-dev-data", "skewless-dev-jobs"]


def test_the_inference_function_may_read_the_views_of_its_lock_and_nothing_else(
    flights: Template,
) -> None:
    statements = statements_of(flights, "InferenceRole")
    own = {"logs", "xray"}

    (serve,) = [
        each
        for each in statements
        if {action.partition(":")[0] for action in actions([each])} - own
    ]
    assert serve["Action"] == "dynamodb:BatchGetItem"
    assert serve["Condition"] == {
        "ForAllValues:StringLike": {
            "dynamodb:LeadingKeys": [
                "aircraft@1#*",
                "aircraft@1.*",
                "aircraft_delays@1#*",
                "aircraft_delays@1.*",
                "airport_delays@1#*",
                "airport_delays@1.*",
                "airport_weather@1#*",
                "airport_weather@1.*",
                "carrier_delays@1#*",
                "carrier_delays@1.*",
                "route_delays@1#*",
                "route_delays@1.*",
                "line#*",
            ]
        }
    }


def test_sagemaker_may_take_the_training_role_and_read_the_sources_of_the_lock(
    flights: Template,
) -> None:
    roles = flights.find_resources("AWS::IAM::Role")
    (training,) = [role for name, role in roles.items() if name.startswith("Training")]
    (trust,) = training["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    resources = str(statements_of(flights, "Training"))

    assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    for source in ("flights", "weather", "plane_registry"):
        assert f"/log/{source}/*" in resources
    assert "/log/*" not in resources
