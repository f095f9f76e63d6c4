"""A task's failure, in the words of an execution's history."""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)


def named(name: str) -> Any:
    """An error's name: one of the language's own, or a service's."""
    try:
        return StatesErrorName(typ=StatesErrorNameType.from_name(name))
    except ValueError:
        return CustomErrorName(name)


def task_failure(environment: Any, task: Any, name: str, cause: str) -> FailureEvent:
    """The event of a service task that failed."""
    return failure(
        environment,
        name,
        cause,
        resource=task._get_sfn_resource(),
        resourceType=task._get_sfn_resource_type(),
    )


def failure(environment: Any, name: str, cause: str, **where: str) -> FailureEvent:
    """The event of anything that failed."""
    details: Any = {"taskFailedEventDetails": {"error": name, "cause": cause, **where}}
    return FailureEvent(
        env=environment,
        error_name=named(name),
        event_type=HistoryEventType.TaskFailed,
        event_details=details,
    )
