"""The registry as it was, on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.shop import DEFINITIONS
from tests.cli.terminal import Ran, run

if TYPE_CHECKING:
    from tests.cli.conftest import Run


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, str, str]:
    """A shop of which one view was described anew, and the ids of both applies."""
    folder = tmp_path_factory.mktemp("past")
    path = folder / "shop.py"

    def shop(*arguments: str) -> Ran:
        return run(*arguments, "--local", "--store", "the-past")

    for text in ("", '\n    owner="ml",'):
        path.write_text(DEFINITIONS.replace('"customer_orders",', f'"customer_orders",{text}'))
        assert shop("apply", str(path), "--yes", "--message", text and "an owner").code == 0
    new, old = (entry["id"] for entry in shop("log", "--json").document["applies"])
    return shop, old, new


def test_list_and_show_tell_what_was_there_then(told: tuple[Run, str, str]) -> None:
    shop, old, new = told
    found = {}
    for moment in (old, new):
        views = shop("list", "views", "--at", moment, "--json").document["views"]
        (found[moment],) = (view for view in views if view["name"] == "customer_orders")
    assert [found[each]["owner"] for each in (old, new)] == ["", "ml"]
    assert [found[each]["full_version"] for each in (old, new)] == ["1.0.0", "1.0.1"]
    assert "version 1.0.1" in shop("show", "customer_orders@1.0.1").out
    assert "1.0.1" in shop("list", "views").out
    before = shop("show", "customer_orders", "--at", old)
    assert "view 'customer_orders' version 1\n" in before.out
    assert "owner" not in before.out


def test_diff_tells_what_changed_and_who_did_it(told: tuple[Run, str, str]) -> None:
    shop, old, new = told
    ran = shop("diff", "--from", old)
    assert ran.code == 0
    assert "~ view 'customer_orders' version 1\n" in ran.out
    assert "owner: '' became 'ml'" in ran.out
    assert f"{new}  arn:aws:" in ran.out
    assert "an owner" in ran.out
    (change,) = shop("diff", "--from", old, "--to", new, "--json").document["changes"]
    assert (change["before"], change["after"]) == ("1.0.0", "1.0.1")
    assert [entry["id"] for entry in change["applies"]] == [new]
    assert shop("diff", "--from", old, "--check").code == 1
    assert shop("diff", "--from", new, "--check").out == "Nothing in the registry differs.\n"


def test_log_shows_ids_and_patches(told: tuple[Run, str, str]) -> None:
    shop, old, new = told
    ran = shop("log")
    assert old in ran.out
    assert new in ran.out
    assert "describe view 'customer_orders' version 1, now 1.0.1" in ran.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("list", "--at", "2020-01-01T00:00:00Z"), "nothing was published before"),
        (("list", "--at", "2999-01-01T00:00:00Z"), "is in the future"),
        (("list", "--at", "4f2a91c0b7de"), "there is no apply '4f2a91c0b7de'"),
        (("show", "customer_orders@1.0.7"), "there is no view, service, source or entity"),
    ],
)
def test_moments_that_are_none_are_told(
    told: tuple[Run, str, str], arguments: tuple[str, ...], message: str
) -> None:
    ran = told[0](*arguments)
    assert ran.code == 1
    assert message in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("diff",),
        ("diff", "x.py", "--from", "4f2a91c0b7de"),
        ("diff", "x.py", "--to", "4f2a91c0b7de"),
        ("diff", "--from", "yesterday"),
        ("show", "customer_orders", "--at", "yesterday"),
        ("list", "--at", "2026-01-01T00:00:00"),
    ],
)
def test_wrong_usage_is_told(told: tuple[Run, str, str], arguments: tuple[str, ...]) -> None:
    assert told[0](*arguments).code == 2
