from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.cli.shop import DEFINITIONS
from tests.cli.terminal import a_process, run, run_process

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def serving(*options: str) -> Iterator[subprocess.Popen[str]]:
    command = a_process("local", "--port", "0", *options)
    with subprocess.Popen(  # noqa: S603 - our own program
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def exported(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    found: dict[str, str] = {}
    while "SKEWLESS_STORE" not in found:
        name, _, value = process.stdout.readline().removeprefix("export ").strip().partition("=")
        assert name, "it ended before it was ready"
        found[name] = value
    return found


def document(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    text = ""
    while not text.endswith("\n}\n"):
        text += process.stdout.readline()
    return json.loads(text)


def test_other_processes_find_the_store_by_what_is_printed() -> None:
    Path("definitions.py").write_text(DEFINITIONS)
    with serving() as process:
        environment = exported(process)
        assert environment["SKEWLESS_STORE"] == "local"
        applied = run_process("apply", "definitions.py", "--yes", env=environment)
        assert applied.code == 0, applied.err
        assert "ends with the command" not in applied.err
        listed = run_process("list", "services", "--json", env=environment)
        assert [item["name"] for item in listed.document["services"]] == ["fraud_model"]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0


def test_programs_read_a_document_and_may_end_it_like_the_system_does() -> None:
    with serving("--json", "--name", "shop") as process:
        found = document(process)
        assert found["store"] == "shop"
        assert found["environment"]["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def test_a_port_that_is_taken_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = run_process("local", "--port", str(taken.getsockname()[1]), env=dict(os.environ))
    assert ran.code == 1
    assert "try another, or --port 0" in ran.err


def test_a_port_that_is_none_is_wrong_usage() -> None:
    assert run("local", "--port", "70000").code == 2


def test_whoever_has_not_the_printed_key_is_refused() -> None:
    with serving() as process:
        environment = exported(process)
        stale = {**environment, "AWS_ACCESS_KEY_ID": "testing"}
        refused = run_process("list", "services", env=stale)
        assert refused.code == 1
        assert "new key at each start" in refused.err
        assert run_process("list", "services", env=environment).code == 0


def test_an_origin_that_is_none_is_refused() -> None:
    ran = run_process("local", "--port", "0", "--cors", "*", env=dict(os.environ))
    assert ran.code == 1
    assert "is no origin" in ran.err
