"""How `pytest -n` shares the tests out among processes: tests that share a fixture stay together.

A process has a local AWS of its own, and makes a session's fixtures for itself.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/cdk", "tests/deployment")
"""Folders with a fixture that takes longer to make than to use: synthesised or deployed stacks."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """A file's tests run in one process, one after another; so do those of a folder named above."""

    def _split_scope(self, nodeid: str) -> str:
        path, *_ = nodeid.partition("::")
        folder = str(PurePosixPath(path).parent)
        return folder if folder in TOGETHER else path
