"""The CDK app: every store that cdk.json names, as two stacks, reviewed by cdk-nag.

    python -m cdk.app        render the stacks into cdk.out
    npx cdk deploy 'skewless-dev-*'

It needs no credentials, no Docker, and no account until something is deployed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from cdk.catalog_stack import CatalogStack
from cdk.data_stack import DataStack
from cdk.jobs_stack import JobsStack
from cdk.packages import PROJECT
from cdk.settings import Settings
from examples.flights.stack import FlightsStack

if TYPE_CHECKING:
    from cdk.packages import Bundler

# The path of a lock file: with one, the flights example is deployed beside the stores.
FLIGHTS = "skewless:flights"


def add_stacks(app: cdk.App, *, bundler: Bundler | None = None) -> None:
    """Add the stacks that the app's context asks for.

    Raises:
        SettingsError: the context is wrong.
    """
    for settings in Settings.from_context(app.node).stores:
        data = DataStack(app, settings)
        jobs = JobsStack(app, settings, bundler=bundler)
        # The stacks refer to each other by name, so CloudFormation does not know the order.
        jobs.add_stack_dependency(data, "jobs use the data by name")
        if settings.catalog is not None:
            CatalogStack(app, settings, settings.catalog)
    if lock := app.node.try_get_context(FLIGHTS):
        FlightsStack(app, "skewless-flights", lock=Path(lock), bundler=bundler)


def main() -> None:
    """Render the stacks; fail if the review finds what nobody has acknowledged."""
    # `cdk synth` would read cdk.json and override this context.
    known = json.loads((PROJECT / "cdk.json").read_text())["context"]
    outdir = None if "CDK_OUTDIR" in os.environ else str(PROJECT / "cdk.out")
    app = cdk.App(context=known, outdir=outdir)
    add_stacks(app)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
