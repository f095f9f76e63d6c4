"""Programs for the Java virtual machine: their jars by Maven, and a server while it is used.

Where something is missing, `UnavailableError` says what: the run is then skipped by name.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# The jars stay where Maven puts them; what is kept here says where that is.
CACHE = Path(".skewless") / "conformance"
_HOMES = ("/usr/lib/jvm/*", "/Library/Java/JavaVirtualMachines/*/Contents/Home")
_START_SECONDS = 180


class UnavailableError(Exception):
    """What a conformance run needs is not on this machine."""


def java(least: int) -> Path:
    """Find the `java` of a JDK, the oldest that is new enough.

    Raises:
        UnavailableError: there is none.
    """
    found = {version: path for path in _candidates() if (version := _version(path)) >= least}
    if not found:
        raise UnavailableError(f"it needs a JDK of version {least} or newer, and there is none")
    return found[min(found)]


def class_path(pom: Path) -> list[Path]:
    """Return the jars of a pom.xml, fetched unless they are there.

    Raises:
        UnavailableError: there is no Maven, or it cannot fetch them.
    """
    kept = CACHE / f"{hashlib.sha256(pom.read_bytes()).hexdigest()[:16]}.classpath"
    if not (jars := _kept(kept)):
        _resolve(pom, kept)
        jars = _kept(kept)
    return jars


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def server(
    name: str, command: Sequence[str | Path], is_ready: Callable[[], bool]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; what it says goes to a log file in the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    log = CACHE / f"{name}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603 - the command is ours
            command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            _wait(process, is_ready, log)
            yield process
        finally:
            process.terminate()


def _candidates() -> Iterator[Path]:
    homes = [os.environ.get("JAVA_HOME")] if os.environ.get("JAVA_HOME") else []
    on_path = shutil.which("java")
    found = [Path(home) for home in homes if home]
    found += [Path(on_path).resolve().parents[1]] if on_path else []
    for pattern in _HOMES:
        found += sorted(Path("/").glob(pattern.lstrip("/")))
    # javac tells a JDK from what runs programs only: Trino's starter is compiled when it starts.
    return (home / "bin" / "java" for home in found if (home / "bin" / "javac").exists())


def _version(path: Path) -> int:
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r'version "(\d+)', said.stderr)
    return int(found[1]) if found else 0


def _kept(path: Path) -> list[Path]:
    if not path.exists():
        return []
    jars = [Path(jar) for jar in path.read_text().split(os.pathsep)]
    return jars if all(jar.exists() for jar in jars) else []


def _resolve(pom: Path, kept: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise UnavailableError("its jars come by Maven, and there is no mvn")
    kept.parent.mkdir(parents=True, exist_ok=True)
    goal = "dependency:build-classpath"
    output = f"-Dmdep.outputFile={kept.resolve()}"
    command = [maven, "--batch-mode", "--quiet", "--file", str(pom), goal, output]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = re.search(r"\[ERROR\] (.*)", done.stdout + done.stderr)
        raise UnavailableError(
            f"Maven could not fetch its jars: {said[1] if said else 'no reason'}"
        )


def _wait(process: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while not is_ready():
        if process.poll() is not None:
            raise RuntimeError(f"{log.stem} ended as it started; see {log}")
        if time.monotonic() > until:
            raise RuntimeError(f"{log.stem} does not answer after {_START_SECONDS} s; see {log}")
        time.sleep(0.1)
