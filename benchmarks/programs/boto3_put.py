"""The same values by PutItem, eight threads, a feature an attribute, without any condition."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pyarrow.parquet as pq
from botocore.config import Config

from benchmarks.data.users import plain_item, plain_key
from benchmarks.meter import Meter
from benchmarks.task import WARM_UP, Task

_THREADS = 8

task = Task.read()
client: Any = boto3.client("dynamodb", config=Config(max_pool_connections=_THREADS))
path = task.folder / "events_0.parquet"
features = [name for name in pq.read_schema(path).names if name not in {"user", "at"}]


def put(row: dict[str, Any]) -> None:
    """Write one item."""
    client.put_item(TableName="plain", Item=plain_item(0, row, features))


with ThreadPoolExecutor(_THREADS) as pool:
    list(pool.map(put, pq.read_table(path).slice(0, WARM_UP).to_pylist()))
    with Meter() as meter:
        for batch in pq.ParquetFile(path).iter_batches(1_000):
            list(pool.map(put, batch.to_pylist()))
task.report(meter.sample)
items = [
    client.get_item(TableName="plain", Key=plain_key(0, user))["Item"]
    for user in task.parameters["read"]
]
task.write([sorted(float(item[name]["N"]) for name in features) for item in items])
