"""One deployment for all these tests, by the real command line; each test has views of its own."""

from __future__ import annotations

import json
import os

import pytest

from deployment.cdk_cli import CdkCli, why_not
from localaws import LocalAws
from skewless import FeatureStore
from tests.deployment.jobs import STORE, RunningJobs

# `make synth` and a test of tests/cdk have CloudFormation's validator on: it takes ten seconds.
os.environ["CDK_VALIDATION"] = "false"


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> CdkCli:
    """Both stacks of a store, deployed."""
    if missing := why_not():
        pytest.skip(missing)
    aws = LocalAws.start(functions=True)
    folder = tmp_path_factory.mktemp("deployment")
    stores = json.dumps({STORE: {}})
    cli = CdkCli(aws, folder / "cdk.out", (("skewless:stores", stores),))
    cli.synth()
    cli.bootstrap()
    cli.deploy(f"skewless-{STORE}-data", f"skewless-{STORE}-jobs")
    return cli


@pytest.fixture(scope="session")
def jobs(deployed: CdkCli) -> RunningJobs:
    """The store's jobs, with shorter pauses than operators want."""
    store = FeatureStore.connect(STORE, session=deployed.aws.session())
    running = RunningJobs(deployed.aws, store)
    running.shorten_pauses()
    return running
