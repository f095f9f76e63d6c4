"""A DynamoDB for the tests of this folder: the local AWS's, or the one that conformance names."""

from __future__ import annotations

import boto3
import pytest

from localaws import LocalAws
from skewless.aws import Aws
from tests.in_process import ENDPOINT


@pytest.fixture(scope="session")
def aws() -> Aws:
    if ENDPOINT is not None:
        session = boto3.Session("testing", "testing", region_name="eu-central-1")
        return Aws(session, ENDPOINT)
    local = LocalAws.start()
    return Aws(local.session(), local.endpoint)
