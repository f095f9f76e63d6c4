"""Moto inside this process, for tests of what calls DynamoDB and nothing else."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from moto import mock_aws

from skewless.aws import Aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3


@contextmanager
def table_of(session: boto3.Session, name: str) -> Iterator[Aws]:
    """A table with the keys `pk` and `sk`, gone afterwards.

    Moto's state belongs to the process, and the local AWS of other tests lives in it: starting and
    stopping a mock must not reset it, as they do unasked.
    """
    mock = mock_aws()
    mock.start(reset=False)
    try:
        aws = Aws(session)
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
        try:
            yield aws
        finally:
            Aws(session).client("dynamodb").delete_table(TableName=name)
    finally:
        mock.stop(remove_data=False)
