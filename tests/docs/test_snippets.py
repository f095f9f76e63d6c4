"""The code on the pages runs: in the order of its page, in one local store for each page."""

from __future__ import annotations

import ast
import inspect
import os
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import PAGES, ROOT, blocks
from tests.docs.stages import stage

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PYTHON = [page for page in PAGES if any(it.language == "python" for it in blocks(page))]


@pytest.mark.parametrize("page", PYTHON, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = stage(page.stem, tmp_path)
    for block in blocks(page):
        if block.language == "python" and not block.reason:
            # The empty lines give errors the page's own line numbers.
            text = "\n" * (block.line - 1) + block.code
            exec(compile(text, str(page), "exec", dont_inherit=True), names)  # noqa: S102 - our own


@pytest.mark.parametrize("page", PYTHON, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_not_run_is_python_all_the_same(page: Path) -> None:
    for block in blocks(page):
        if block.language == "python":
            ast.parse(block.code, filename=str(block))


def test_the_tests_of_the_page_on_testing_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (page,) = (page for page in PYTHON if page.stem == "testing")
    names = stage(page.stem, tmp_path)
    for block in blocks(page):
        if block.language == "python":
            exec(block.code, names)  # noqa: S102 - our own

    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert len(tests) == 3
    for test in tests:
        needed = inspect.signature(test).parameters
        test(*(names["FeatureStore"].local(clock=names["NOON"]) for _ in needed))


def test_nothing_of_the_pages_reaches_aws() -> None:
    assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"


def test_the_notebook_has_ten_cells_and_predicts_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (page,) = (page for page in PYTHON if page.stem == "exploring")
    cells = [block.code for block in blocks(page) if block.language == "python"]
    notebook, _, _ = page.read_text(encoding="utf-8").partition("\n## ")
    assert notebook.count("```python") == 10
    names = stage(page.stem, tmp_path)
    for cell in cells[:8]:
        exec(cell, names)  # noqa: S102 - our own
    assert names["score"] > 0.2, "one in twenty is fraud"
    assert max(names["worth"], key=names["worth"].get) == "ratio"
