"""The git commit of a definitions file, for the log of applies."""

from __future__ import annotations

import subprocess
from pathlib import Path

_SECONDS = 10


def commit_of(name: str) -> str:
    """Return the commit that a file is of, with `-dirty` if anything is changed; else empty."""
    path = Path(name)
    folder = path.resolve().parent if path.exists() else Path.cwd()
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],  # noqa: S607
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
