"""The guard against web pages: any page that the user opens can send requests to this machine.

A browser tells where a request comes from (`Origin`, `Sec-Fetch-Site`) and which name it looked up
(`Host`). A name other than the loopback's belongs to a page whose name was pointed here. The key
keeps all others out (`own_key`).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from localaws.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from localaws.core.entrance import Application

_NAMES = ("localhost",)
_HTTP_PORT = 80
_CHUNK_BYTES = 1 << 16
_CORS = "access-control-"
_KEPT_SECONDS = "600"


class Browsers:
    """A WSGI application around the local AWS's, for requests that come by a socket."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._hosts: frozenset[str] = frozenset()
        self._suffixes: tuple[str, ...] = ()
        self._origins: frozenset[str] = frozenset()

    def serve_at(self, address: str, port: int) -> None:
        """Set the names under which a client may look for it."""
        ports = (f":{port}", "") if port == _HTTP_PORT else (f":{port}",)
        self._hosts = frozenset(name + end for name in (address, *_NAMES) for end in ports)
        # `bucket.localhost`: names that no resolver answers with another machine's address.
        self._suffixes = tuple(f".{name}{end}" for name in _NAMES for end in ports)

    def admit(self, origins: Collection[str]) -> None:
        """Let the web pages of these origins call.

        Raises:
            UsageError: one is no origin.
        """
        self._origins |= {_verified(origin) for origin in origins}

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, or refuse it."""
        host = environ.get("HTTP_HOST", "").lower()
        if host not in self._hosts and not host.endswith(self._suffixes):
            return _refuse(f"no host {host!r} is here", environ, start)
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None:
            return self._of_a_page(origin.lower(), environ, start)
        if _is_a_pages(environ):
            return _refuse("a web page asks for this", environ, start)

        def bare(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start(status, _without_cors(headers), *rest)

        return self._application(environ, bare)

    def _of_a_page(
        self, origin: str, environ: dict[str, Any], start: Callable[..., Any]
    ) -> Iterable[bytes]:
        if origin not in self._origins:
            why = f"pages of {origin} may not call; a start with --cors {origin} would let them"
            return _refuse(why, environ, start)
        answer = [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
        asked = environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD")
        if environ["REQUEST_METHOD"] == "OPTIONS" and asked is not None:
            named = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")
            answer += [
                ("Access-Control-Allow-Methods", asked),
                ("Access-Control-Allow-Headers", named),
                ("Access-Control-Allow-Private-Network", "true"),
                ("Access-Control-Max-Age", _KEPT_SECONDS),
            ]
            return _answer(HTTPStatus.OK, b"", answer, environ, start)
        answer.append(("Access-Control-Expose-Headers", "*"))

        def allowing(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start(status, [*_without_cors(headers), *answer], *rest)

        return self._application(environ, allowing)


def _is_a_pages(environ: dict[str, Any]) -> bool:
    """Whether a page sends it without its origin, as for an image; opening an address is none."""
    return (
        environ.get("HTTP_SEC_FETCH_SITE", "none") != "none"
        and environ.get("HTTP_SEC_FETCH_MODE") != "navigate"
    )


def _without_cors(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """An answer's headers without those that moto adds for everybody."""
    return [header for header in headers if not header[0].lower().startswith(_CORS)]


def _refuse(why: str, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    body = f"The local AWS refuses this request: {why}.\n".encode("ascii", "backslashreplace")
    return _answer(HTTPStatus.FORBIDDEN, body, [("Connection", "close")], environ, start)


def _answer(
    status: HTTPStatus,
    body: bytes,
    headers: list[tuple[str, str]],
    environ: dict[str, Any],
    start: Callable[..., Any],
) -> list[bytes]:
    # An unread body would be taken for the connection's next request.
    while environ["wsgi.input"].read(_CHUNK_BYTES):
        pass
    head = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *headers]
    start(f"{status.value} {status.phrase}", head)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def _verified(origin: str) -> str:
    parts = urlsplit(origin)
    plain = f"{parts.scheme}://{parts.netloc}"
    if not parts.scheme or not parts.hostname or "*" in origin or plain.lower() != origin.lower():
        raise UsageError(
            f"{origin!r} is no origin: write the scheme, host and port of the page that may call, "
            "such as http://localhost:5173"
        )
    return plain.lower()
