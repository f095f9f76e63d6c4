"""Modules import each other in one direction, in annotations too."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import skewless.compiler

SDK = Path(skewless.compiler.__file__).parents[2]
# A feature names its view, of either kind, and an on-demand view reads feature views.
ALLOWED = ("skewless.definitions.view", "skewless.definitions.on_demand")


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(SDK).with_suffix("").parts).removesuffix(".__init__")


def imported_by(path: Path, modules: frozenset[str]) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module in modules:
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= named & modules or {str(node.module)}
    return found - {"skewless"}


def test_no_modules_import_each_other_in_a_circle() -> None:
    paths = {module_of(path): path for path in (SDK / "skewless").rglob("*.py")}
    graph = {name: imported_by(path, frozenset(paths)) for name, path in paths.items()}
    graph[ALLOWED[0]].remove(ALLOWED[1])
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from error


def test_no_two_public_classes_of_the_sdk_have_one_name() -> None:
    places: dict[str, list[str]] = {}
    for path in (SDK / "skewless").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module_of(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
