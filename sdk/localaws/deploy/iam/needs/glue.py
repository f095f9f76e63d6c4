"""Glue: AWS checks the catalog, the database and the table, each for itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from localaws.deploy.iam.needs.security import pass_role
from localaws.deploy.iam.permission import UNKNOWN, Permission

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localaws.deploy.iam.request import ApiRequest

_DATABASES = ("CreateDatabase", "DeleteDatabase", "GetDatabase", "UpdateDatabase")


def needs(request: ApiRequest) -> Iterator[Permission]:
    """What a Glue request needs."""
    asked, action = request.parameters, f"glue:{request.operation}"
    permission = partial(Permission, action)
    arn = request.arn
    if request.operation in _DATABASES:
        name = asked.get("Name") or asked.get("DatabaseInput", {}).get("Name", "")
        yield permission(arn("catalog"))
        yield permission(arn(f"database/{name}"))
        if request.operation == "DeleteDatabase":
            yield permission(arn(f"table/{name}/*"))
    elif request.operation == "GetDatabases":
        yield permission(arn("catalog"))
        yield permission(arn("database/*"))
    elif "DatabaseName" in asked:
        yield permission(arn("catalog"))
        yield permission(arn(f"database/{asked['DatabaseName']}"))
        for table in _tables(asked):
            yield permission(arn(f"table/{asked['DatabaseName']}/{table}"))
    elif "ResourceArn" in asked:
        yield permission(asked["ResourceArn"])
    else:
        yield permission(UNKNOWN)
    if role := asked.get("TableOptimizerConfiguration", {}).get("roleArn"):
        yield pass_role(role, "glue.amazonaws.com")


def _tables(asked: Mapping[str, Any]) -> list[str]:
    if "TablesToDelete" in asked:
        return list(asked["TablesToDelete"])
    named = asked.get("TableName") or asked.get("Name") or asked.get("TableInput", {}).get("Name")
    return [named] if named else ["*"]
