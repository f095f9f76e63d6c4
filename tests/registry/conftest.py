from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from skewless.registry.registry import Registry
from tests.in_process import table_of
from tests.registry.builders import REGION, TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.aws import Aws


@pytest.fixture
def aws() -> Iterator[Aws]:
    session = boto3.Session(
        aws_access_key_id="testing",
        aws_secret_access_key="testing",  # noqa: S106 - moto takes any
        region_name=REGION,
    )
    with table_of(session, TABLE) as found:
        yield found


@pytest.fixture
def registry(aws: Aws) -> Registry:
    return Registry(aws, TABLE)
