"""The gate: requests with the local AWS's own key pass; IAM decides all others.

IAM is slow to load and most tests never make a role. So it is loaded by the first request that is
not signed with the local AWS's own key, or that calls IAM itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.core import own_key
from localaws.core.credential import Credential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from localaws.core.entrance import Application

# moto's own: a dashboard, a reset, a recorder of requests, the metadata of an instance.
MOTO = ("/moto-api", "/favicon.ico", "/latest/meta-data/", "/latest/api/")
_OF_IAM = frozenset({"iam", "sts"})


class Gate:
    """A WSGI application around the local AWS's."""

    def __init__(
        self, application: Application, own: Mapping[str, str], iam: Callable[[], Application]
    ) -> None:
        """Guard an application.

        Args:
            application: what answers.
            own: the local AWS's own key, under boto3's names for its parts.
            iam: returns the application that decides requests by IAM, and records them.
        """
        self._application = application
        self._own = own
        self._iam = iam
        self._checked: Application | None = None

    def check_all(self) -> Application:
        """Let every request go through IAM from now on, so that it is recorded."""
        if self._checked is None:
            self._checked = self._iam()
        return self._checked

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, or refuse it."""
        if self._checked is None and self._passes(environ):
            return self._application(environ, start)
        return self.check_all()(environ, start)

    def _passes(self, environ: Mapping[str, Any]) -> bool:
        credential = Credential.of(environ)
        return (
            credential is not None
            and own_key.is_same(self._own, credential.key_id)
            and credential.service not in _OF_IAM
            and not environ["PATH_INFO"].startswith(MOTO)
        )
