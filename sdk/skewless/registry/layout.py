"""The layout of an exported registry: which files a folder has, and that it has no others.

manifest.json                the format, and a digest of each file
entity/user.json             one definition a file, with its fingerprint and its mark
view/spending@1.1.json
log/000003-20261120T090000Z.json      one apply a file, the first one first
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from skewless.definitions.names import versioned
from skewless.errors import DocumentError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from skewless.registry.identity import Identity

NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)  # Windows has none
MANIFEST = "manifest.json"
LOG = "log"
_PLAIN = re.compile(r"(entity|source)/[a-z][a-z0-9_]{0,99}\.json")
_VERSIONED = re.compile(r"(view|service)/[a-z][a-z0-9_]{0,99}@[1-9]\d{0,8}(\.[1-9]\d{0,8})?\.json")
_ENTRY = re.compile(r"log/\d{6,12}-\d{8}T\d{6}Z\.json")
_FOLDERS = ("entity", "source", "view", "service", LOG)
_MAX_BYTES = 8_000_000
_MAX_FILES = 200_000


def place_of(identity: Identity) -> str:
    """Return the name of a definition's file."""
    name = identity.name
    if identity.kind in ("view", "service"):
        name = versioned(name, identity.version)
    return f"{identity.kind}/{name}.json"


def is_definition(name: str) -> bool:
    """Say whether a file's name is that of a definition."""
    return bool(_PLAIN.fullmatch(name) or _VERSIONED.fullmatch(name))


def is_entry(name: str) -> bool:
    """Say whether a file's name is that of an entry of the log."""
    return _ENTRY.fullmatch(name) is not None


def files_in(folder: Path) -> list[str]:
    """Return the names of a folder's files, in order, with `/` between folder and file.

    What begins with a dot beside the manifest is left out: `.git` may be there.

    Raises:
        InputError: there is no such folder.
        DocumentError: it holds something that no export holds.
    """
    try:
        found = sorted(_walk(folder))
    except FileNotFoundError as error:
        raise InputError(f"there is no folder {str(folder)!r}") from error
    except NotADirectoryError as error:
        raise InputError(f"{str(folder)!r} is no folder") from error
    except DocumentError:
        raise
    except (OSError, ValueError) as error:  # of names that no file can have
        raise InputError(f"the folder {str(folder)!r} cannot be read: {error}") from error
    folded: dict[str, str] = {}
    for name in found:
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise refused(folder, name, f"it differs from {other!r} by case only")
    for name in found:
        if name != MANIFEST and not is_definition(name) and not is_entry(name):
            raise refused(folder, name, "no file of an export is called so: take it away")
    if len(found) > _MAX_FILES:
        raise refused(folder, found[0], f"there are more than {_MAX_FILES:,} files beside it")
    return found


def read(folder: Path, name: str) -> bytes:
    """Read one file, which is no link.

    Raises:
        DocumentError: it cannot be read, or is too large.
    """
    try:
        handle = os.open(folder / name, os.O_RDONLY | NO_LINK | getattr(os, "O_NONBLOCK", 0))
        with open(handle, "rb") as file:  # noqa: PTH123 - of a handle
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise refused(folder, name, "it is no file")
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise refused(folder, name, f"it cannot be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise refused(folder, name, f"it has more than {_MAX_BYTES:,} bytes")
    return content


def refused(folder: Path, name: str, problem: str) -> DocumentError:
    """Return the error that names a file and what is wrong with it."""
    return DocumentError(f"the export {str(folder)!r}: {name!r}: {problem}")


def _walk(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_symlink():
                raise refused(folder, entry.name, "it is a link, and leads elsewhere")
            if not entry.is_dir(follow_symlinks=False):
                yield entry.name
            elif entry.name in _FOLDERS:
                yield from _walk_kind(folder, entry.name)
            else:
                raise refused(
                    folder, entry.name, "no folder of an export is called so: take it away"
                )


def _walk_kind(folder: Path, kind: str) -> Iterator[str]:
    with os.scandir(folder / kind) as entries:
        for entry in entries:
            name = f"{kind}/{entry.name}"
            if entry.is_symlink():
                raise refused(folder, name, "it is a link, and leads elsewhere")
            if not entry.is_file(follow_symlinks=False):
                raise refused(folder, name, "it is no file: take it away")
            yield name
