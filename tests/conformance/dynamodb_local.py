"""Amazon's DynamoDB Local, while it is used."""

from __future__ import annotations

import os
import re
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conformance import jvm

if TYPE_CHECKING:
    from collections.abc import Iterator

POM = Path(__file__).parent / "dynamodb" / "pom.xml"
_MAIN = "software.amazon.dynamodb.services.local.main.ServerRunner"


@dataclass(frozen=True, slots=True)
class DynamoDbLocal:
    endpoint: str
    version: str


@contextmanager
def running() -> Iterator[DynamoDbLocal]:
    """Start it, empty and in memory.

    Raises:
        UnavailableError: Java or Maven is missing.
    """
    java, jars = jvm.java(17), jvm.class_path(POM)
    port = jvm.free_port()
    # SQLite, which it keeps its items in, comes as libraries for each system.
    libraries = os.pathsep.join(sorted({str(jar.parent) for jar in jars if jar.suffix != ".jar"}))
    command = [
        str(java),
        f"-Djava.library.path={libraries}",
        "-cp",
        os.pathsep.join(map(str, jars)),
        _MAIN,
        "-inMemory",
        "-disableTelemetry",
        "-port",
        str(port),
    ]
    with jvm.server("dynamodb", command, lambda: _answers(port)):
        yield DynamoDbLocal(f"http://127.0.0.1:{port}", _version(jars))


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _version(jars: list[Path]) -> str:
    names = (re.fullmatch(r"DynamoDBLocal-(.*)\.jar", jar.name) for jar in jars)
    return next(name[1] for name in names if name)
