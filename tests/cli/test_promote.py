"""`skewless promote`: the plan, the question, the other store."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from skewless.cli.invocation import Invocation
from skewless.cli.screen import Screen
from skewless.errors import InputError
from tests.cli.shop import DEFINITIONS
from tests.cli.terminal import Ran, run


@pytest.fixture
def stores() -> tuple[str, str]:
    """The names of a store with the shop's definitions, and of an empty one."""
    Path("shop.py").write_text(DEFINITIONS)
    dev, prod = (f"{kind}-{uuid.uuid4().hex[:8]}" for kind in ("dev", "prod"))
    assert run("--local", "--store", dev, "apply", "shop.py", "--yes").code == 0
    return dev, prod


def promote(stores: tuple[str, str], *arguments: str, answer: str = "") -> Ran:
    dev, prod = stores
    return run("--local", "--store", dev, "promote", *arguments, "--to", prod, answer=answer)


def test_a_service_is_promoted_after_a_yes(stores: tuple[str, str]) -> None:
    refused = promote(stores, "fraud_model", answer="n\n")
    assert refused.code == 1
    assert "nothing was promoted" in refused.err
    done = promote(stores, "fraud_model", answer="y\n")
    assert done.code == 0, done.err
    assert f"Promoted from store '{stores[0]}' to '{stores[1]}'." in done.out
    again = run(
        "--json",
        "--local",
        "--store",
        stores[0],
        "promote",
        "fraud_model",
        "--yes",
        "--to",
        stores[1],
    )
    assert again.document["is_promoted"]
    assert not again.document["has_changes"]


def test_what_is_refused_there_exits_with_1(stores: tuple[str, str]) -> None:
    Path("shop.py").write_text(DEFINITIONS.replace('window="7d"', 'window="9d"'))
    assert run("--local", "--store", stores[1], "apply", "shop.py", "--yes").code == 0
    ran = promote(stores, "fraud_model", "--yes")
    assert ran.code == 1
    assert "published what is there, at" in " ".join(ran.out.split())


def test_a_profile_that_is_not_there_is_named() -> None:
    invocation = Invocation("dev", is_local=False, screen=Screen(is_json=False))
    with pytest.raises(InputError, match=r"cannot be reached: .*nobody"):
        invocation.other_store("prod", profile="nobody")
