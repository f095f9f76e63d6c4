"""Exactly the requests that skewless sent, by boto3, and nothing done with what comes back."""

from __future__ import annotations

import json
import shutil
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.meter import repeated
from benchmarks.task import Task

task = Task.read()
client: Any = boto3.client("dynamodb", config=Config(tcp_keepalive=True, max_pool_connections=32))
# As they were when this first ran: what later processes of skewless send at their start is no part.
kept = task.folder / "same.jsonl"
if not kept.exists():
    shutil.copyfile(task.folder / "reads.jsonl", kept)
noted = kept.read_text(encoding="utf-8").splitlines()
requests = [json.loads(line)["body"] for line in noted]


def read() -> None:
    """Send them one after the other."""
    for request in requests:
        client.batch_get_item(**request)


for _ in range(task.parameters["warm_up"]):
    read()
task.report(repeated(read, task.parameters["times"]))
task.write([])
