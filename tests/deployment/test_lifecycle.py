"""Deployments of a store in use: changed in place, destroyed without its data, adopted again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from deployment.cdk_cli import CdkCli, CdkError, why_not
from localaws import LocalAws
from skewless import FeatureStore
from tests.store.builders import model

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
STORE = "kept"
DATA, JOBS = f"skewless-{STORE}-data", f"skewless-{STORE}-jobs"


def rendered(aws: LocalAws, folder: Path, **settings: Any) -> CdkCli:
    """The command line, with the stacks rendered."""
    stores = json.dumps({STORE: settings})
    cli = CdkCli(aws, folder, (("skewless:stores", stores),))
    cli.synth()
    return cli


def test_a_stores_life(tmp_path: Path) -> None:  # noqa: PLR0915 - a life has an order
    if missing := why_not():
        pytest.skip(missing)
    aws = LocalAws.start(functions=True)
    cli = rendered(aws, tmp_path / "first")
    cli.bootstrap()
    cli.deploy(DATA, JOBS)
    store = FeatureStore.connect(STORE, session=aws.session())
    store.apply(model)
    before = _write_function(aws)
    table = aws.client("dynamodb").describe_table(TableName=f"skewless-{STORE}-online")["Table"]

    cli = rendered(aws, tmp_path / "second", writes_per_second=400)
    assert "Number of stacks with differences: 1" in cli.diff(DATA, JOBS)
    cli.deploy(DATA, JOBS)
    after = _write_function(aws)
    rates = [item["Environment"]["Variables"]["WRITES_PER_SECOND"] for item in (before, after)]
    assert rates == ["125", "50"]
    assert before["FunctionArn"] == after["FunctionArn"]
    assert "Number of stacks with differences: 0" in cli.diff(DATA, JOBS)

    with pytest.raises(CdkError, match=r"(?i)termination ?protection"):
        cli.destroy(DATA, JOBS)
    _unprotect(aws)
    cli.destroy(DATA, JOBS)
    found = aws.client("cloudformation").list_stacks(StackStatusFilter=["DELETE_COMPLETE"])
    assert {DATA, JOBS} <= {item["StackName"] for item in found["StackSummaries"]}
    kept = aws.client("dynamodb").describe_table(TableName=f"skewless-{STORE}-online")["Table"]
    assert kept["CreationDateTime"] == table["CreationDateTime"]

    with pytest.raises(CdkError, match="already exists"):
        cli.deploy(DATA)
    _unprotect(aws)  # what is left of the attempt
    cli.deploy(DATA, JOBS, adopts=True)
    again = FeatureStore.connect(STORE, session=aws.session())
    assert {view.name for view in again.published.views} == {"profile", "ratio", "spending"}
    assert again.apply(model).changes == store.plan(model).changes
    assert "Number of stacks with differences: 0" in cli.diff(DATA, JOBS)


def _write_function(aws: LocalAws) -> dict[str, Any]:
    name = f"skewless-{STORE}-write"
    found: dict[str, Any] = aws.client("lambda").get_function_configuration(FunctionName=name)
    return found


def _unprotect(aws: LocalAws) -> None:
    aws.client("cloudformation").update_termination_protection(
        StackName=DATA, EnableTerminationProtection=False
    )
