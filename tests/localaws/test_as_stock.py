"""The patches for speed answer as stock moto does, which runs in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.localaws import item_calls

if TYPE_CHECKING:
    from localaws import LocalAws

ROOT = Path(__file__).parents[2]
STOCK = """
import boto3, json
from moto import mock_aws
from tests.localaws.item_calls import answers
with mock_aws():
    print(json.dumps(answers(boto3.client("dynamodb"))))
"""


def test_items_are_written_and_read_as_by_stock_moto(aws: LocalAws) -> None:
    elsewhere = subprocess.run(  # noqa: S603 our own interpreter and our own words
        [sys.executable, "-c", STOCK],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **aws.environment}
        | {"AWS_ENDPOINT_URL": "", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    client = aws.client("dynamodb")
    try:
        answered = item_calls.answers(client)
    finally:
        client.delete_table(TableName=item_calls.TABLE)
    wanted = json.loads(elsewhere.stdout)
    assert len(answered) > 100
    assert answered == wanted
