from __future__ import annotations

import tomllib
from pathlib import Path

from skewless.cli.definitions_file import load_definitions
from skewless.definitions.collection import Definitions
from tests.cli.terminal import run


def test_it_writes_an_example_that_works() -> None:
    ran = run("init")
    assert ran.code == 0
    found = Definitions.collect(load_definitions("definitions.py"))
    assert [view.name for view in found.views] == ["customer_orders", "customer_returns"]
    assert tomllib.loads(Path("skewless.toml").read_text()) == {"store": "local"}
    assert run("plan", "definitions.py").code == 0


def test_it_makes_the_folder_and_keeps_the_store_of_the_option() -> None:
    ran = run("init", "fraud", "--store", "prod", "--json")
    assert ran.document == {
        "written": ["fraud/definitions.py", "fraud/skewless.toml"],
        "store": "prod",
    }
    assert tomllib.loads(Path("fraud/skewless.toml").read_text()) == {"store": "prod"}


def test_it_overwrites_nothing() -> None:
    Path("definitions.py").write_text("mine\n")
    ran = run("init")
    assert ran.code == 1
    assert ran.err == "error: definitions.py is there already; nothing was written\n"
    assert Path("definitions.py").read_text() == "mine\n"
    assert not Path("skewless.toml").exists()


def test_a_name_that_would_break_the_settings_is_refused() -> None:
    assert run("init", "--store", 'a"b').code == 2
