"""Processes that end with this one, however it ends.

The kernel kills a process when the thread that started it ends, if asked to: so one thread, which
lives as long as the interpreter, starts them all.
"""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# 1 is PR_SET_PDEATHSIG, 9 is SIGKILL. Elsewhere than on Linux the Runtime API's end must do.
# The Runtime API's address ends in a path. The part of the client that is written in C puts its own
# paths behind it; the one in Python, which tells that the handler could not be loaded, has to be
# taught so: it takes the address for a host and port.
_RUN_FUNCTION = (
    "import ctypes, sys, runpy\n"
    "sys.platform == 'linux' and ctypes.CDLL(None).prctl(1, 9)\n"
    "import os\n"
    "from awslambdaric.lambda_runtime_client import BaseLambdaRuntimeClient as Client\n"
    "stock = Client.call_rapid\n"
    "address, _, secret = os.environ['AWS_LAMBDA_RUNTIME_API'].partition('/')\n"
    "def call(self, method, path, *rest):\n"
    "    self.lambda_runtime_address = address\n"
    "    return stock(self, method, f'/{secret}{path}', *rest)\n"
    "Client.call_rapid = call\n"
    "runpy.run_module('awslambdaric', run_name='__main__', alter_sys=True)\n"
)


def start(
    handler: str, folder: Path, environment: Mapping[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a function's process: an interpreter that sees no site-packages and writes no cache."""
    started: Future[subprocess.Popen[bytes]] = Future()
    _orders().put((started, handler, folder, environment, log))
    return started.result()


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and what it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def peak_megabytes(process: subprocess.Popen[bytes]) -> float:
    """The most memory a living process ever held; 0.0 where the system does not tell."""
    try:
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:  # noqa: PTH123 not a file
            lines = [line for line in status if line.startswith("VmHWM")]
    except OSError:
        return 0.0
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


@functools.cache
def _orders() -> SimpleQueue[_Order]:
    orders: SimpleQueue[_Order] = SimpleQueue()
    threading.Thread(target=_start_all, args=(orders,), name="functions", daemon=True).start()
    return orders


def _start_all(orders: SimpleQueue[_Order]) -> None:
    while True:
        started, handler, folder, environment, log = orders.get()
        try:
            started.set_result(_start(handler, folder, environment, log))
        except OSError as error:
            started.set_exception(error)


def _start(
    handler: str, folder: Path, environment: Mapping[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 our own interpreter
        [sys.executable, "-S", "-B", "-c", _RUN_FUNCTION, handler],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


_Order = tuple[Future[subprocess.Popen[bytes]], str, "Path", "Mapping[str, str]", IO[bytes]]
