"""Tasks of any service, `aws-sdk:`: their times are texts, and their errors named, as on AWS.

Stock moto keeps Python's datetimes, which no output can be written with: DescribeExecution answers
with status 500. It calls Glue's errors `glue.`, which no Catch for AWS names.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (  # noqa: E501
    StateTaskServiceAwsSdk,
)


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    task: Any = StateTaskServiceAwsSdk
    stock = task._eval_service_task

    def evaluate(self: Any, env: Any, *arguments: Any, **named: Any) -> None:
        stock(self, env, *arguments, **named)
        env.stack.append(_with_texts(env.stack.pop()))

    task._eval_service_task = evaluate
    stock_name = task._normalise_service_error_name

    def name_of(service_name: str) -> str:
        name: str = stock_name(service_name)
        return name[:1].upper() + name[1:]

    task._normalise_service_error_name = staticmethod(name_of)


def text_of(instant: datetime) -> str:
    """An instant as the States Language writes it."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _with_texts(value: Any) -> Any:
    match value:
        case dict():
            return {name: _with_texts(inner) for name, inner in value.items()}
        case list():
            return [_with_texts(inner) for inner in value]
        case datetime():
            return text_of(value)
    return value
