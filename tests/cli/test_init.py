from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from skewless.cli.definitions_file import load_definitions
from skewless.definitions.collection import Definitions
from tests.cli.terminal import a_process, run

if TYPE_CHECKING:
    from collections.abc import Mapping

WRITTEN = ("definitions.py", "orders.parquet", "labels.csv", "skewless.toml")


def test_it_writes_an_example_that_works() -> None:
    ran = run("init")
    assert ran.code == 0
    found = Definitions.collect(load_definitions("definitions.py"))
    assert [view.name for view in found.views] == ["customer_orders", "customer_returns"]
    assert tomllib.loads(Path("skewless.toml").read_text()) == {"store": "local"}
    assert run("plan", "definitions.py").code == 0


def test_its_orders_are_what_the_source_takes_and_of_these_days() -> None:
    run("init")
    (source,) = Definitions.collect(load_definitions("definitions.py")).sources
    table = pq.read_table("orders.parquet")
    assert set(table.column_names) == set(source.columns)
    assert table.num_rows == 60
    assert Path("orders.parquet").stat().st_size < 10_000


def test_it_makes_the_folder_and_keeps_the_store_of_the_option() -> None:
    found = run("init", "fraud", "--store", "prod", "--json").document
    assert found["written"] == [f"fraud/{name}" for name in WRITTEN]
    assert found["store"] == "prod"
    assert found["serve"] == ["cd fraud", "skewless local --data .skewless/local"]
    assert tomllib.loads(Path("fraud/skewless.toml").read_text()) == {"store": "prod"}


def test_it_overwrites_nothing() -> None:
    Path("definitions.py").write_text("mine\n")
    ran = run("init")
    assert ran.code == 1
    assert ran.err == "error: definitions.py is there already; nothing was written\n"
    assert Path("definitions.py").read_text() == "mine\n"
    assert not Path("skewless.toml").exists()


@pytest.mark.parametrize("name", ['a"b', "Prod", "my_store", "a" * 27, "-a"])
def test_a_name_that_no_store_can_have_is_refused(name: str) -> None:
    ran = run("init", "--store", name)
    assert ran.code == 2
    assert not Path("definitions.py").exists()


def printed_commands(text: str) -> tuple[list[str], list[str]]:
    """The commands of the first terminal, and those of the other."""
    here, other = text.split("In another terminal")
    first, second = (
        [line.strip() for line in part.splitlines() if line.startswith("  ")]
        for part in (here, other)
    )
    return first, second


def terminal(commands: list[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """A shell in which a user enters these commands; it ends at the first that fails."""
    return subprocess.Popen(  # noqa: S603 - what our own program printed
        ["/bin/sh", "-ec", "\n".join(commands)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [("init",), ("init", "my shop", "--store", "prod")], ids=["here", "named"]
)
def test_the_commands_that_it_prints_run_to_the_end(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    command = folder / "bin" / "skewless"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.join(a_process())} "$@"\n')
    command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}"}
    serve, use = printed_commands(run(*arguments).out)
    with terminal(serve, environment) as server:
        try:
            assert server.stdout is not None
            exports: list[str] = []
            while not exports or "SKEWLESS_STORE" not in exports[-1]:
                exports.append(server.stdout.readline().strip())
                assert exports[-1], "it ended before it was ready"
            with terminal([*exports, *use], environment) as user:
                out, err = user.communicate()
        finally:
            os.killpg(server.pid, signal.SIGKILL)
    assert user.returncode == 0, err
    assert "orders: 60 rows of history loaded" in out
    assert "all equal, bit by bit" in out
    assert "missing" not in out
