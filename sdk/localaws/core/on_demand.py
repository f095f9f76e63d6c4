"""Patches of services that few need, applied when a request first asks for the service.

What moto has for CloudFormation alone imports half of moto: three seconds that the start of a local
store, which uses none of it, does not pay.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_SERVICE = re.compile(r"AWS4-HMAC-SHA256\s+Credential=[^/,]+/[^/,]*/[^/,]*/([^/,]+)/")


class OnDemand:
    """A WSGI application around another, which prepares services before their first request."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._waiting: dict[str, Callable[[], None]] = {}
        # Preparing one service may ask for another, from another thread: one lock each.
        self._locks: dict[str, threading.Lock] = {}

    def before(self, service: str, prepare: Callable[[], None]) -> None:
        """Say what to do before the first request of a service, by its name in signatures."""
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
