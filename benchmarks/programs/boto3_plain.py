"""The least that any store on DynamoDB does: BatchGetItem of plain attributes, values unread."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from benchmarks.meter import repeated
from benchmarks.task import Task

_BATCH = 100  # keys, which is what DynamoDB takes at once

task = Task.read()
client: Any = boto3.client("dynamodb", config=Config(tcp_keepalive=True, max_pool_connections=32))
keys = [
    {"pk": {"S": f"values_{view}#{number}"}}
    for number in range(task.parameters["rows"])
    for view in range(task.parameters["views"])
]
batches = [keys[start : start + _BATCH] for start in range(0, len(keys), _BATCH)]


def read() -> list[dict[str, Any]]:
    """Return the items."""
    return [
        item
        for batch in batches
        for item in client.batch_get_item(RequestItems={"plain": {"Keys": batch}})["Responses"][
            "plain"
        ]
    ]


for _ in range(task.parameters["warm_up"]):
    items = read()
task.report(repeated(read, task.parameters["times"]))
by_key = {item.pop("pk")["S"]: item for item in items}
task.write(
    [
        sorted(
            float(value["N"])
            for view in range(task.parameters["views"])
            for value in by_key[f"values_{view}#{number}"].values()
        )
        for number in range(task.parameters["rows"])
    ]
)
