"""Writing a file as a whole: whoever reads it finds the old text or the new one."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from skewless.errors import InputError


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text, or leave the file as it was.

    A link goes on leading to its file, which is replaced. What is no file, such as a pipe, is
    written to directly.

    Raises:
        InputError: the file cannot be written; it says why.
    """
    target = Path(os.path.realpath(path))
    data = text.encode()
    try:
        mode = _mode(Path(path))
        if mode is None:
            Path(path).write_bytes(data)
        else:
            _replace(target, data, mode)
    except OSError as error:
        raise InputError(
            f"{str(path)!r} cannot be written in folder {str(target.parent)!r} "
            f"({error.strerror}); it is as it was. Name another file, or let this user write there"
        ) from error


def _mode(path: Path) -> int | None:
    """Return the permissions that a file is to have; None if it is there, and no regular file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
    if stat.S_ISREG(found.st_mode) and not os.access(path, os.W_OK):
        raise PermissionError(13, "it is read-only", str(path))
    return stat.S_IMODE(found.st_mode) if stat.S_ISREG(found.st_mode) else None


def _replace(target: Path, data: bytes, mode: int) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
