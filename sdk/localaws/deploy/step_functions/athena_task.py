"""Tasks of Athena: `athena:startQueryExecution`, with and without `.sync`.

Stock moto refuses the service, and waits for no service that can only be waited for by `.sync`.
"""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (  # noqa: E501
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from localaws.deploy.step_functions.failing import task_failure

_POLL_SECONDS = 0.05
_PARAMETERS = {
    "startqueryexecution": {
        "ClientRequestToken",
        "ExecutionParameters",
        "QueryExecutionContext",
        "QueryString",
        "ResultConfiguration",
        "ResultReuseConfiguration",
        "WorkGroup",
    },
    "stopqueryexecution": {"QueryExecutionId"},
    "getqueryexecution": {"QueryExecutionId"},
    "getqueryresults": {"MaxResults", "NextToken", "QueryExecutionId"},
}


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    factory: Any = state_task_factory
    stock = factory.state_task_service_for

    def service_for(service_name: str) -> Any:
        return AthenaTask() if service_name == "athena" else stock(service_name)

    factory.state_task_service_for = service_for


class AthenaTask(StateTaskServiceCallback):
    """A task whose resource is `arn:aws:states:::athena:...`."""

    def __init__(self) -> None:
        super().__init__(supported_integration_patterns={_sync()})

    def _get_supported_parameters(self) -> set[str] | None:
        return _PARAMETERS.get(self.resource.api_action.lower())

    def _eval_service_task(
        self,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> None:
        client = _athena(resource_runtime_part, state_credentials)
        answer = getattr(client, self._get_boto_service_action())(**normalised_parameters)
        answer.pop("ResponseMetadata", None)
        env.stack.append(_with_millis(answer))

    def _eval_integration_pattern(
        self,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],  # noqa: ARG002 given by name
        state_credentials: Any,
    ) -> None:
        asked = {"QueryExecutionId": env.stack.pop()["QueryExecutionId"]}
        client = _athena(resource_runtime_part, state_credentials)
        while True:
            query = client.get_query_execution(**asked)["QueryExecution"]
            state = query["Status"]["State"]
            if state not in {"QUEUED", "RUNNING"}:
                break
            if not env.is_running():
                # The execution was stopped or the task's time is up.
                client.stop_query_execution(**asked)
                break
            env.program_state_event.wait(_POLL_SECONDS)
        if state in {"FAILED", "CANCELLED"}:
            cause = to_json_str(_with_millis(query))
            raise FailureEventException(task_failure(env, self, "States.TaskFailed", cause))
        env.stack.append({"QueryExecution": _with_millis(query)})

    def _from_error(self, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, ClientError):
            error = ex.response["Error"]
            return task_failure(env, self, f"Athena.{error['Code']}", error["Message"])
        return super()._from_error(env=env, ex=ex)


def _sync() -> Any:
    return ResourceCondition.Sync


def _athena(where: Any, credentials: Any) -> Any:
    # Of the module, which `clients` patches.
    return boto_client.boto_client_for(
        service="athena", region=where.region, state_credentials=credentials
    )


def _with_millis(value: Any) -> Any:
    """Times as Step Functions writes Athena's: milliseconds since 1970."""
    match value:
        case dict():
            return {name: _with_millis(inner) for name, inner in value.items()}
        case list():
            return [_with_millis(inner) for inner in value]
        case datetime():
            return int(value.timestamp() * 1000)
    return value
