from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from skewless import __version__
from skewless.cli.app import app
from skewless.cli.program import hoisted, rows_joined
from tests.cli.terminal import SDK, run, run_process

COMMANDS = [command.name for command in app.registered_commands if command.name]
HEAVY = {"pandas", "pyarrow", "awswrangler", "moto", "duckdb", "numpy", "boto3", "polars"}


def test_help_names_every_command() -> None:
    ran = run("--help")
    assert ran.code == 0
    assert len(COMMANDS) == 38
    assert [name for name in COMMANDS if f"│ {name} " not in ran.out] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_has_an_example_and_fits_80_columns(command: str) -> None:
    ran = run(command, "--help", env={"COLUMNS": "80"})
    assert ran.code == 0
    assert f"skewless {command}" in ran.out.partition("Usage:")[2].partition("\n")[2]
    assert max(map(len, ran.out.splitlines())) <= 80


def test_help_imports_nothing_heavy() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(SDK)!r})\n"
        "from skewless.cli.app import app\n"
        "try:\n    app(['materialize', '--help'])\n"
        "except SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert HEAVY & {name.partition(".")[0] for name in ran.stderr.split()} == set()


def test_the_version_is_printed() -> None:
    assert run("--version").out == f"skewless {__version__}\n"


def test_wrong_usage_exits_with_2_and_prints_nothing_on_stdout() -> None:
    for wrong in (["frobnicate"], ["plan"], ["plan", "--frob"], ["get", "-f", "x"], ["list", "x"]):
        ran = run(*wrong)
        assert (ran.code, ran.out) == (2, "")
        assert "Usage: skewless" in ran.err


def test_a_command_without_a_store_says_how_to_name_one() -> None:
    ran = run("list")
    assert ran.code == 2
    for way in ("--store NAME", "SKEWLESS_STORE", "skewless.toml", "--local"):
        assert way in " ".join(ran.err.replace("│", " ").split())


def test_a_failure_is_one_message_without_a_traceback() -> None:
    ran = run_process("--local", "plan", "nowhere.py")
    assert ran == type(ran)(
        1, "", "error: there is neither a Python file nor a module 'nowhere.py'\n"
    )


def test_a_failure_is_the_one_document_for_programs() -> None:
    ran = run("--json", "--local", "plan", "nowhere.py")
    assert ran.code == 1
    assert ran.document["error"]["type"] == "NoDefinitionsError"
    assert ran.document["error"]["message"] in ran.err


def test_debugging_shows_the_traceback() -> None:
    ran = run_process("--local", "plan", "nowhere.py", env={"SKEWLESS_DEBUG": "1"})
    assert ran.code == 1
    assert "Traceback" in ran.err


def test_the_store_is_that_of_the_option_then_the_environment_then_the_settings() -> None:
    Path("skewless.toml").write_text('store = "from-settings"\n')
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    environment = {**nowhere, "SKEWLESS_STORE": "from-environment"}
    assert "'from-settings'" in run("list", env=nowhere).err
    assert "'from-environment'" in run("list", env=environment).err
    assert "'from-option'" in run("list", "--store", "from-option", env=environment).err


def test_the_settings_of_a_folder_above_count(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("skewless.toml").write_text('store = "from-above"\n')
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert "'from-above'" in run("list", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}).err


@pytest.mark.parametrize(
    ("text", "message"),
    [("store =", "is not TOML"), ("store = 3", "store is 3; write a name")],
)
def test_broken_settings_are_refused_by_name(text: str, message: str) -> None:
    Path("skewless.toml").write_text(text)
    ran = run("list")
    assert ran.code == 1
    assert "skewless.toml" in ran.err
    assert message in ran.err


def test_the_store_local_is_in_this_process_unless_an_endpoint_is_set() -> None:
    assert run("list", "--store", "local", "--json").code == 0
    ran = run("list", "--store", "local", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert ran.code == 1
    assert "store 'local'" in ran.err


def test_global_options_may_stand_anywhere_before_a_double_dash() -> None:
    assert hoisted(["plan", "x.py", "--json", "--store", "a"]) == [
        "--json",
        "--store",
        "a",
        "plan",
        "x.py",
    ]
    assert hoisted(["plan", "--store=a", "--", "--json"]) == ["--store=a", "plan", "--", "--json"]
    assert hoisted(["plan", "--store"]) == ["--store", "plan"]


def test_each_row_takes_the_pairs_behind_it() -> None:
    args = ["--row", "a=1", "b=2", "--now", "x", "--row", "a=3", "--json"]
    assert rows_joined(args) == ["--row", "a=1\nb=2", "--now", "x", "--row", "a=3", "--json"]


def test_the_demo_without_its_extra_says_what_to_install() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(SDK)!r})\n"
        "sys.modules['skewless.demo'] = None\n"
        "import skewless.cli.app as a; a.main()"
    )
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, "demo"], check=False, capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert "pip install 'skewless[demo]'" in ran.stderr
    assert "Traceback" not in ran.stderr
