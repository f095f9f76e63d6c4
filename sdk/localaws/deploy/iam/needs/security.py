"""IAM, STS, KMS and SSM; and the right to hand a role to a service, which others ask for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from moto.kms.models import kms_backends

from localaws.deploy.iam.permission import Permission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.deploy.iam.request import ApiRequest

_IAM_RESOURCES = (
    ("RoleName", "role/"),
    ("UserName", "user/"),
    ("GroupName", "group/"),
    ("PolicyName", "policy/"),
    ("InstanceProfileName", "instance-profile/"),
)
_OF_POLICIES = "PolicyArn"
_KEYLESS = frozenset({"CreateKey", "ListAliases", "ListKeys", "GenerateRandom"})


def pass_role(role: str, service: str) -> Permission:
    """What it takes to let a service act as a role."""
    return Permission("iam:PassRole", role, lambda: {"iam:passedtoservice": (service,)})


def of_iam(request: ApiRequest) -> Iterator[Permission]:
    """What an IAM request needs."""
    asked, action = request.parameters, f"iam:{request.operation}"
    prefix = f"arn:aws:iam::{request.account}:"
    for parameter, kind in _IAM_RESOURCES:
        if parameter in asked:
            path = asked.get("Path", "/").strip("/")
            yield Permission(
                action, f"{prefix}{kind}{path + '/' if path else ''}{asked[parameter]}"
            )
            return
    yield Permission(action, asked.get(_OF_POLICIES, "*"))


def of_sts(request: ApiRequest) -> Iterator[Permission]:
    """What an STS request needs; who one is, AWS tells everybody, whatever their policies say."""
    if request.operation == "GetCallerIdentity":
        return
    yield Permission(f"sts:{request.operation}", request.parameters.get("RoleArn", "*"))


def of_ssm(request: ApiRequest) -> Iterator[Permission]:
    """What an SSM request needs."""
    asked, action = request.parameters, f"ssm:{request.operation}"
    names = asked.get("Names") or [asked.get("Name") or asked.get("Path")]
    for name in names:
        if not name:
            yield Permission(action, "*")
            continue
        arn = name if name.startswith("arn:") else request.arn(f"parameter/{name.strip('/')}")
        yield Permission(action, arn)


def of_kms(request: ApiRequest) -> Iterator[Permission]:
    """What a KMS request needs; policies name keys, requests aliases as well."""
    asked, action = request.parameters, f"kms:{request.operation}"
    if request.operation in _KEYLESS:
        yield Permission(action, "*")
        return
    asked_for = asked.get("KeyId") or asked.get("TargetKeyId") or ""
    alias = asked_for.rpartition(":")[2] if "alias/" in asked_for else ""
    context = {"kms:requestalias": (alias,)} if alias else {}
    if asked_for:
        yield Permission(action, _key_arn(request, asked_for), partial(dict, context))
    if name := asked.get("AliasName"):
        yield Permission(action, request.arn(name))


def _key_arn(request: ApiRequest, key_id: str) -> str:
    backend = kms_backends[request.account][request.region]
    try:
        found = backend.any_id_to_key_id(key_id)
    except (AttributeError, KeyError):  # an alias of no key
        found = key_id
    return request.arn(f"key/{found}")
