"""`make conformance`: the product on engines that others wrote, Amazon's DynamoDB Local and Trino.

An engine that cannot run here is skipped by name, with the reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.conformance import dynamodb_local, jvm, trino_server

if TYPE_CHECKING:
    from collections.abc import Mapping

ONLINE = ("tests/online", "tests/materialize", "tests/registry", "tests/order", "tests/cost")
TRINO = ("tests/conformance",)


def main(arguments: list[str]) -> int:
    """Run both, and return the status of pytest, the first that is not 0."""
    statuses = [on_dynamodb_local(arguments), on_trino(arguments)]
    return next((status for status in statuses if status), 0)


def on_dynamodb_local(arguments: list[str]) -> int:
    """Run the tests of the online store, the registry and interleavings that call DynamoDB."""
    name = "DynamoDB Local"
    try:
        with dynamodb_local.running() as local:
            about = f"{name} {local.version}"
            return _pytest(about, ONLINE, {"SKEWLESS_TEST_DYNAMODB": local.endpoint}, arguments)
    except jvm.UnavailableError as error:
        return _skip(name, error)


def on_trino(arguments: list[str]) -> int:
    """Run this folder's tests, which start Trino beside the local AWS."""
    name = "Trino"
    try:
        about = f"{name} {trino_server.available()}"
    except jvm.UnavailableError as error:
        return _skip(name, error)
    return _pytest(about, TRINO, {"SKEWLESS_TEST_CONFORMANCE": "1"}, arguments)


def _pytest(
    about: str, paths: tuple[str, ...], environment: Mapping[str, str], arguments: list[str]
) -> int:
    _say(f"{about}: {' '.join(paths)}")
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", *paths, *arguments]
    status = subprocess.run(command, env={**os.environ, **environment}, check=False).returncode  # noqa: S603
    outcome = "nothing differs" if status == 0 else f"FAILED (status {status})"
    _say(f"{about}: {outcome} ({time.monotonic() - started:.0f} s)")
    return status


def _skip(name: str, reason: jvm.UnavailableError) -> int:
    _say(f"{name}: skipped: {reason}")
    return 0


def _say(text: str) -> None:
    print(f"--- {text}", flush=True)  # noqa: T201 - what a terminal is for


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
