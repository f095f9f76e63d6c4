"""A way in that knows when nobody is inside: only then is what the services hold of one piece."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from localaws.core.entrance import Application

# A request that asks for others' work, such as to invoke a function, waits for their requests.
# So nobody is kept out for longer while somebody is inside.
_DRAIN_SECONDS = 0.25
_READING = ("BatchGet", "Describe", "Get", "Head", "List", "Query", "Scan", "Search", "TransactGet")


class Turnstile:
    """A WSGI application around another, which counts the requests at work.

    Attributes:
        changed: set after a request that may have changed something.
    """

    def __init__(self, application: Application) -> None:
        self.changed = threading.Event()
        self._application = application
        self._inside = 0
        self._left_at = time.monotonic()
        self._is_closed = False
        self._condition = threading.Condition()
        self._thread = threading.local()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        self._enter()
        try:
            return self._application(environ, start)
        finally:
            self._leave()
            if _may_write(environ):
                self.changed.set()

    def idle_seconds(self) -> float:
        """For how long nobody has been inside."""
        with self._condition:
            return 0.0 if self._inside else time.monotonic() - self._left_at

    @contextmanager
    def closed(self) -> Iterator[bool]:
        """Let nobody in for a while; whether nobody is inside, or else it is open as before."""
        is_empty = self._close()
        try:
            yield is_empty
        finally:
            self._open()

    def _close(self) -> bool:
        with self._condition:
            self._is_closed = True
            is_empty = self._condition.wait_for(lambda: not self._inside, _DRAIN_SECONDS)
        if not is_empty:
            self._open()
        return is_empty

    def _open(self) -> None:
        with self._condition:
            self._is_closed = False
            self._condition.notify_all()

    def _enter(self) -> None:
        depth = getattr(self._thread, "depth", 0)
        self._thread.depth = depth + 1
        if depth:  # a service calls another one, in the same thread: it is inside
            return
        with self._condition:
            self._condition.wait_for(lambda: not self._is_closed)
            self._inside += 1

    def _leave(self) -> None:
        self._thread.depth -= 1
        if self._thread.depth:
            return
        with self._condition:
            self._inside -= 1
            self._left_at = time.monotonic()
            self._condition.notify_all()


def _may_write(environ: dict[str, Any]) -> bool:
    if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
        return False
    operation: str = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return not operation.startswith(_READING)
