"""The caller: an IAM user or a role's session, found by access key, with its current policies.

The local AWS's own key is its administrator's, who may do anything. Unknown keys are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from localaws.core import own_key
from localaws.core.session import ADMINISTRATOR
from localaws.deploy.iam.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localaws.core.credential import Credential
    from localaws.deploy.iam.permission import Context

_PARTITION = "aws"
_TEMPORARY = "ASIA"
_ADMINISTRATOR_ARN = ":user/moto"  # what moto calls a caller whose key nobody issued


class InvalidTokenError(Exception):
    """A temporary key that belongs to no session, or came without the session's token."""


class UnknownKeyError(InvalidTokenError):
    """A key that nobody has."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """The local AWS's own user."""

    name = ADMINISTRATOR
    account = DEFAULT_ACCOUNT_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A user or a role's session.

    Attributes:
        name: the user's or role's.
        arn: as error messages have it.
        identity: the ARN that policies name: of a session, the role's.
        account: where it is.
        key_id: the access key; with `secret` and `token` what it signs with.
        policies: inline, attached, and those of a user's groups.
        limits: permission boundary and session policy: each must allow as well.
        context: the condition keys that tell who it is.
    """

    name: str
    arn: str
    identity: str
    account: str
    key_id: str
    secret: str
    token: str
    policies: tuple[Policy, ...]
    limits: tuple[Policy, ...]
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """The grants of a user or role, the same for all its sessions.

    Attributes:
        policies: inline, attached, and those of a user's groups.
        limits: a permission boundary, which must allow as well.
        is_unlimited: it is the local AWS's own user.
    """

    policies: tuple[Policy, ...] = ()
    limits: tuple[Policy, ...] = ()
    is_unlimited: bool = False


def grants_of(arn: str) -> Grants | None:
    """Return the grants of a user or role by its ARN; None if there is none.

    Raises:
        PolicyError: one of its policies cannot be evaluated.
    """
    if arn.startswith("arn:aws:sts:") and arn.endswith(_ADMINISTRATOR_ARN):
        return Grants(is_unlimited=True)
    for account in list(iam_backends):
        backend: Any = iam_backends[account][_PARTITION]
        for role in backend.get_roles():
            if role.arn == arn:
                limits = tuple(_boundary(backend, role.permissions_boundary_arn))
                return Grants(policies=tuple(_policies(role)), limits=limits)
        for user in backend.list_users():
            if user.arn == arn:
                return Grants(policies=tuple(_policies_of_user(backend, user)))
    return None


def principal_of(credential: Credential, own: Mapping[str, str]) -> Principal | Administrator:
    """Find the owner of a credential.

    Args:
        credential: of a request.
        own: the local AWS's own key.

    Raises:
        UnknownKeyError: nobody has that key.
        InvalidTokenError: it is a session's, and not valid.
        PolicyError: one of the principal's policies cannot be evaluated.
    """
    if own_key.is_same(own, credential.key_id):
        return Administrator()
    for account in list(iam_backends):
        backend = iam_backends[account][_PARTITION]
        issued = backend.access_keys.get(credential.key_id)
        if issued is not None and issued.role_arn is not None:
            return _session(backend, account, credential)
        if issued is not None and (user := backend.get_user_from_access_key_id(credential.key_id)):
            return _user(backend, user, issued)
    if credential.key_id.startswith(_TEMPORARY):
        raise InvalidTokenError
    raise UnknownKeyError


def _session(backend: Any, account: str, credential: Credential) -> Principal:
    sessions = sts_backends[account][_PARTITION].assumed_roles
    found = next((one for one in sessions if one.access_key_id == credential.key_id), None)
    if found is None or found.session_token != credential.token:
        raise InvalidTokenError
    try:
        role = backend.get_role_by_arn(found.role_arn)
    except NotFoundException as error:
        raise InvalidTokenError from error
    limits = list(_boundary(backend, role.permissions_boundary_arn))
    if found.policy:
        limits.append(Policy.parse(found.policy, "session policy"))
    return Principal(
        name=role.name,
        arn=found.arn,
        identity=role.arn,
        account=account,
        key_id=found.access_key_id,
        secret=found.secret_access_key,
        token=found.session_token,
        policies=tuple(_policies(role)),
        limits=tuple(limits),
        context={
            **_identity(role.arn, account, "AssumedRole", found.user_id),
            **_tags(role.tags),
        },
    )


def _user(backend: Any, user: Any, issued: Any) -> Principal:
    return Principal(
        name=user.name,
        arn=user.arn,
        identity=user.arn,
        account=backend.account_id,
        key_id=issued.access_key_id,
        secret=issued.secret_access_key,
        token="",
        policies=tuple(_policies_of_user(backend, user)),
        limits=(),
        context={
            **_identity(user.arn, backend.account_id, "User", user.id),
            "aws:username": (user.name,),
        },
    )


def _policies_of_user(backend: Any, user: Any) -> Iterator[Policy]:
    for owner in (user, *backend.get_groups_for_user(user.name)):
        yield from _policies(owner)


def _policies(owner: Any) -> Iterator[Policy]:
    for name, document in owner.policies.items():
        yield Policy.parse(document, name)
    for managed in owner.managed_policies.values():
        yield _managed(managed)


def _managed(policy: Any) -> Policy:
    version = next(one for one in policy.versions if one.version_id == policy.default_version_id)
    return Policy.parse(version.document, policy.name)


def _boundary(backend: Any, arn: str | None) -> Iterator[Policy]:
    if arn:
        yield _managed(backend.managed_policies[arn])


def _identity(arn: str, account: str, kind: str, user_id: str) -> Context:
    return {
        "aws:principalarn": (arn,),
        "aws:principalaccount": (account,),
        "aws:principaltype": (kind,),
        "aws:principalisawsservice": ("false",),
        "aws:userid": (user_id,),
    }


def _tags(tags: Any) -> Context:
    # CloudFormation's roles have them as a list, the API's by name.
    listed = tags.values() if isinstance(tags, dict) else tags or ()
    return {f"aws:principaltag/{tag['Key'].lower()}": (tag["Value"],) for tag in listed}
