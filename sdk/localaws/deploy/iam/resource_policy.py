"""Policies of resources, which allow others to use one. Only tables' are evaluated here.

In its own account such a policy allows beside the caller's own policies; in another account both
must allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.core.dynamodb import accounts
from localaws.deploy.iam.evaluation import Decision, decide
from localaws.deploy.iam.policy import Policy, Statement

if TYPE_CHECKING:
    from localaws.deploy.iam.permission import Context, Permission
    from localaws.deploy.iam.principal import Principal

_TABLES = "arn:aws:dynamodb:"


def is_foreign(principal: Principal, permission: Permission) -> bool:
    """Whether a permission is on a table of another account than the caller's."""
    resource = permission.resource
    return resource.startswith(_TABLES) and resource.split(":")[4] != principal.account


def decision_of(principal: Principal, permission: Permission, context: Context) -> Decision:
    """Evaluate the policy of a permission's resource, if it has one."""
    policy = _policy_of(permission.resource)
    if policy is None:
        return Decision.NOT_ALLOWED
    concerned = tuple(one for one in policy.statements if _names(one, principal))
    limited = Policy(name=policy.name, statements=concerned)
    return decide((limited,), permission.action, permission.resource, context)


def _policy_of(resource: str) -> Policy | None:
    if not resource.startswith(_TABLES) or (named := accounts.split(resource)) is None:
        return None
    account, region, table = named
    if not account:
        return None
    arn = f"{_TABLES}{region}:{account}:table/{table}"
    found = accounts.backend_of(account, region).resource_policies.get(arn)
    return None if found is None else Policy.parse(found.policy_doc, "resource policy")


def _names(statement: Statement, principal: Principal) -> bool:
    account = principal.account
    wanted = {"*", account, f"arn:aws:iam::{account}:root", principal.arn, principal.identity}
    return any(kind == "AWS" and value in wanted for kind, value in statement.principals)
