from __future__ import annotations

import sys
from pathlib import Path

import pytest

from skewless.cli.definitions_file import LoadError, NoDefinitionsError, load_definitions
from skewless.errors import InputError


def written(name: str, text: str) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)
    return name


def test_a_file_is_loaded_with_its_neighbours() -> None:
    written("defs/keys.py", "KEY = 'customer_id'\n")
    module = load_definitions(written("defs/main.py", "from keys import KEY\n"))
    assert module.KEY == "customer_id"


def test_a_module_below_the_current_folder_is_loaded() -> None:
    written("features/__init__.py", "")
    written("features/orders.py", "NAME = 'orders'\n")
    assert load_definitions("features.orders").NAME == "orders"


def test_loading_leaves_no_trace(folder: Path) -> None:
    written("keys.py", "KEY = 1\n")
    path, modules, writes_none = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    load_definitions(written("defs.py", "import keys\n"))
    assert sys.path == path
    assert set(sys.modules) == modules
    assert sys.dont_write_bytecode == writes_none
    assert sorted(item.name for item in folder.iterdir()) == ["defs.py", "keys.py"]


def test_a_changed_file_is_read_anew() -> None:
    assert load_definitions(written("defs.py", "N = 1\n")).N == 1
    assert load_definitions(written("defs.py", "N = 22\n")).N == 22


def test_what_a_file_prints_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    load_definitions(written("defs.py", "print('hello')\n"))
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\nx = y\n", "defs.py:2: NameError: name 'y' is not defined"),
        ("x = (\n", "defs.py:1: SyntaxError: '(' was never closed"),
        ("raise SystemExit('no')\n", "defs.py:1: SystemExit: no"),
        ("import nowhere\n", "defs.py:1: ModuleNotFoundError: No module named 'nowhere'"),
    ],
)
def test_an_exception_is_told_with_file_and_line(text: str, told: str) -> None:
    with pytest.raises(LoadError) as caught:
        load_definitions(written("defs.py", text))
    assert str(caught.value) == told


def test_a_wrong_definition_is_told_with_the_line_that_wrote_it() -> None:
    text = "from skewless import Entity\n\nEntity(\n    'customer', keys={},\n)\n"
    with pytest.raises(LoadError, match=r"^defs\.py:3: Entity 'customer': keys must map"):
        load_definitions(written("defs.py", text))


def test_an_error_in_a_neighbour_is_told_with_its_own_line() -> None:
    written("keys.py", "\n\n1 / 0\n")
    with pytest.raises(LoadError, match=r"^keys\.py:3: ZeroDivisionError"):
        load_definitions(written("defs.py", "import keys\n"))


@pytest.mark.parametrize("name", ["nowhere", "nowhere.py", "a/b.py", "nowhere.at.all", "-"])
def test_what_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(NoDefinitionsError):
        load_definitions(name)


def test_a_file_that_is_not_python_is_refused() -> None:
    with pytest.raises(InputError, match=r"does not end in \.py"):
        load_definitions(written("defs.yaml", "x: 1\n"))
