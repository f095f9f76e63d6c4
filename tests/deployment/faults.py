"""Faults at the API: what a service answers now and then, and what an operator may do."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from localaws import LocalAws

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
    # Sees an action and its body, and says with which error it is to be answered, if with any.
    Fault = Callable[[str, bytes], str | None]

_ACTION = re.compile(r"^\w+?(?:_\d+)?\.(\w+)$")


class Injector:
    """A WSGI application around the local AWS: answers some requests with an error.

    Attributes:
        injected: how many requests were answered with an error.
    """

    def __init__(self, application: Application, fault: Fault, *, is_after: bool) -> None:
        self._application = application
        self._fault = fault
        self._is_after = is_after
        self._lock = threading.Lock()
        self.injected = 0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, or do it and lose the answer, or refuse."""
        found = _ACTION.match(environ.get("HTTP_X_AMZ_TARGET", ""))
        if found is None:
            return self._application(environ, start)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = _Body(body)
        # Without the lock: a fault may ask the same server.
        error = self._fault(found[1], body)
        with self._lock:
            self.injected += error is not None
        if error is None:
            return self._application(environ, start)
        if self._is_after:
            list(self._application(environ, lambda *_: None))
        status = (
            "500 Internal Server Error" if error == "InternalServerError" else "400 Bad Request"
        )
        answer = json.dumps({"__type": error, "message": "injected"}).encode()
        headers = [
            ("Content-Type", "application/x-amz-json-1.0"),
            ("Content-Length", str(len(answer))),
            ("x-amzn-RequestId", "injected"),
        ]
        start(status, headers)
        return [answer]


class _Body:
    """A request's body, read once more."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, size: int = -1) -> bytes:
        size = len(self._content) if size < 0 else size
        taken, self._content = self._content[:size], self._content[size:]
        return taken


@contextmanager
def injected(
    aws: LocalAws, fault: Fault, *, is_after: bool = False, may_miss: bool = False
) -> Iterator[Injector]:
    """Let a fault happen for a while, to whoever asks: this process and others.

    Args:
        aws: Whom requests are for.
        fault: What answers which of them.
        is_after: Whether a request is done all the same, and only its answer lost.
        may_miss: Whether the fault need not happen: it only looks, or chance decides.

    Raises:
        AssertionError: the block ended well and no request was answered by the fault. A test that
            injects nothing proves nothing.
    """
    with aws.entrance.behind(
        lambda application: Injector(application, fault, is_after=is_after)
    ) as injector:
        yield injector
    assert may_miss or injector.injected, "no request met the fault that was to be injected"
