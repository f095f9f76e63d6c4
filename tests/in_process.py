"""A DynamoDB for tests of what calls it and nothing else: moto, inside this process.

`SKEWLESS_TEST_DYNAMODB` names an endpoint to use instead: `make conformance` starts Amazon's own
DynamoDB Local there, and the same tests run on it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from moto import mock_aws

from localaws.core import dynamodb
from skewless.aws import Aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

ENDPOINT = os.environ.get("SKEWLESS_TEST_DYNAMODB")


@contextmanager
def table_of(session: boto3.Session, name: str) -> Iterator[Aws]:
    """A table with the keys `pk` and `sk`, gone afterwards."""
    if ENDPOINT is not None:
        with keyed_table(Aws(session, ENDPOINT), name) as aws:
            yield aws
        return
    # Moto's state belongs to the process, and the local AWS of other tests lives in it: starting
    # and stopping a mock must not reset it, as they do unasked.
    dynamodb.apply()
    mock = mock_aws()
    mock.start(reset=False)
    try:
        with keyed_table(Aws(session), name) as aws:
            yield aws
    finally:
        mock.stop(remove_data=False)


@contextmanager
def keyed_table(aws: Aws, name: str) -> Iterator[Aws]:
    """A table with the keys `pk` and `sk`, gone afterwards."""
    make_table(aws, name)
    try:
        yield aws
    finally:
        # By a client of its own: a test may have put something in place of the other's calls.
        Aws(aws.session, aws.endpoint).client("dynamodb").delete_table(TableName=name)


def make_table(aws: Aws, name: str) -> None:
    """Make a table with the keys `pk` and `sk`."""
    aws.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
