"""Folders that show some of this interpreter's packages and none of the others.

What Lambda's managed runtime and AWS's own layers bring along is installed here too. A folder of
links to it stands in for them; nothing else of this environment can be imported through it.
"""

from __future__ import annotations

import re
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

RUNTIME = ("awslambdaric", "boto3")
"""What the managed runtime for Python has beside the standard library."""

_REQUIRED_NAME = re.compile(r"[A-Za-z0-9._-]+")


def link(names: Iterable[str], folder: Path) -> Path:
    """Fill a folder with links to the named distributions and all that they require."""
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.partial")
        partial.mkdir(parents=True)
        for distribution in closure(names):
            _link_files(distribution, partial)
        partial.rename(folder)
    return folder


def closure(names: Iterable[str]) -> list[metadata.Distribution]:
    """The named distributions and all that they require, without their extras."""
    found: dict[str, metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            # A requirement for another Python or another system, which its marker says.
            continue
        required = found[name].requires or ()
        waiting += [_name(requirement) for requirement in required if _is_plain(requirement)]
    return list(found.values())


def _is_plain(requirement: str) -> bool:
    return "extra ==" not in requirement


def _name(requirement: str) -> str:
    matched = _REQUIRED_NAME.match(requirement)
    return matched.group() if matched else requirement


def _link_files(distribution: metadata.Distribution, folder: Path) -> None:
    tops = {file.parts[0] for file in distribution.files or ()}
    for top in tops - {"..", "__pycache__"}:
        link_at = folder / top
        if not link_at.exists():
            link_at.symlink_to(str(distribution.locate_file(top)))
