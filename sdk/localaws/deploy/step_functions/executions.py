"""An execution's life: it has a name, starts once, is stopped at once, and can be described.

Stock moto leaves `$$.Execution.Name` null where none was given, waits for the running task before
an execution counts as stopped, and calls it FAILED if that task fails meanwhile.
"""

from __future__ import annotations

import functools
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from localaws.deploy.step_functions.sdk_task import text_of

_STARTS_WITHIN_SECONDS = 5


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    _start_once()
    _stop_at_once()
    response: Any = StepFunctionResponse
    response.describe_execution = _describe
    response.stop_execution = _stop


def _start_once() -> None:
    backend: Any = StepFunctionsParserBackend
    stock = backend.start_execution
    one_at_a_time = threading.RLock()

    def start(self: Any, state_machine_arn: str, name: str | None = None, *rest: Any) -> Any:
        if name:
            self._validate_name(name)
        with one_at_a_time:
            return stock(self, state_machine_arn, name or str(uuid.uuid4()), *rest)

    backend.start_execution = start
    execution: Any = Execution
    details = execution.get_start_execution_details

    def described(self: Any) -> Any:
        answer = details(self)
        answer.start_time = text_of(answer.start_time)
        return answer

    execution.get_start_execution_details = described


def _stop_at_once() -> None:
    environment: Any = Environment
    for name in ("set_error", "set_timed_out"):
        setattr(environment, name, _unless_stopped(getattr(environment, name)))
    communication: Any = BaseExecutionWorkerCommunication
    stock = communication._reflect_execution_status

    def reflect(self: Any) -> None:
        if self.execution.exec_status != ExecutionStatus.ABORTED:
            stock(self)

    communication._reflect_execution_status = reflect


def _unless_stopped(stock: Any) -> Any:
    def change(self: Any, *arguments: Any, **named: Any) -> None:
        with self._state_mutex:
            if not isinstance(self._program_state, ProgramStopped):
                stock(self, *arguments, **named)

    return change


def _stop(self: Any) -> ActionResult:
    arn = self._get_param("executionArn")
    execution = self.stepfunction_backend.describe_execution(arn)
    if execution.status == ExecutionStatus.RUNNING:
        error, cause = self._get_param("error"), self._get_param("cause")
        stopped_at = datetime.now(UTC)
        _wait_until_begun(execution)
        execution.stop(stop_date=stopped_at, error=error, cause=cause)
        execution.exec_status = ExecutionStatus.ABORTED
        execution.stop_date, execution.error, execution.cause = stopped_at, error, cause
    return ActionResult({"stopDate": execution.stop_date})


def _wait_until_begun(execution: Any) -> None:
    """Its thread makes the environment that can be stopped."""
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline and execution.status == ExecutionStatus.RUNNING:
        environment = execution.exec_worker.env
        if environment is not None and environment.is_running():
            return
        time.sleep(0.005)


def _describe(self: Any) -> ActionResult:
    arn = self._get_param("executionArn")
    execution = self.stepfunction_backend.describe_execution(arn)
    status = execution.status
    answer = {
        "executionArn": arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": status,
        "startDate": execution.start_date,
        "input": execution.execution_input,
        "inputDetails": {"included": True},
    }
    if status != ExecutionStatus.RUNNING:
        answer["stopDate"] = execution.stop_date
    if status == ExecutionStatus.SUCCEEDED:
        answer["output"] = to_json_str(execution.output, separators=(",", ":"))
        answer["outputDetails"] = {"included": True}
    for name in ("error", "cause"):
        if getattr(execution, name) is not None:
            answer[name] = getattr(execution, name)
    return ActionResult(answer)
