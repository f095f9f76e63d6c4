"""SimulatePrincipalPolicy, which stock moto lacks: what a user's or role's policies would say."""

from __future__ import annotations

import functools
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.responses import IamResponse

from localaws.deploy.iam.evaluation import Decision, decide
from localaws.deploy.iam.principal import Grants, grants_of

_WORDS = {
    Decision.ALLOWED: "allowed",
    Decision.DENIED: "explicitDeny",
    Decision.NOT_ALLOWED: "implicitDeny",
}


@functools.cache
def apply() -> None:
    """Give moto the operation, once a process."""
    response: Any = IamResponse
    response.simulate_principal_policy = _simulate


def _simulate(self: Any) -> ActionResult:
    source = self._get_param("PolicySourceArn")
    grants = grants_of(source)
    if grants is None:
        raise NotFoundException(f"The user or role {source} cannot be found.")
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": _WORDS[_decision(grants, action, resource)],
            "MatchedStatements": [],
            "MissingContextValues": [],
        }
        for action in self._get_param("ActionNames", [])
        for resource in self._get_param("ResourceArns") or ["*"]
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _decision(grants: Grants, action: str, resource: str) -> Decision:
    """A boundary must allow as well; the local AWS's own user may do anything."""
    if grants.is_unlimited:
        return Decision.ALLOWED
    found = decide(grants.policies, action, resource, {})
    if found is Decision.ALLOWED and grants.limits:
        return decide(grants.limits, action, resource, {})
    return found
