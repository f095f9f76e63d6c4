"""The git commit of a definitions file, for the log of applies."""

from __future__ import annotations

from pathlib import Path

from skewless.cli.git import git


def commit_of(name: str) -> str:
    """Return the commit that a file is of, with `-dirty` if anything is changed; else empty."""
    path = Path(name)
    folder = path.resolve().parent if path.exists() else Path.cwd()
    return git(folder, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")
