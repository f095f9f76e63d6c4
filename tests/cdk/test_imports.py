from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from cdk.imports import Closure

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "app/__init__.py": "",
        "app/handler.py": """
            from __future__ import annotations
            import json, boto3
            from typing import TYPE_CHECKING
            import library
            from library.core import run
            from library import extra
            from . import near
            if TYPE_CHECKING:
                import pandas
                from library import only_types
            def handle():
                import joblib
                from app import later
        """,
        "app/near.py": "",
        "app/later.py": "",
        "app/unused.py": "import numpy",
        "library/__init__.py": """
            def __getattr__(name):
                from library import heavy
                return heavy
        """,
        "library/core.py": "from ._private import run\nimport library.deep.inner",
        "library/_private.py": "run = 1",
        "library/extra.py": "import sqlglot.expressions",
        "library/heavy.py": "import pyarrow",
        "library/only_types.py": "",
        "library/deep/__init__.py": "import narwhals",
        "library/deep/inner.py": "",
    }
    for place, source in files.items():
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source))
    return tmp_path


@pytest.fixture
def closure(root: Path) -> Closure:
    found = Closure([root], libraries=frozenset({"library"}))
    assert found.add("app.handler")
    return found


def test_it_finds_what_is_imported_with_the_packages_around_it(closure: Closure) -> None:
    assert sorted(closure.files) == [
        "app/__init__.py",
        "app/handler.py",
        "app/later.py",
        "app/near.py",
        "library/__init__.py",
        "library/_private.py",
        "library/core.py",
        "library/deep/__init__.py",
        "library/deep/inner.py",
        "library/extra.py",
    ]


def test_what_only_a_type_checker_imports_does_not_count(closure: Closure) -> None:
    assert "library/only_types.py" not in closure.files
    assert "pandas" not in closure.outside | closure.optional


def test_it_names_what_must_come_from_elsewhere(closure: Closure) -> None:
    assert closure.outside == {"boto3", "sqlglot", "narwhals"}


def test_what_a_function_imports_is_optional(closure: Closure) -> None:
    assert closure.optional == {"joblib"}


def test_a_librarys_optional_parts_come_where_they_are_named(closure: Closure) -> None:
    assert "library/heavy.py" not in closure.files

    assert closure.add("library.heavy")

    assert "library/heavy.py" in closure.files
    assert "pyarrow" in closure.outside


def test_a_module_that_is_not_there_is_told(closure: Closure) -> None:
    assert not closure.add("app.missing")
