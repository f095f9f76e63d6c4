"""The GitHub Actions workflow on the page about promotion."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from skewless.registry.plan_markdown import marker
from tests.docs.pages import ROOT, blocks
from tests.docs.test_commands import parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_YAML: Any = importlib.import_module("yaml")
_PAGE = ROOT / "docs" / "promoting.md"


@pytest.fixture(scope="module")
def text() -> str:
    (found,) = (block.code for block in blocks(_PAGE) if block.language == "yaml")
    return found


@pytest.fixture(scope="module")
def jobs(text: str) -> dict[str, Any]:
    found: dict[str, Any] = _YAML.safe_load(text)["jobs"]
    return found


def steps(jobs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in jobs.values():
        yield from job["steps"]


def test_the_workflow_plans_comments_and_applies(jobs: dict[str, Any], text: str) -> None:
    assert [*jobs] == ["plan", "comment", "apply"]
    # YAML 1.1 reads the key `on` as true.
    assert [*_YAML.safe_load(text)[True]] == ["pull_request", "push"]


def test_actions_are_pinned_to_commits_with_their_versions_beside(text: str) -> None:
    used = re.findall(r"uses: .*", text)
    assert len(used) == 6
    for line in used:
        assert re.fullmatch(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)


def test_each_job_may_do_what_it_needs_and_nothing_else(jobs: dict[str, Any], text: str) -> None:
    assert _YAML.safe_load(text)["permissions"] == {}
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "plan": {"contents": "read", "id-token": "write"},
        "comment": {"pull-requests": "write"},
        "apply": {"contents": "read", "id-token": "write"},
    }
    assert all("timeout-minutes" in job for job in jobs.values())
    assert "secrets." not in text
    assert "pull_request_target" not in text


def test_no_text_of_a_pull_request_is_put_into_a_script(jobs: dict[str, Any]) -> None:
    for step in steps(jobs):
        assert "${{" not in step.get("run", "")


def test_the_program_takes_the_commands_of_the_workflow(jobs: dict[str, Any]) -> None:
    commands = [
        re.sub(r" (>|\|\|) .*", "", line.strip()).replace("$STORE", "prod")
        for step in steps(jobs)
        for line in step.get("run", "").splitlines()
        if line.strip().startswith("skewless ")
    ]
    assert [command.split()[3] for command in commands] == ["plan", "apply", "materialize"]
    for command in commands:
        parse(command)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_scripts_are_scripts(jobs: dict[str, Any], tmp_path: Path) -> None:
    for step in steps(jobs):
        if script := step.get("run"):
            path = tmp_path / "script"
            path.write_text(script)
            subprocess.run(["bash", "-n", str(path)], check=True)  # noqa: S603, S607


def test_a_comment_is_found_again_by_its_first_line(jobs: dict[str, Any]) -> None:
    scripts = "\n".join(step.get("run", "") for step in steps(jobs))
    assert marker("$STORE").replace("STORE", "$STORE") in scripts
    assert marker("%s").replace(" s ", " %s ") in scripts
