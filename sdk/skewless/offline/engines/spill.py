"""Folders to which DuckDB spills from memory. Folders of killed processes are removed.

They may hold anyone's values. The process that uses a folder locks it. A lock ends with its process
in any case, and holds between containers that share a disk.
"""

from __future__ import annotations

import shutil
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
            yield data
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
