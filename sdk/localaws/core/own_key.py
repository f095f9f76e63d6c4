"""The key of a local AWS: new at each start, and needed to sign every request.

It is part of the access key's id, which each request carries, so no signature has to be checked. A
page in the user's browser or another user's program cannot guess it.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from localaws.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX = "LOCAL"
_BYTES = 20

_kept: dict[str, Mapping[str, str]] = {}


def new() -> Mapping[str, str]:
    """Return a new key, under boto3's names for its parts."""
    return {
        "aws_access_key_id": _PREFIX + secrets.token_hex(_BYTES).upper(),
        "aws_secret_access_key": secrets.token_urlsafe(30),
    }


def keep(endpoint: str, credentials: Mapping[str, str]) -> None:
    """Remember the key of the local AWS that this process serves at an endpoint."""
    _kept[endpoint] = credentials


def of(endpoint: str) -> Mapping[str, str]:
    """Return the key of this process's own local AWS.

    Raises:
        UsageError: another process serves this endpoint, or none does.
    """
    if endpoint not in _kept:
        raise UsageError(
            f"this process has no key of {endpoint}: give the credentials that the "
            "other printed when it started, or that its LocalAws.environment has"
        )
    return _kept[endpoint]


def is_same(credentials: Mapping[str, str], key_id: str) -> bool:
    """Whether a request's access key is this one, compared in constant time."""
    return hmac.compare_digest(credentials["aws_access_key_id"].encode(), key_id.encode())
