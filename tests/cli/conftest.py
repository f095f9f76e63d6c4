from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.cli.shop import DEFINITIONS, an_order, write_lines
from tests.cli.terminal import Ran, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and nothing in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("SKEWLESS_STORE", "SKEWLESS_DEBUG", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def a_store() -> Run:
    """Run commands on a local store of its own, which lasts as long as the tests."""
    name = f"shop-{uuid.uuid4().hex[:12]}"

    def in_store(*arguments: str, answer: str = "") -> Ran:
        return run(*arguments, "--local", "--store", name, answer=answer)

    return in_store


def a_shop(folder: Path) -> Run:
    """The same, with the shop's definitions published."""
    path = folder / "shop.py"
    path.write_text(DEFINITIONS)
    in_store = a_store()
    applied = in_store("apply", str(path), "--yes")
    assert applied.code == 0, applied.err
    return in_store


@pytest.fixture
def in_store() -> Run:
    """A store without definitions."""
    return a_store()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A shop that tests share: they may take events in and lock, and neither publish nor cut."""
    return a_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def new_shop(folder: Path) -> Run:
    """A shop without events."""
    return a_shop(folder)


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A shop with a history, a new order, and the due cuts, that tests share to read from."""
    folder = tmp_path_factory.mktemp("stocked")
    shop = a_shop(folder)
    history = write_lines(folder / "old.jsonl", *(an_order(n, f"c{n % 3}") for n in range(3, 12)))
    new = write_lines(folder / "new.jsonl", an_order(0))
    for command in (
        ["backfill", "orders", history],
        ["ingest", "orders", new],
        ["materialize", "--all"],
    ):
        ran = shop(*command)
        assert ran.code == 0, ran.err
    return shop
