"""Patches of rarely used services, applied at the first request for the service.

moto's CloudFormation alone imports half of moto, in three seconds. The start of a local store does
not pay for it.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from localaws.core.entrance import Application

_SERVICE = re.compile(r"AWS4-HMAC-SHA256\s+Credential=[^/,]+/[^/,]*/[^/,]*/([^/,]+)/")


class OnDemand:
    """A WSGI application around another, which prepares services before their first request."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._waiting: dict[str, Callable[[], None]] = {}
        # Preparing one service may ask for another, from another thread: one lock each.
        self._locks: dict[str, threading.Lock] = {}

    def before(self, service: str, prepare: Callable[[], None]) -> None:
        """Register what to do before a service's first request, by its signing name."""
        self._locks[service] = threading.Lock()
        self._waiting[service] = prepare

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        if self._waiting:
            found = _SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
            service = found[1].lower() if found is not None else ""
            if service in self._waiting:
                self._prepare(service)
        return self._application(environ, start)

    def _prepare(self, service: str) -> None:
        with self._locks[service]:
            prepare = self._waiting.get(service)
            if prepare is not None:
                prepare()
                del self._waiting[service]
