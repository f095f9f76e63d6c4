"""What users may rely on is named, described and typed, and ships."""

from __future__ import annotations

import inspect
import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import skewless
from skewless import agg, errors, types

if TYPE_CHECKING:
    from types import ModuleType

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def public() -> list[Any]:
    """What users import: the names of `__all__`, each aggregation, each error."""
    listed = [(module, name) for module in (skewless, types) for name in module.__all__]
    defined = [
        (module, name)
        for module in (agg, errors)
        for name, found in vars(module).items()
        if inspect.isclass(found) or inspect.isfunction(found)
        if found.__module__ == module.__name__ and not name.startswith("_")
    ]
    return [
        pytest.param(getattr(module, name), id=f"{module.__name__}.{name}")
        for module, name in listed + defined
    ]


@pytest.mark.parametrize("module", [skewless, types], ids=["skewless", "skewless.types"])
def test_public_names_are_sorted_and_there(module: ModuleType) -> None:
    assert list(module.__all__) == sorted(set(module.__all__))
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("thing", public())
def test_a_public_name_is_described(thing: Any) -> None:
    assert (inspect.getdoc(thing) or "").strip()


def test_the_package_says_that_it_is_typed() -> None:
    assert resources.files("skewless").joinpath("py.typed").is_file()
    assert "py.typed" in _pyproject()["tool"]["setuptools"]["package-data"]["skewless"]


def test_the_version_is_the_one_that_is_published() -> None:
    assert skewless.__version__ == _pyproject()["project"]["version"]


def _pyproject() -> Any:
    return tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
