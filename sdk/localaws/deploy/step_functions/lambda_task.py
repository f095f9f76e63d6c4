"""Tasks of Lambda: the names of errors.

Stock moto calls a function's failure without `errorType` "Exception", and so every refusal of a
call by the function's ARN.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils import (
    LambdaFunctionErrorException,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (  # noqa: E501
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import (
    StateTaskLambda,
)

from localaws.deploy.step_functions.failing import named, task_failure


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    service: Any = StateTaskServiceLambda
    of_service = service._from_error

    def service_failure(self: Any, env: Any, ex: Exception) -> Any:
        if _is_unknown(ex):
            return task_failure(env, self, "Lambda.Unknown", _unknown_cause(ex))
        return of_service(self, env, ex)

    by_arn: Any = StateTaskLambda
    of_arn = by_arn._from_error

    def arn_failure(self: Any, env: Any, ex: Exception) -> Any:
        if _is_unknown(ex):
            return _function_failure(env, "Lambda.Unknown", _unknown_cause(ex))
        if isinstance(ex, ClientError):
            name, cause = StateTaskServiceLambda._error_cause_from_client_error(ex)
            return _function_failure(env, name, cause)
        return of_arn(self, env, ex)

    service._from_error = service_failure
    by_arn._from_error = arn_failure


def _is_unknown(error: Exception) -> bool:
    if not isinstance(error, LambdaFunctionErrorException):
        return False
    payload = json.loads(error.payload)
    return not (isinstance(payload, dict) and payload.get("errorType"))


def _unknown_cause(error: Any) -> str:
    return (
        "The cause could not be determined because Lambda did not return an error type. "
        f"Returned payload: {error.payload}"
    )


def _function_failure(environment: Any, name: str, cause: str) -> FailureEvent:
    details: Any = {"lambdaFunctionFailedEventDetails": {"error": name, "cause": cause}}
    return FailureEvent(
        env=environment,
        error_name=named(name),
        event_type=HistoryEventType.LambdaFunctionFailed,
        event_details=details,
    )
