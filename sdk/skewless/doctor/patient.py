"""The store under examination: calls to AWS distinguish a refusal from an absence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from skewless.aws import Aws, Jobs, Resources
    from skewless.registry.published import Published

_REFUSALS = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "KMS.AccessDeniedException",
        "UnauthorizedOperation",
    }
)
# Actions whose name in a policy differs from the client's.
_PREFIXES = {"stepfunctions": "states"}
_ACTIONS = {
    "HeadBucket": "ListBucket",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
}


class AbsentError(Exception):
    """The thing asked for does not exist."""


class NotAllowedError(Exception):
    """The caller is not allowed to ask.

    Attributes:
        action: as a policy names it.
    """

    def __init__(self, action: str) -> None:
        self.action = action
        super().__init__(f"not allowed: {action}")


@dataclass(frozen=True, slots=True)
class Patient:
    """A store and its surroundings.

    Attributes:
        published: None if the registry could not be read.
        now: the store's clock, in microseconds.
    """

    aws: Aws
    resources: Resources
    jobs: Jobs | None
    published: Published | None
    now: int

    def ask(
        self, service: str, operation: str, absent: tuple[str, ...] = (), **request: Any
    ) -> Any:
        """Call AWS.

        Args:
            service: boto3's name of it.
            operation: boto3's method.
            absent: codes of errors that say there is no such thing.
            request: the arguments.

        Raises:
            AbsentError: there is none.
            NotAllowedError: the caller may not.
            ClientError: AWS failed otherwise.
        """
        client = self.aws.client(service)
        try:
            return getattr(client, operation)(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] in absent:
                raise AbsentError from error
            if is_refusal(error):
                raise NotAllowedError(action_of(service, error)) from error
            raise


def is_refusal(error: ClientError) -> bool:
    """Say whether an error is about permissions."""
    # The answer to a HEAD has no body, so S3's code is the HTTP status.
    return error.response["Error"]["Code"] in _REFUSALS


def action_of(service: str, error: ClientError) -> str:
    """Return the action that a policy would have to allow."""
    name = _ACTIONS.get(error.operation_name, error.operation_name)
    return f"{_PREFIXES.get(service, service)}:{name}"
