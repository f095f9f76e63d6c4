"""Athena: the workgroup. What a query reads and writes, it reads and writes as its caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.athena.models import athena_backends

from localaws.deploy.iam.permission import Permission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.deploy.iam.request import ApiRequest

_UNSCOPED = frozenset({"ListWorkGroups", "ListDataCatalogs", "ListEngineVersions"})
_NAMED = frozenset({"CreateWorkGroup"})


def needs(request: ApiRequest) -> Iterator[Permission]:
    """What an Athena request needs."""
    asked, action = request.parameters, f"athena:{request.operation}"
    if request.operation in _UNSCOPED:
        yield Permission(action, "*")
    elif catalog := asked.get("CatalogName") or _catalog(request):
        yield Permission(action, request.arn(f"datacatalog/{catalog}"))
    else:
        for group in _groups(request):
            yield Permission(action, request.arn(f"workgroup/{group}"))
    if request.operation == "GetQueryResults":
        # Results are an object of the caller's bucket.
        for execution in _executions(request):
            location = execution.describe()["ResultConfiguration"]["OutputLocation"]
            yield Permission("s3:GetObject", f"arn:aws:s3:::{location.removeprefix('s3://')}")


def _groups(request: ApiRequest) -> list[str]:
    asked = request.parameters
    if "QueryExecutionId" in asked or "QueryExecutionIds" in asked:
        found = dict.fromkeys(execution.workgroup.name for execution in _executions(request))
        return list(found) or ["*"]
    if "ResourceARN" in asked:
        return [str(asked["ResourceARN"]).rpartition("/")[2]]
    name = asked.get("Name") if request.operation in _NAMED else asked.get("WorkGroup")
    return [str(name or "primary")]


def _executions(request: ApiRequest) -> list[Any]:
    asked = request.parameters
    stored = athena_backends[request.account][request.region].executions
    ids = asked.get("QueryExecutionIds") or [asked.get("QueryExecutionId")]
    return [stored[one] for one in ids if one in stored]


def _catalog(request: ApiRequest) -> str:
    return str(request.parameters.get("Name", "")) if "Catalog" in request.operation else ""
