"""Lambda, Step Functions and EventBridge Scheduler: what runs, and which role it runs as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.deploy.iam.needs.security import pass_role
from localaws.deploy.iam.permission import Permission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.deploy.iam.request import ApiRequest

_LAMBDA_ACTIONS = {
    "Invoke": "InvokeFunction",
    "InvokeAsync": "InvokeFunction",
    "InvokeWithResponseStream": "InvokeFunction",
}
_STATES_ARNS = (
    "executionArn",
    "mapRunArn",
    "stateMachineArn",
    "stateMachineVersionArn",
    "stateMachineAliasArn",
    "activityArn",
    "resourceArn",
)


def of_lambda(request: ApiRequest) -> Iterator[Permission]:
    """What a Lambda request needs."""
    asked = request.parameters
    action = f"lambda:{_LAMBDA_ACTIONS.get(request.operation, request.operation)}"
    if name := asked.get("FunctionName"):
        qualifier = asked.get("Qualifier")
        yield Permission(action, _function_arn(request, name, qualifier))
    elif name := asked.get("LayerName"):
        version = asked.get("VersionNumber")
        yield Permission(action, request.arn(f"layer:{name}{f':{version}' if version else ''}"))
    elif name := asked.get("UUID"):
        yield Permission(action, request.arn(f"event-source-mapping:{name}"))
    else:
        yield Permission(action, asked.get("Resource") or asked.get("ARN") or "*")
    if role := asked.get("Role"):
        yield pass_role(role, "lambda.amazonaws.com")


def of_states(request: ApiRequest) -> Iterator[Permission]:
    """What a Step Functions request needs."""
    asked, action = request.parameters, f"states:{request.operation}"
    if request.operation == "CreateStateMachine":
        yield Permission(action, request.arn(f"stateMachine:{asked.get('name', '')}"))
    else:
        yield Permission(action, next((asked[key] for key in _STATES_ARNS if key in asked), "*"))
    if role := asked.get("roleArn"):
        yield pass_role(role, "states.amazonaws.com")


def of_scheduler(request: ApiRequest) -> Iterator[Permission]:
    """What an EventBridge Scheduler request needs."""
    asked, action = request.parameters, f"scheduler:{request.operation}"
    name = asked.get("Name")
    if name is None:
        yield Permission(action, asked.get("ResourceArn", "*"))
    elif "ScheduleGroup" in request.operation:
        yield Permission(action, request.arn(f"schedule-group/{name}"))
    else:
        group = asked.get("GroupName") or asked.get("groupName") or "default"
        yield Permission(action, request.arn(f"schedule/{group}/{name}"))
    target: Any = asked.get("Target")
    if isinstance(target, dict) and (role := target.get("RoleArn")):
        yield pass_role(role, "scheduler.amazonaws.com")


def _function_arn(request: ApiRequest, name: str, qualifier: str | None) -> str:
    """The ARN of a function by its name, partial ARN or ARN, each with or without a qualifier."""
    tail = name.rpartition("function:")[2]
    name, _, named_qualifier = tail.partition(":")
    qualified = qualifier or named_qualifier
    return request.arn(f"function:{name}{f':{qualified}' if qualified else ''}")
