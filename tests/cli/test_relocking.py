from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.shop import changed_definitions

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def test_a_lock_is_checked(shop: Run) -> None:
    shop("lock", "fraud_model")
    ran = shop("lock", "--check", "skewless.lock")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("skewless.lock is as it has to be: service 'fraud_model' of store ")
    assert shop("lock", "--check", "skewless.lock", "--json").document["is_current"] is True
    again = shop("lock", "customer_orders", "--check", "skewless.lock")
    assert again.code == 1
    assert "service 'fraud_model' version 1 is read no more" in again.out
    assert "is not what skewless lock would write now for view 'customer_orders'" in again.err
    found = shop("lock", "customer_orders", "--check", "skewless.lock", "--json").document
    assert found["differences"][0]["what"]


def test_what_is_newer_is_told_and_taken(new_shop: Run) -> None:
    new_shop("lock", "fraud_model")
    assert new_shop("outdated").out.startswith("All ")
    changed = changed_definitions('window="7d"', 'window="14d"')
    assert new_shop("bump", changed).code == 0
    assert new_shop("apply", changed, "--yes").code == 0
    ran = new_shop("outdated", "skewless.lock")
    assert ran.code == 1
    assert "fraud_model" in ran.out
    assert " outdated" in ran.err
    found = new_shop("outdated", "--json")
    assert found.code == 1
    assert {"name": "fraud_model", "locked": 1, "minor": 1, "newest": 2}.items() <= (
        found.document[0].items()
    )
    assert new_shop("lock", "--check", "skewless.lock").code == 0
    kept = new_shop("lock", "--upgrade", "skewless.lock")
    assert kept.out == "skewless.lock pins the newest version of its major: fraud_model@1\n"
    ran = new_shop("lock", "--upgrade", "skewless.lock", "--major")
    assert ran.out.endswith("wrote skewless.lock: fraud_model@1 became fraud_model@2\n")
    assert "service 'fraud_model' version 1 becomes version 2" in ran.out
    assert '"service": "service#fraud_model#00002"' in Path("skewless.lock").read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--major"],
        ["fraud_model", "--major"],
        ["--check", "a", "--upgrade", "a"],
        ["fraud_model", "--upgrade", "a"],
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(shop: Run, arguments: list[str]) -> None:
    assert shop("lock", *arguments).code == 2


def test_a_lock_that_is_not_there_says_how_to_write_one(shop: Run) -> None:
    for arguments in (["outdated"], ["lock", "--check", "x"], ["lock", "--upgrade", "x"]):
        ran = shop(*arguments)
        assert ran.code == 1
        assert "write it with skewless lock" in ran.err
