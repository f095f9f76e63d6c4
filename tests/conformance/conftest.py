"""Collected by `make conformance` alone, which says so in the environment: it starts servers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from localaws import LocalAws
from skewless.aws import Aws
from tests.conformance import trino_server
from tests.conformance.in_trino import Files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.trino_client import Trino

TRINO = pytest.StashKey["Trino"]()

if not os.environ.get("SKEWLESS_TEST_CONFORMANCE"):
    collect_ignore_glob = ["*"]


@pytest.fixture(scope="session")
def local() -> LocalAws:
    return LocalAws.start()


@pytest.fixture(scope="session")
def aws(local: LocalAws) -> Aws:
    return Aws(local.session(), local.endpoint)


@pytest.fixture(scope="session")
def files(local: LocalAws, request: pytest.FixtureRequest) -> Iterator[Files]:
    """Trino, with its folder of Parquet files."""
    with trino_server.running(local) as (trino, folder):
        request.config.stash[TRINO] = trino
        found = Files(trino, folder)
        found.prepare()
        yield found


@pytest.fixture(scope="session")
def trino(files: Files) -> Trino:
    return files.trino


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how much was compared."""
    trino = config.stash.get(TRINO, None)
    if trino is not None:
        terminalreporter.write_line(f"Trino {trino.version} ran {trino.ran[True]} queries")
