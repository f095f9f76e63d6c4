"""The Runtime API, from which a function's process gets events and to which it answers.

One server an environment, as in Lambda, where it is at an address of the environment's own. Here
others can reach it too: so its paths begin with a secret, which is part of the address it is told.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

_HOST = "127.0.0.1"
_SECRET_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The event that a function works on."""

    request_id: str
    payload: bytes
    deadline_millis: int
    arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The process has loaded the handler and asks for an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The handler returned or raised."""

    request_id: str
    payload: bytes
    is_error: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InitFailed:
    """The handler could not be loaded."""

    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Died:
    """The process has ended."""

    return_code: int


News = Ready | Answered | InitFailed | Died


class RuntimeApi:
    """The server of one environment."""

    def __init__(self) -> None:
        self.events: SimpleQueue[Event | None] = SimpleQueue()
        self.news: SimpleQueue[News] = SimpleQueue()
        self.secret = secrets.token_hex(_SECRET_BYTES)
        self._server = _Server((_HOST, 0), _Handler)
        self._server.api = self
        threading.Thread(target=self._serve, name="runtime-api", daemon=True).start()

    @property
    def address(self) -> str:
        """Host, port, and the secret with which all paths begin."""
        return f"{_HOST}:{self._server.server_port}/{self.secret}"

    def close(self) -> None:
        """Stop serving; a process that waits for an event gets none."""
        self.events.put(None)
        self._server.shutdown()
        self._server.server_close()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: RuntimeApi

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a process that was killed resets its connection."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Two packets an answer, held back by Nagle's algorithm and delayed acknowledgement, are 80 ms.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        if not self._is_known():
            return
        self.server.api.news.put(Ready())
        event = self.server.api.events.get()
        if event is None:
            self.close_connection = True
            return
        self._answer(
            200,
            event.payload,
            {
                "Lambda-Runtime-Aws-Request-Id": event.request_id,
                "Lambda-Runtime-Deadline-Ms": str(event.deadline_millis),
                "Lambda-Runtime-Invoked-Function-Arn": event.arn,
                "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
            },
        )

    def do_POST(self) -> None:
        if not self._is_known():
            return
        body = self._body()
        *_, request_id, kind = self.path.split("/")
        if request_id == "init":
            self.server.api.news.put(InitFailed(payload=body))
        else:
            is_error = kind == "error"
            answered = Answered(request_id=request_id, payload=body, is_error=is_error)
            self.server.api.news.put(answered)
        self._answer(202, b'{"status":"OK"}', {})

    def _is_known(self) -> bool:
        """Whether the request has the secret; if not, it is refused and the connection ends."""
        given = self.path.partition("/")[2].partition("/")[0]
        if hmac.compare_digest(given.encode(), self.server.api.secret.encode()):
            return True
        self.close_connection = True
        self._answer(403, b'{"errorMessage":"The path does not begin with the secret."}', {})
        return False

    def log_message(self, *_: Any) -> None:
        """Write no log."""

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
