"""A server in front of the local AWS that answers repeated reads from memory.

python -m benchmarks.replay <file>

The local AWS takes longer for a read than any client: measured against it, all clients look alike.
Here a read that was answered once is answered again at once, byte for byte, so that what remains is
the client's own work. All else is passed on. Each read that is repeated is noted in the file, a
line of JSON, so that a baseline can ask for exactly what a client asks again and again.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

_READS = ("BatchGetItem", "GetItem", "Query")
_KEPT = ("content-type", "x-amzn-requestid", "x-amz-crc32")


class Replay(asyncio.Protocol):
    """One connection; requests on it are answered in order."""

    answers: dict[tuple[str, bytes], bytes]
    repeated: set[tuple[str, bytes]]
    upstream: str
    noted: Path

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the client."""
        self._transport = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that has arrived as a whole."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            lines = self._data[:end].decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines[1:])
            }
            length = int(headers.get("content-length", 0))
            if len(self._data) < end + 4 + length:
                return
            body = self._data[end + 4 : end + 4 + length]
            self._data = self._data[end + 4 + length :]
            assert isinstance(self._transport, asyncio.WriteTransport)  # noqa: S101 - for mypy
            self._transport.write(self._answer(lines[0], headers, body))

    def _answer(self, line: str, headers: dict[str, str], body: bytes) -> bytes:
        target = headers.get("x-amz-target", "")
        known = self.answers.get((target, body))
        if known is None:
            answer = self._ask(line, headers, body)
            if target.endswith(_READS):
                self.answers[target, body] = answer
            return answer
        if (target, body) not in self.repeated:
            self.repeated.add((target, body))
            with self.noted.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"target": target, "body": json.loads(body)}) + "\n")
        return known

    def _ask(self, line: str, headers: dict[str, str], body: bytes) -> bytes:
        method, path, _ = line.split(" ")
        connection = HTTPConnection(self.upstream)
        connection.request(method, path, body, {**headers, "host": self.upstream})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        kept = "".join(
            f"{name}: {answer.headers[name]}\r\n" for name in _KEPT if answer.headers[name]
        )
        head = f"HTTP/1.1 {answer.status} {answer.reason}\r\n{kept}Content-Length: {len(content)}"
        return f"{head}\r\nConnection: keep-alive\r\n\r\n".encode("latin-1") + content


async def _serve(noted: Path) -> None:
    Replay.answers = {}
    Replay.repeated = set()
    Replay.upstream = urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
    Replay.noted = noted
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Replay, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
