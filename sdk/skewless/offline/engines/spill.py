"""Folders to which DuckDB spills from memory. Folders of killed processes are removed.

They may hold anyone's values. A shell waits beside the process, and removes the folder as soon as
the process has ended, by whatever signal. Where there is no shell, or it is killed too, the next
session removes it: the process that uses a folder locks it. A lock ends with its process in any
case, and holds between containers that share a disk.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "skewless-spill-"
_LOCK, _DATA = "lock", "data"
_SHELL = "/bin/sh"
# For a moment after making a folder, a process holds no lock on it.
_SETTLE_SECONDS = 60.0


@contextmanager
def spill_folder() -> Iterator[Path]:
    """Yield a folder that is removed afterwards; remove folders of killed processes too."""
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with (folder / _LOCK).open("w") as lock:
            _try_lock(lock.fileno())
            data = folder / _DATA
            data.mkdir()
            with _removed_after_this_process(folder):
                yield data
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _removed_after_this_process(folder: Path) -> Iterator[None]:
    """Let a shell wait for the end of its input, which ends with this process, and then remove."""
    try:
        shell = subprocess.Popen(  # noqa: S603 - the folder is an argument, not a part of the text
            [_SHELL, "-c", 'read -r _ || rm -rf -- "$0"', str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in a terminal is for this process alone
        )
    except OSError:  # no shell here: then the next session removes it
        yield
        return
    try:
        yield
    finally:
        # A line ends its wait even where a fork of this process holds its input open too.
        shell.communicate(b"\n")


def sweep(settle_seconds: float = _SETTLE_SECONDS) -> None:
    """Remove folders that nobody has locked.

    Args:
        settle_seconds: younger folders stay, as they may be about to be locked.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # Another process may remove it just now, or it is another user's.
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime < settle_seconds:
                continue
            if _is_free(folder / _LOCK):
                shutil.rmtree(folder)


def _is_free(path: Path) -> bool:
    if not path.exists():
        return True
    with path.open("r+") as lock:
        return _try_lock(lock.fileno())


def _try_lock(descriptor: int) -> bool:
    """Lock a file for as long as it is open; return whether nobody had."""
    if sys.platform == "win32":  # an open file cannot be deleted there
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
