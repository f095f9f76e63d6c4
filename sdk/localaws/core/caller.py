"""The caller for whom the local AWS works: a service reads and writes with its caller's rights."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from localaws.core import own_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_thread = threading.local()
_VIA = "~"


class Principal(Protocol):
    """A user or a role's session, by its key; the token is empty for a user."""

    @property
    def key_id(self) -> str: ...  # noqa: D102 - as the class says
    @property
    def secret(self) -> str: ...  # noqa: D102
    @property
    def token(self) -> str: ...  # noqa: D102


@contextmanager
def serving(principal: Principal | None) -> Iterator[None]:
    """This thread answers a request of the principal; None means the all-powerful own key."""
    before = getattr(_thread, "principal", None)
    _thread.principal = principal
    try:
        yield
    finally:
        _thread.principal = before


def credentials(endpoint: str) -> Mapping[str, str]:
    """The credentials of a service of this endpoint that acts for its caller."""
    principal: Principal | None = getattr(_thread, "principal", None)
    if principal is None:
        return own_key.of(endpoint)
    found = {
        "aws_access_key_id": principal.key_id,
        "aws_secret_access_key": principal.secret,
    }
    return {**found, "aws_session_token": principal.token} if principal.token else found


def forwarded(credentials: Mapping[str, str], service: str) -> Mapping[str, str]:
    """The credentials with which a service calls others for somebody, as `aws:CalledVia` tells."""
    key_id = f"{service}{_VIA}{credentials['aws_access_key_id']}"
    return {**credentials, "aws_access_key_id": key_id}


def via_of(key_id: str) -> tuple[str, str]:
    """The service that acts for a caller, or nothing, and the caller's access key."""
    service, _, key_id = key_id.rpartition(_VIA)
    return service, key_id
