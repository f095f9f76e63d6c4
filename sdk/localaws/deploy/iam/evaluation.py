"""The decision: an explicit deny wins, then an allow; everything else is denied."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localaws.deploy.iam.permission import Context
    from localaws.deploy.iam.policy import Policy


class Decision(Enum):
    """The verdict of policies on a request."""

    ALLOWED = "allowed"
    DENIED = "denied explicitly"
    NOT_ALLOWED = "denied implicitly"


def decide(policies: Iterable[Policy], action: str, resource: str, context: Context) -> Decision:
    """Evaluate policies for one action on one resource.

    Raises:
        PolicyError: a condition cannot be evaluated.
    """
    concerned = [
        statement
        for policy in policies
        for statement in policy.statements
        if statement.concerns(action, resource, context)
    ]
    if any(statement.is_deny for statement in concerned):
        return Decision.DENIED
    return Decision.ALLOWED if concerned else Decision.NOT_ALLOWED
