"""The gate: every request to the local AWS is recorded, and a real principal's must be allowed.

Who calls (`principal`), what for (`request`, `needs`), may they (`policy`, `evaluation`), and how
the service says no (`refusal`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from skewless.local.iam import caller
from skewless.local.iam.condition import PolicyError
from skewless.local.iam.evaluation import Decision, decide
from skewless.local.iam.needs import needs
from skewless.local.iam.needs.s3 import visibility
from skewless.local.iam.permission import UNKNOWN
from skewless.local.iam.policy import Policy
from skewless.local.iam.principal import (
    Administrator,
    InvalidTokenError,
    Principal,
    principal_of,
)
from skewless.local.iam.record import Call, Calls
from skewless.local.iam.refusal import Refusal
from skewless.local.iam.request import ApiRequest, Credential, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from skewless.local.iam.permission import Context, Permission

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_REASONS = {
    Decision.DENIED: "with an explicit deny in {an} {kind} policy",
    Decision.NOT_ALLOWED: "because no {kind} policy allows the {action} action",
}


class Gate:
    """A WSGI application around the local AWS's.

    Attributes:
        calls: who called what.
    """

    def __init__(self, application: Application) -> None:
        self.calls = Calls()
        self._application = application

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, or refuse it."""
        credential = Credential.of(environ)
        if credential is None:
            return self._application(environ, start)
        try:
            principal = principal_of(credential)
        except (InvalidTokenError, PolicyError) as error:
            return _refused_unseen(environ, credential, error, start)
        request = read(environ, credential, principal.account)
        if isinstance(principal, Administrator):
            if request is not None:
                self._record(principal.name, needs(request), credential.via, is_allowed=True)
            return self._application(environ, start)
        if request is None:
            request = _unknown(environ, credential)
            return Refusal(message="The local AWS does not know this operation.").answer(
                request, start
            )
        return self._checked(principal, request, environ, start)

    def _checked(
        self,
        principal: Principal,
        request: ApiRequest,
        environ: dict[str, Any],
        start: Callable[..., Any],
    ) -> Iterable[bytes]:
        wanted = needs(request)
        refusal = _first_refusal(principal, request, wanted)
        self._record(principal.name, wanted, request.via, is_allowed=refusal is None)
        if refusal is not None:
            return refusal.answer(request, start)
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
        """S3 says that an object is not there only to those who may list the bucket."""
        environ: Any = request.headers
        answered: list[Any] = []
        body = b"".join(self._application(environ, lambda *answer: answered.extend(answer)))
        if answered[0].startswith("404") and b"NoSuchBucket" not in body:
            refusal = _first_refusal(principal, request, (seeing,))
            self._record(principal.name, (seeing,), request.via, is_allowed=refusal is None)
            if refusal is not None:
                return refusal.answer(request, start)
        start(*answered)
        return [body]

    def _record(
        self,
        name: str,
        wanted: Iterable[Permission],
        via: str,
        *,
        is_allowed: bool,
    ) -> None:
        resources: dict[str, list[str]] = {}
        for one in wanted:
            resources.setdefault(one.action, []).append(one.resource)
        for action, named in resources.items():
            self.calls.add(Call(name, action, tuple(named), is_allowed, via))


def _first_refusal(
    principal: Principal, request: ApiRequest, wanted: Iterable[Permission]
) -> Refusal | None:
    try:
        return next(_refusals(principal, request, wanted), None)
    except PolicyError as error:
        return Refusal(message=str(error))


def _refusals(
    principal: Principal, request: ApiRequest, wanted: Iterable[Permission]
) -> Iterator[Refusal]:
    """Why the request is refused, if it is.

    Raises:
        PolicyError: a policy cannot be evaluated as AWS would.
    """
    shared = _shared_context(principal, request)
    for one in wanted:
        owner = _account_of(one.resource) or request.account
        context = {**shared, "aws:resourceaccount": (owner,), **one.context()}
        is_trusted = False
        if one.action == "sts:AssumeRole":
            trust = _trust(principal, one.resource, context)
            if trust is None:
                yield _refusal(principal, one, Decision.NOT_ALLOWED, "resource-based")
            is_trusted = trust == "itself"
        decision = decide(principal.policies, one.action, one.resource, context)
        if decision is Decision.DENIED or (decision is Decision.NOT_ALLOWED and not is_trusted):
            yield _refusal(principal, one, decision, "identity-based")
        for limit in principal.limits:
            decision = decide((limit,), one.action, one.resource, context)
            if decision is not Decision.ALLOWED:
                kind = "session" if limit.name == "session policy" else "permissions boundary"
                yield _refusal(principal, one, decision, kind)


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
        # The endpoint stands for AWS's, which speak TLS; that this one does not is no one's fault.
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
    try:
        role = iam_backends[_account_of(role_arn)]["aws"].get_role_by_arn(role_arn)
    except NotFoundException:
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
    return Refusal.invalid_token().answer(request, start)
