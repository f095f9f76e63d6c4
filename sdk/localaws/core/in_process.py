"""Requests of this process to its own local AWS: passed to the application without a socket.

The client signs and serializes as ever, and the application sees what the server would give it.
Only the way between them is left out: two threads, a socket and two parsers of HTTP, which took
longer than most answers. Other processes, forks of this one among them, come by the socket.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from contextvars import Context
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from localaws.core import caller

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

    from localaws.core.entrance import Application

_LATIN = "iso-8859-1"  # how WSGI carries bytes


class InProcess:
    """The route to an application that serves an endpoint in this process."""

    def __init__(self, endpoint: str, application: Application) -> None:
        address = urlsplit(endpoint)
        self._address = address.netloc
        self._server = (str(address.hostname), str(address.port))
        self._application = application
        self._process = os.getpid()

    def answer(self, request: AWSPreparedRequest) -> AWSResponse | None:
        """Answer a signed request; return None if it must be sent elsewhere."""
        url: str = request.url
        if os.getpid() != self._process or urlsplit(url).netloc != self._address:
            return None
        # This thread may be answering a caller already, if a service calls another one.
        with caller.serving(None):
            status, headers, body = Context().run(self._ask, self._environ(request))
        raw: Any = MockRawResponse(b"" if request.method == "HEAD" else body)
        named: Any = {"date": formatdate(usegmt=True), **dict(headers)}  # as every server adds it
        return AWSResponse(url, int(status.split(" ", 1)[0]), named, raw)

    def _ask(self, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        head: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            head[:] = status, headers

        try:
            answer = self._application(environ, start)
            try:
                body = b"".join(answer)
            finally:
                if hasattr(answer, "close"):
                    answer.close()
        except Exception:  # noqa: BLE001 - as the server answers, whatever went wrong in moto
            traceback.print_exc()
            return "500 Internal Server Error", [], b""
        status, headers = head
        return status, headers, body

    def _environ(self, request: AWSPreparedRequest) -> dict[str, Any]:
        """Return what the server makes of a request."""
        url = urlsplit(request.url)
        body = _bytes_of(request.body)
        name, port = self._server
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "REQUEST_URI": f"{url.path}?{url.query}" if url.query else url.path,
            "SCRIPT_NAME": "",
            # As the server has it: an encoded slash is no separator.
            "PATH_INFO": _unquoted(url.path or "/"),
            "QUERY_STRING": url.query,
            "SERVER_NAME": name,
            "SERVER_PORT": port,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": name,
            "HTTP_HOST": self._address,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for key, value in request.headers.items():
            text = value.decode(_LATIN) if isinstance(value, bytes) else str(value)
            environ[f"HTTP_{key.upper().replace('-', '_')}"] = text
        environ.pop("HTTP_EXPECT", None)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ.pop("HTTP_CONTENT_LENGTH", None)
        if "HTTP_CONTENT_TYPE" in environ:
            environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE")
        environ["CONTENT_LENGTH"] = str(len(body))
        return environ


def _bytes_of(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        body = body.read()
    return bytes(body)


def _unquoted(path: str) -> str:
    parts = path.replace("%2f", "%2F").split("%2F")
    return "%2F".join(unquote_to_bytes(part).decode(_LATIN) for part in parts)
