"""Trials from the command line: --dev, dev and promote."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from skewless.cli import own_namespace
from skewless.cli.own_namespace import sanitised
from skewless.cli.program import hoisted
from tests.cli.shop import an_order, changed_definitions, write_lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("given", "front"),
    [
        (["apply", "--dev", "anna", "x.py"], ["--dev=anna", "apply", "x.py"]),
        (["apply", "--dev", "x.py"], ["--dev=", "apply", "x.py"]),
        (["apply", "x.py", "--dev"], ["--dev=", "apply", "x.py"]),
        (["--dev", "list"], ["--dev=", "list"]),
        (["--dev", "--json", "list"], ["--dev=", "--json", "list"]),
        (["list", "--dev=list"], ["--dev=list", "list"]),
        (["materialize", "--dev", "anna", "clicks"], ["--dev=anna", "materialize", "clicks"]),
        (["get", "--", "--dev"], ["get", "--", "--dev"]),
    ],
)
def test_the_name_of_a_namespace_may_be_left_out(given: list[str], front: list[str]) -> None:
    assert hoisted(given, ("list", "apply")) == front


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Anna.Smith", "anna-smith"),
        ("feature/ABC-12_windows", "feature-abc-12-windows"),
        ("x" * 39 + "/y", "x" * 39),
        ("--", ""),
        ("日本", ""),
        ("../../etc", "etc"),
    ],
)
def test_branches_and_users_are_made_names(given: str, name: str) -> None:
    assert sanitised(given) == name


def test_a_namespace_is_that_of_the_branch_else_of_the_user(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "Anna")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(folder)]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)  # noqa: S603
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)  # noqa: S603
    assert own_namespace.own_namespace() == "anna"
    subprocess.run([*git, "checkout", "-q", "-b", "feature/Longer"], check=True)  # noqa: S603
    assert own_namespace.own_namespace() == "feature-longer"


OTHER = ('"returns_30d": agg.count(window="30d"', '"returns_30d": agg.count(window="5d"')


def test_a_file_is_tried_shown_read_and_promoted(new_shop: Run) -> None:
    rows = [an_order(n, "c1", returned=True) for n in range(3, 8)]
    new_shop("backfill", "orders", write_lines("old.jsonl", *rows))
    new_shop("materialize", "customer_returns")
    changed = changed_definitions(*OTHER)
    tried = new_shop("apply", "--dev", "anna", changed, "--expires", "3d", "-m", "five days")
    assert tried.code == 0, tried.err
    assert "Tried in namespace 'anna'" in tried.out
    assert new_shop("plan", changed).code == 1
    ran = new_shop("materialize", "customer_returns", "--dev", "anna", "--json")
    assert ran.document["cuts"][0]["version"] == 2
    get = ("get", "-f", "customer_returns", "--row", "customer_id=c1", "--json")
    trial = new_shop(*get, "--dev=anna").document
    assert trial["rows"] != new_shop(*get).document["rows"]
    shown = new_shop("dev").out
    for text in ("anna ", "expires in 2d", "five days", "with online items: customer_returns@2"):
        assert text in shown
    assert new_shop("lock", "fraud_model", "--dev", "anna").code == 1
    assert "customer_returns@2" in new_shop("list", "--dev", "anna").out
    assert "customer_returns@2" not in new_shop("list").out
    assert new_shop("promote", "--dev", "anna", answer="n\n").code == 1
    promoted = new_shop("promote", "--dev", "anna", "--yes")
    assert promoted.code == 0, promoted.err
    assert new_shop(*get).document["rows"] == trial["rows"]
    assert new_shop("dev", "--json").document == {"namespaces": []}
    assert "promoted from namespace 'anna'" in new_shop("log").out


def test_a_namespace_is_dropped_and_what_is_not_there_is_named(new_shop: Run) -> None:
    new_shop("apply", "--dev=bob", changed_definitions(*OTHER))
    dropped = new_shop("dev", "--drop", "bob")
    assert dropped.code == 0
    assert "bob is gone" in dropped.out
    for command in (["dev", "--drop", "bob"], ["list", "--dev", "bob"], ["promote", "--dev=bob"]):
        ran = new_shop(*command)
        assert ran.code == 1
        assert "there is no namespace 'bob'" in ran.err
    assert "nothing to remove" in new_shop("dev", "--sweep").out
    assert new_shop("list", "--dev=a/b").code == 1
    assert new_shop("apply", "shop.py", "--expires", "3d").code == 2
    assert new_shop("promote", "--dev=bob", "--to", "prod").code == 2
