"""The reasons why CloudFormation refuses a request or fails a resource."""

from __future__ import annotations

from botocore.exceptions import ClientError
from moto.core.exceptions import ServiceException

# The services' different codes for a thing that does not exist.
_ABSENT = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist", "404")


class ValidationError(ServiceException):
    """The request or its template is refused before anything is made."""

    code = "ValidationError"


class AlreadyExistsError(ServiceException):
    """There is a stack or a change set of that name."""

    code = "AlreadyExistsException"


class ChangeSetNotFoundError(ServiceException):
    """There is no such change set."""

    code = "ChangeSetNotFound"


class InvalidChangeSetStatusError(ServiceException):
    """The change set is not one that can be executed."""

    code = "InvalidChangeSetStatus"


class UnresolvedError(Exception):
    """A function names a resource that does not exist yet."""


class ResourceError(Exception):
    """A resource cannot be made, changed or deleted; the text is the event's reason."""

    @classmethod
    def already_exists(cls, type_name: str, identifier: str) -> ResourceError:
        """Another resource, of this stack or of none, has the name."""
        return cls(f"Resource of type '{type_name}' with identifier '{identifier}' already exists.")


def is_absent(error: BaseException) -> bool:
    """Whether a service's error says that the thing asked for is not there."""
    if not isinstance(error, ClientError):
        return False
    said = error.response.get("Error", {})
    code = str(said.get("Code", ""))
    # Athena, CloudFormation and IAM of moto say it in the message of a general error.
    return any(word in code for word in _ABSENT) or (
        "does not exist" in str(said.get("Message", ""))
    )
