"""A Step Functions that executes: moto's interpreter of the States Language, with its gaps closed.

`machines` puts every state machine into the executing backend, `executions` is an execution's
life, `clients` lets tasks act as the machine's role; `athena_task`, `lambda_task` and `sdk_task`
are the integrations, `distributed_map`, `result_writer` and `waiting` what stock moto gets wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.deploy.step_functions import (
    athena_task,
    clients,
    distributed_map,
    executions,
    lambda_task,
    limits,
    machines,
    result_writer,
    sdk_task,
    waiting,
)
from localaws.deploy.step_functions.machines import create_state_machine

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

__all__ = ["apply", "create_state_machine"]


def apply(endpoint: str, clock: Callable[[], datetime]) -> None:
    """Let moto's Step Functions execute, with the services at this endpoint, by this clock."""
    clients.apply(endpoint)
    waiting.apply(clock)
    machines.apply()
    executions.apply()
    athena_task.apply()
    lambda_task.apply()
    limits.apply()
    sdk_task.apply()
    distributed_map.apply()
    result_writer.apply()
