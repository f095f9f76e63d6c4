"""Stacks rendered once, for all tests that read them."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk.assertions import Template

# One test has CloudFormation's validator on; it takes seconds in every process.
os.environ["CDK_VALIDATION"] = "false"
# Node 20 works and is past its end: a banner says so on every start.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

_MISSING = (
    "the CDK needs node, and there is none"
    if shutil.which("node") is None
    else "the CDK is not installed: pip install --group cdk"
    if find_spec("aws_cdk") is None
    else None
)


class _Skipped(pytest.Module):
    def collect(self) -> NoReturn:
        pytest.skip(f"{self.path.name}: {_MISSING}", allow_module_level=True)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Skip whole modules before they are imported: importing the CDK starts node."""
    if _MISSING is None:
        return None
    skipped: pytest.Module = _Skipped.from_parent(parent, path=module_path)
    return skipped


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """The stacks of a store `dev`, by id."""
    from aws_cdk.assertions import Template  # noqa: PLC0415 - starts node

    from tests.cdk.apps import stacks  # noqa: PLC0415

    made = stacks(tmp_path_factory.mktemp("dev"), {"dev": {"python": "3.13"}})
    return {name: Template.from_stack(stack) for name, stack in made.items()}


@pytest.fixture(scope="session")
def data(templates: dict[str, Template]) -> Template:
    """The data stack of store `dev`."""
    return templates["skewless-dev-data"]


@pytest.fixture(scope="session")
def jobs(templates: dict[str, Template]) -> Template:
    """The jobs stack of store `dev`."""
    return templates["skewless-dev-jobs"]
