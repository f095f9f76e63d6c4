"""The namespace of whoever calls, where `--dev` is given without a name."""

from __future__ import annotations

import getpass
import re
from pathlib import Path

import typer

from skewless.cli.git import git

_MOST = 40
_EVERYBODYS = ("HEAD", "main", "master", "trunk", "develop")  # HEAD: no branch at all


def own_namespace() -> str:
    """Return a namespace's name: of the git branch of this folder, else of the user.

    Raises:
        BadParameter: nothing of either makes a name.
    """
    for given in (_branch(), _user()):
        if name := sanitised(given):
            return name
    raise typer.BadParameter("neither a git branch nor the user has a name: give --dev=NAME")


def sanitised(given: str) -> str:
    """Return the name of a branch or a user as a namespace may have it; empty if none is left."""
    words = re.sub(r"[^a-z0-9]+", "-", given.lower()).strip("-")
    return words[:_MOST].strip("-")


def _branch() -> str:
    name = git(Path.cwd(), "rev-parse", "--abbrev-ref", "HEAD")
    return "" if name in _EVERYBODYS else name


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without users
        return ""
