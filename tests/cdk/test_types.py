"""mypy reads few modules of the CDK, and all that the checks of our own code need."""

from __future__ import annotations

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("sdk", "lambdas", "cdk", "deployment", "tests", "examples", "benchmarks", "docs")
INTERFACES = "aws_cdk.interfaces"  # the names in it are all read
# As jsii writes them: what a module needs for its signatures, and for nothing else.
_OF_SIGNATURES = re.compile(r"^    import (aws_cdk[\w.]*) as _", re.MULTILINE)


def imported_here() -> set[str]:
    sources = "\n".join(
        path.read_text() for folder in OURS for path in sorted((ROOT / folder).rglob("*.py"))
    )
    modules = {f"aws_cdk.{name}" for name in re.findall(r"from aws_cdk import (aws_\w+)", sources)}
    return modules | set(re.findall(r"(?:from|import) (aws_cdk[\w.]*)", sources))


def named_in_signatures(module: str) -> set[str]:
    found = find_spec(module)
    assert found is not None
    assert found.origin is not None
    named = _OF_SIGNATURES.findall(Path(found.origin).read_text())
    return {name for name in named if not f"{name}.".startswith(f"{INTERFACES}.")}


def test_mypy_reads_what_is_imported_and_what_its_signatures_name() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    read = {
        module
        for override in settings
        if override.get("follow_imports") == "normal"
        for module in override["module"]
    }
    imported = imported_here()
    assert imported <= read
    for module in imported:
        assert named_in_signatures(module) <= read, module
