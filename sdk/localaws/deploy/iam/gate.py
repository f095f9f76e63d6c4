"""The gate: every request must have a key, is recorded, and a real principal's must be allowed.

The caller is in `principal`, the request in `request` and `needs`, the decision in `policy` and
`evaluation`, and the service's refusal in `refusal`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from localaws.core import caller
from localaws.core.credential import Credential
from localaws.core.gate import MOTO
from localaws.deploy.iam import resource_policy
from localaws.deploy.iam.condition import PolicyError
from localaws.deploy.iam.evaluation import Decision, decide
from localaws.deploy.iam.needs import needs
from localaws.deploy.iam.needs.s3 import visibility
from localaws.deploy.iam.permission import UNKNOWN
from localaws.deploy.iam.policy import Policy
from localaws.deploy.iam.principal import (
    Administrator,
    InvalidTokenError,
    Principal,
    UnknownKeyError,
    principal_of,
)
from localaws.deploy.iam.record import Call, Calls
from localaws.deploy.iam.refusal import Refusal
from localaws.deploy.iam.request import ApiRequest, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from localaws.core.entrance import Application
    from localaws.deploy.iam.permission import Context, Permission

_MOTO_ALLOWED = frozenset({"/moto-api/reset", "/moto-api/data.json"})
_REASONS = {
    Decision.DENIED: "with an explicit deny in {an} {kind} policy",
    Decision.NOT_ALLOWED: "because no {kind} policy allows the {action} action",
}


class Gate:
    """A WSGI application around the local AWS's.

    Attributes:
        calls: who called what.
    """

    def __init__(self, application: Application, own: Mapping[str, str]) -> None:
        """Guard an application.

        Args:
            application: what answers.
            own: the local AWS's own key, under boto3's names for its parts.
        """
        self.calls = Calls()
        self._application = application
        self._own = own

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, or refuse it."""
        credential = Credential.of(environ)
        if credential is None:
            return Refusal.unsigned().answer(_unsigned(environ), start)
        try:
            principal = principal_of(credential, self._own)
        except (InvalidTokenError, PolicyError) as error:
            return _refused_unseen(environ, credential, error, start)
        if environ["PATH_INFO"].startswith(MOTO):
            return self._moto(principal, environ, credential, start)
        request = read(environ, credential, principal.account)
        if request is None:
            if isinstance(principal, Principal):
                refusal = Refusal(message="The local AWS does not know this operation.")
                return refusal.answer(_unknown(environ, credential), start)
            return self._application(environ, start)
        wanted = needs(request)
        if isinstance(principal, Principal):
            return self._checked(principal, request, wanted, start)
        self._record(principal.name, wanted, request.via, is_allowed=True)
        if any(one.action == "sts:AssumeRole" and _role(one.resource) is None for one in wanted):
            # Stock moto makes sessions of roles that do not exist.
            return Refusal(message="Not authorized to perform sts:AssumeRole").answer(
                request, start
            )
        return self._application(environ, start)

    def _moto(
        self,
        principal: Principal | Administrator,
        environ: dict[str, Any],
        credential: Credential,
        start: Callable[..., Any],
    ) -> Iterable[bytes]:
        """Answer what moto has of its own: it can erase all, but neither write files nor call."""
        if isinstance(principal, Administrator) and environ["PATH_INFO"] in _MOTO_ALLOWED:
            return self._application(environ, start)
        refusal = Refusal(message=f"The local AWS does not serve {environ['PATH_INFO']} to you.")
        return refusal.answer(_unknown(environ, credential), start)

    def _checked(
        self,
        principal: Principal,
        request: ApiRequest,
        wanted: Sequence[Permission],
        start: Callable[..., Any],
    ) -> Iterable[bytes]:
        if refusal := self._refusal(principal, request, wanted):
            return refusal.answer(request, start)
        environ: Any = request.headers
        with caller.serving(principal):
            if (seeing := visibility(request)) is None:
                return self._application(environ, start)
            return self._seen(principal, request, seeing, start)

    def _seen(
        self,
        principal: Principal,
        request: ApiRequest,
        seeing: Permission,
        start: Callable[..., Any],
    ) -> Iterable[bytes]:
        """S3 answers 404 for a missing object only to callers who may list the bucket."""
        environ: Any = request.headers
        answered: list[Any] = []
        answer = self._application(environ, lambda *head: answered.extend(head))
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        is_absent = answered[0].startswith("404") and b"NoSuchBucket" not in body
        if is_absent and (refusal := self._refusal(principal, request, (seeing,))):
            return refusal.answer(request, start)
        start(*answered)
        return [body]

    def _refusal(
        self, principal: Principal, request: ApiRequest, wanted: Sequence[Permission]
    ) -> Refusal | None:
        """Decide a request, and record what it used or, if it is refused, what it lacks."""
        try:
            lacking = dict(_refusals(principal, request, wanted))
        except PolicyError as error:
            lacking = dict.fromkeys(wanted, Refusal(message=str(error)))
        recorded = lacking or wanted
        self._record(principal.name, recorded, request.via, is_allowed=not lacking)
        return next(iter(lacking.values()), None)

    def _record(
        self, name: str, permissions: Iterable[Permission], via: str, *, is_allowed: bool
    ) -> None:
        resources: dict[str, list[str]] = {}
        for one in permissions:
            resources.setdefault(one.action, []).append(one.resource)
        for action, named in resources.items():
            self.calls.add(Call(name, action, tuple(named), is_allowed, via))


def _refusals(
    principal: Principal, request: ApiRequest, wanted: Iterable[Permission]
) -> Iterator[tuple[Permission, Refusal]]:
    """What a request lacks, and why.

    Raises:
        PolicyError: a policy cannot be evaluated as AWS would.
    """
    shared = _shared_context(principal, request)
    for one in wanted:
        owner = _account_of(one.resource) or request.account
        owned = {"aws:resourceaccount": (owner,), "s3:resourceaccount": (owner,)}
        found = _denial(principal, one, {**shared, **owned, **one.context()})
        if found is not None:
            yield one, _refusal(principal, one, *found)


def _denial(
    principal: Principal, permission: Permission, context: Context
) -> tuple[Decision, str] | None:
    """The decision against a permission, and the kind of policy that made it."""
    action, resource = permission.action, permission.resource
    is_trusted = False
    if action == "sts:AssumeRole":
        trust = _trust(principal, resource, context)
        if trust is None:
            return Decision.NOT_ALLOWED, "resource-based"
        is_trusted = trust == "itself"
    of_resource = resource_policy.decision_of(principal, permission, context)
    is_foreign = resource_policy.is_foreign(principal, permission)
    if of_resource is Decision.DENIED or (is_foreign and of_resource is not Decision.ALLOWED):
        return of_resource, "resource-based"
    is_trusted = is_trusted or (of_resource is Decision.ALLOWED and not is_foreign)
    decision = decide(principal.policies, action, resource, context)
    if decision is Decision.DENIED or (decision is Decision.NOT_ALLOWED and not is_trusted):
        return decision, "identity-based"
    for limit in principal.limits:
        decision = decide((limit,), action, resource, context)
        if decision is not Decision.ALLOWED:
            is_session = limit.name == "session policy"
            return decision, "session" if is_session else "permissions boundary"
    return None


def _refusal(
    principal: Principal, permission: Permission, decision: Decision, kind: str
) -> Refusal:
    resource = "*" if permission.resource == UNKNOWN else permission.resource
    if permission.action.startswith("s3:"):
        resource = f'"{resource}"'
    reason = _REASONS[decision].format(
        an="an" if kind[0] in "aeiou" else "a", kind=kind, action=permission.action
    )
    reason = reason.replace("boundary policy", "boundary")
    return Refusal(
        message=f"User: {principal.arn} is not authorized to perform: {permission.action} "
        f"on resource: {resource} {reason}"
    )


def _shared_context(principal: Principal, request: ApiRequest) -> Context:
    via = request.via
    context = {
        **principal.context,
        # The endpoint replaces AWS's, which speak TLS, so requests count as secure.
        "aws:securetransport": ("true",),
        "aws:requestedregion": (request.region,),
        "aws:viaawsservice": ("true" if via else "false",),
    }
    if via:
        for key in ("aws:calledvia", "aws:calledviafirst", "aws:calledvialast"):
            context[key] = (via,)
    if external := request.parameters.get("ExternalId"):
        context["sts:externalid"] = (str(external),)
    return context


def _trust(principal: Principal, role_arn: str, context: Context) -> str | None:
    """Whether a role trusts a principal: by "itself", by its "account", or not."""
    role = _role(role_arn)
    if role is None:
        return None
    found = None
    account = (principal.account, f"arn:aws:iam::{principal.account}:root")
    for statement in Policy.parse(role.assume_role_policy_document, "trust policy").statements:
        named = {value for kind, value in statement.principals if kind == "AWS"}
        is_itself = bool(named & {principal.arn, principal.identity, "*"})
        is_concerned = is_itself or bool(named & set(account))
        if not is_concerned or not statement.names("sts:AssumeRole"):
            continue
        if not all(condition.holds(context) for condition in statement.conditions):
            continue
        if statement.is_deny:
            return None
        found = "itself" if is_itself else found or "account"
    return found


def _role(arn: str) -> Any:
    try:
        return iam_backends[_account_of(arn)]["aws"].get_role_by_arn(arn)
    except (KeyError, NotFoundException):
        return None


def _account_of(arn: str) -> str:
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == len(("arn", "aws", "iam", "", "account", "role")) else ""


def _unknown(environ: dict[str, Any], credential: Credential) -> ApiRequest:
    protocol = "rest-xml" if credential.service == "s3" else "rest-json"
    return ApiRequest(credential.service, "", {}, protocol, credential.region, "", environ)


def _refused_unseen(
    environ: dict[str, Any],
    credential: Credential,
    error: Exception,
    start: Callable[..., Any],
) -> Iterable[bytes]:
    request = read(environ, credential, "") or _unknown(environ, credential)
    if isinstance(error, PolicyError):
        return Refusal(message=str(error)).answer(request, start)
    if isinstance(error, UnknownKeyError):
        return Refusal.unknown_key().answer(request, start)
    return Refusal.invalid_token().answer(request, start)


def _unsigned(environ: dict[str, Any]) -> ApiRequest:
    # Written as S3 does, whose clients alone have a way to sign nothing.
    return ApiRequest("s3", "", {}, "rest-xml", "", "", environ)
