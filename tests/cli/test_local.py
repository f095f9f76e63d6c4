from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import chdir, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from localaws.core.session import LocalSession
from skewless import FeatureStore
from tests.cli.shop import DEFINITIONS, NOW, an_order, write_lines
from tests.cli.terminal import Ran, a_process, run, run_process

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


def until_stopped(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 0


KEY = ("aws_access_key_id", "aws_secret_access_key")
GET = ("get", "-f", "fraud_model", "--row", "customer_id=c1", "basket_amount=20", "--json")
HISTORY = ("history", "labels.jsonl", "-f", "fraud_model", "-o", "training.csv")


def done(environment: dict[str, str], *command: str) -> Ran:
    ran = run(*command, env=environment)
    assert ran.code == 0, ran.err
    return ran


def answers(environment: dict[str, str]) -> tuple[Any, str]:
    """What a store serves, and what it knows of the past."""
    write_lines(
        "labels.jsonl",
        {"customer_id": "c1", "basket_amount": 7.0, "event_timestamp": NOW.isoformat()},
    )
    served = done(environment, *GET).document["rows"]
    done(environment, *HISTORY)
    return served, Path("training.csv").read_text()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A folder that a local AWS with a full store left, and what that store answered."""
    folder = tmp_path_factory.mktemp("filled")
    with serving("--data", str(folder / "kept")) as process, chdir(folder):
        environment = exported(process)
        Path("definitions.py").write_text(DEFINITIONS)
        write_lines("old.jsonl", *(an_order(number) for number in range(2, 6)))
        write_lines("new.jsonl", an_order(0, amount=3.5))
        done(environment, "apply", "definitions.py", "--yes")
        done(environment, "backfill", "orders", "old.jsonl")
        done(environment, "materialize", "--all")
        ingested = done(environment, "ingest", "orders", "new.jsonl", "--json").document
        while datetime.now(UTC) <= datetime.fromisoformat(ingested["ingest_time"]):
            time.sleep(0.1)  # its events count from then on
        answered = answers(environment)
        until_stopped(process)
    return folder / "kept", answered


@pytest.fixture
def kept(filled: tuple[Path, Any]) -> Any:
    """A copy of the folder in `kept`, and what its store answered."""
    folder, answered = filled
    shutil.copytree(folder, "kept")
    return answered


@pytest.mark.slow
def test_what_is_stored_is_there_at_the_next_start(kept: Any) -> None:
    with serving("--data", "kept") as process:
        environment = exported(process)
        assert answers(environment) == kept
        # It goes on from there, and both stores agree.
        write_lines("newer.jsonl", an_order(1, "c2"))
        done(environment, "ingest", "orders", "newer.jsonl")
        verified = done(environment, "verify", "-f", "fraud_model", "--json").document
        assert verified["is_equal"]
        assert verified["compared"]
        until_stopped(process)


@pytest.mark.slow
def test_a_store_that_was_killed_starts_as_it_was_saved(kept: Any) -> None:
    with serving("--data", "kept") as process:
        environment = exported(process)
        write_lines("newer.jsonl", *(an_order(number, "c2") for number in range(6, 9)))
        done(environment, "ingest", "orders", "newer.jsonl")
        process.kill()  # perhaps before this was saved, or in the middle of it
    with serving("--data", "kept") as process:
        environment = exported(process)
        assert answers(environment) == kept  # of c1, whom the last events do not concern
        # A pause may have been long enough to save while the ingest was half done.
        key = {name: environment[name.upper()] for name in KEY}
        session = LocalSession(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"], key)
        store = FeatureStore.connect("local", session=session)
        store.repair("customer_orders")
        assert done(environment, "verify", "-f", "fraud_model", "--json").document["is_equal"]


def test_a_folder_that_another_one_uses_is_refused() -> None:
    with serving("--data", "kept") as process:
        exported(process)
        ran = run_process("local", "--port", "0", "--data", "kept", env=dict(os.environ))
        assert ran.code == 1
        assert ran.err.endswith("error: another local AWS uses the folder kept\n")


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
