"""A fresh process: boto3 and a client; then, if asked to, one item, read."""

from __future__ import annotations

from typing import Any

import boto3

from benchmarks.task import Task

task = Task.read()
client: Any = boto3.client("dynamodb")
values: list[float] = []
if task.parameters["reads"]:
    answer = client.batch_get_item(RequestItems={"plain": {"Keys": [{"pk": {"S": "values_0#7"}}]}})
    (item,) = answer["Responses"]["plain"]
    values = sorted(float(value["N"]) for name, value in item.items() if name != "pk")
task.write(values)
