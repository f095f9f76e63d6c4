"""256 KiB as UTF-8 for what passes into and out of states, tasks and executions.

Stock moto counts spaces and escapes that it adds itself, looks at no input, and lets `States.ALL`
match the two errors that AWS says it does not match: States.DataLimitExceeded and States.Runtime.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import (
    ErrorEqualsDecl,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_lambda
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from localaws.deploy.step_functions.failing import failure, named

LIMIT_BYTES = 262_144
_DATA_LIMIT = "States.DataLimitExceeded"
_NOT_AMONG_ALL = (_DATA_LIMIT, "States.Runtime")


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    modules: Any = (state, state_task_lambda, state_task_service)
    for module in modules:
        module.is_within_size_quota = _fits
    _limit_inputs_of_executions()
    for task in (state_task_lambda.StateTaskLambda, state_task_service.StateTaskService):
        _limit_inputs_of(task)
    _let_all_be_all_but_two()


def _fits(value: Any) -> bool:
    return size_of(value) <= LIMIT_BYTES


def size_of(value: Any) -> int:
    """How many bytes a value's JSON has, without spaces."""
    plain = json.loads(value if isinstance(value, str) and _is_json(value) else to_json_str(value))
    return len(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode())


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _limit_inputs_of_executions() -> None:
    backend: Any = StepFunctionsParserBackend
    stock = backend.start_execution

    @functools.wraps(stock)
    def start(
        self: Any,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        *rest: Any,
    ) -> Any:
        if len((execution_input or "").encode()) > LIMIT_BYTES:
            raise JsonRESTError(
                "ValidationException",
                "1 validation error detected: Value at 'input' failed to satisfy constraint: "
                f"Member must have length less than or equal to {LIMIT_BYTES}",
            )
        return stock(self, state_machine_arn, name, execution_input, *rest)

    backend.start_execution = start


def _limit_inputs_of(task: Any) -> None:
    stock = task._eval_parameters

    @functools.wraps(stock)
    def parameters(self: Any, env: Any) -> Any:
        try:
            found = stock(self, env=env)
        except NoSuchJsonPathError as error:
            # Stock moto calls it "Exception", which a catcher of all would match.
            raise FailureEventException(
                failure_event=failure(env, "States.Runtime", str(error))
            ) from error
        if not _fits(found):
            cause = f"The state/task '{self.name}' was given more than {LIMIT_BYTES} bytes."
            raise FailureEventException(failure_event=failure(env, _DATA_LIMIT, cause))
        return found

    task._eval_parameters = parameters


def _let_all_be_all_but_two() -> None:
    matcher: Any = ErrorEqualsDecl
    stock = matcher._eval_body
    excepted = [named(name) for name in _NOT_AMONG_ALL]

    def evaluate(self: Any, env: Any) -> None:
        error = env.stack[-1]
        if error in excepted and error not in self.error_names:
            env.stack[-1] = False
        else:
            stock(self, env)

    matcher._eval_body = evaluate
