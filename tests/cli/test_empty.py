"""What the commands say of a store in which nothing is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localaws import LocalAws
from skewless import FeatureStore
from tests.cli.conftest import a_store
from tests.cli.shop import write_lines
from tests.cli.terminal import run

if TYPE_CHECKING:
    from tests.cli.conftest import Run

WHY = "This store began empty: it is inside the command, and ends with it."
KEEPS_ONE = "`skewless local --data DIR` keeps one for several commands"


@pytest.mark.parametrize(
    "command",
    [
        ("show", "fraud_model"),
        ("get", "-f", "fraud_model", "--row", "customer_id=c1"),
        ("history", "labels.jsonl", "-f", "fraud_model", "-o", "training.csv"),
        ("verify", "-f", "fraud_model"),
        ("backfill", "orders", "labels.jsonl"),
        ("ingest", "orders", "labels.jsonl"),
        ("materialize", "customer_orders"),
        ("forget", "--entity", "customer", "--key", "c1", "--dry-run"),
    ],
    ids=lambda command: command[0],
)
def test_what_is_not_found_in_an_empty_store_is_told_why(command: tuple[str, ...]) -> None:
    write_lines("labels.jsonl", {"customer_id": "c1", "event_timestamp": "2026-01-01T00:00:00Z"})
    ran = a_store()(*command)
    assert ran.code == 1
    assert "there is no " in ran.err
    assert f"{WHY} {KEEPS_ONE}" in ran.err


@pytest.mark.parametrize("command", [("list",), ("list", "views"), ("materialize", "--all")])
def test_an_empty_store_says_why_it_is_empty(command: tuple[str, ...]) -> None:
    ran = a_store()(*command)
    assert ran.code == 0
    told = " ".join(ran.err.split())
    assert WHY in told
    assert KEEPS_ONE in told


def test_programs_are_told_as_well() -> None:
    found = a_store()("show", "fraud_model", "--json").document
    assert WHY in found["error"]["message"]


def test_a_store_with_definitions_says_nothing_of_it(shop: Run) -> None:
    ran = shop("show", "nobody")
    assert ran.code == 1
    assert WHY not in ran.err


def test_an_empty_store_of_another_process_says_how_to_publish(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The local AWS of this process stands for that of `skewless local`.
    FeatureStore.local("nothing-there")
    for name, value in LocalAws.start().environment.items():
        monkeypatch.setenv(name, value)
    ran = run("show", "fraud_model", "--store", "nothing-there")
    assert ran.code == 1
    assert "`skewless apply FILE` does it." in ran.err
    assert WHY not in ran.err
