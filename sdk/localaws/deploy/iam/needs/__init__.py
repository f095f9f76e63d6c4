"""The needs of each operation: actions, resources and condition keys that AWS checks.

From AWS's Service Authorization Reference. A service that is not here is checked by its actions
alone: its resources are `UNKNOWN`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.deploy.iam.needs import athena, dynamodb, glue, jobs, messages, s3, security
from localaws.deploy.iam.permission import UNKNOWN, Permission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from localaws.deploy.iam.request import ApiRequest

_SERVICES: Mapping[str, Callable[[ApiRequest], Iterator[Permission]]] = {
    "athena": athena.needs,
    "cloudwatch": messages.of_cloudwatch,
    "dynamodb": dynamodb.needs,
    "glue": glue.needs,
    "iam": security.of_iam,
    "kms": security.of_kms,
    "lambda": jobs.of_lambda,
    "logs": messages.of_logs,
    "s3": s3.needs,
    "scheduler": jobs.of_scheduler,
    "sns": messages.of_sns,
    "sqs": messages.of_sqs,
    "ssm": security.of_ssm,
    "states": jobs.of_states,
    "sts": security.of_sts,
    "xray": messages.of_xray,
}


def needs(request: ApiRequest) -> tuple[Permission, ...]:
    """The permissions that a request needs, all of them; none where AWS asks for none."""
    action = f"{request.service}:{request.operation}"
    if action == "sts:GetCallerIdentity":
        return ()
    of_service = _SERVICES.get(request.service)
    if of_service is None:
        return (Permission(action, UNKNOWN),)
    try:
        found = tuple(of_service(request))
    except (AttributeError, KeyError, TypeError, ValueError):
        found = ()  # it is malformed
    # A request that names no resource needs the action on any resource.
    return found or (Permission(action, "*"),)
