"""One local AWS for all these tests; each works in a bucket and a database of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import awswrangler as wr
import pytest

from localaws import LocalAws
from tests.localaws.roles import a_role_for_all
from tests.localaws.sandbox import Sandbox
from tests.localaws.stacks import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.core.session import LocalSession


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    wr.config.athena_query_wait_polling_delay = 0.02
    running = LocalAws.start(functions=True)
    yield running
    running.stop()


@pytest.fixture(scope="session", autouse=True)
def roles(aws: LocalAws) -> None:
    """The roles that tests give to machines and schedules: IAM is enforced."""
    for name in ("scheduler", "workflow"):
        a_role_for_all(aws, name)


@pytest.fixture(scope="session")
def session(aws: LocalAws) -> LocalSession:
    return aws.session()


@pytest.fixture
def sandbox(aws: LocalAws, session: LocalSession) -> Sandbox:
    name = f"test{uuid.uuid4().hex}"
    aws.client("s3").create_bucket(Bucket=name)
    aws.client("glue").create_database(DatabaseInput={"Name": name})
    return Sandbox(aws, session, name)


@pytest.fixture
def counters(aws: LocalAws, session: LocalSession) -> Any:
    """A DynamoDB table of items keyed by `pk`."""
    name = f"counters-{uuid.uuid4().hex}"
    aws.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return session.resource("dynamodb").Table(name)


@pytest.fixture
def stack(aws: LocalAws) -> Stack:
    """A stack to deploy."""
    return Stack(aws)
