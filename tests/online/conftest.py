"""A DynamoDB in the process, and the clients that the tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from skewless.online.table import OnlineTable
from tests.in_process import table_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.aws import Aws


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with table_of(boto3.Session(region_name="eu-central-1"), "online") as found:
        yield found


@pytest.fixture
def table(aws: Aws) -> OnlineTable:
    return OnlineTable(aws, "online")
