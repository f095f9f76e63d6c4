"""`python -m localaws`: a local AWS for other processes, until Ctrl-C."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from localaws import LocalAws
from localaws.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Sequence

_PORT = 4600


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, and return the exit code."""
    asked = _parsed(arguments)
    is_over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: is_over.set())
    try:
        aws = LocalAws.start(
            asked.port, functions=asked.functions, origins=asked.cors, data=asked.data
        )
        for variable, value in aws.environment.items():
            sys.stdout.write(f"export {variable}={shlex.quote(value)}\n")
        sys.stdout.flush()
        is_over.wait()
        aws.stop()
    except (LocalAwsError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m localaws",
        description="Serve an AWS on this machine until Ctrl-C, and print the variables that "
        "point other processes at it.",
    )
    parser.add_argument(
        "--port", type=int, default=_PORT, help="where to listen on 127.0.0.1; 0 picks a free one"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="keep what is stored in this folder"
    )
    parser.add_argument("--functions", action="store_true", help="let Lambda functions run: as you")
    parser.add_argument(
        "--cors", action="append", default=[], metavar="ORIGIN", help="let its web pages call"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
