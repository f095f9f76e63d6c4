"""When state is saved: soon after it changed, and once more at the end."""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from typing import TYPE_CHECKING

from localaws.errors import UsageError
from localaws.kept import state
from localaws.kept.folder import Folder

if TYPE_CHECKING:
    from pathlib import Path

    from localaws.core.turnstile import Turnstile

# A snapshot waits for a pause. One that is taken while a program is at work has half of what that
# program does, as if it had died there.
_QUIET_SECONDS = 1.0
_LONGEST_SECONDS = 15.0  # a program that never pauses does not keep a snapshot from being taken
_LOOK_SECONDS = 0.1
_BUSY_PARTS = 20  # at most one part in so many of the time is spent on snapshots
_LAST_ATTEMPTS = 40


class Keeper:
    """Keeps what the services hold in a folder."""

    def __init__(self, path: Path) -> None:
        """Open the folder, and give moto what is in it.

        Raises:
            UsageError: the folder cannot be used, or this process has held a local AWS before.
        """
        if not state.is_empty():
            raise UsageError(
                f"the folder {path} needs a process of its own: this one's local AWS holds "
                "something already"
            )
        self._folder = Folder(path)
        try:
            self._folder.restore()
            self._stored = self._folder.stored()
        except UsageError:
            self._folder.close()
            raise
        self._is_over = threading.Event()
        self._told: set[str] = set()

    def start(self, turnstile: Turnstile) -> None:
        """Begin to save what changes behind a turnstile."""
        self._turnstile = turnstile
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Save what there is, and let the folder go.

        Raises:
            UsageError: it could not be saved; what was saved before is there.
        """
        self._is_over.set()
        self._turnstile.changed.set()  # wakes the thread
        self._thread.join()
        try:
            if not any(self._save() for _ in range(_LAST_ATTEMPTS)):
                raise UsageError("requests are still at work: their changes are not kept")
        except sqlite3.Error as error:
            raise UsageError(f"the last changes could not be saved: {error}") from error
        finally:
            self._folder.close()

    def _keep(self) -> None:
        changed = self._turnstile.changed
        while changed.wait() and self._waited_for_a_pause():
            changed.clear()  # first: what changes from now on is the next snapshot's
            began = time.monotonic()
            if not self._try_to_save():
                changed.set()
            if self._is_over.wait(_BUSY_PARTS * (time.monotonic() - began)):
                return

    def _waited_for_a_pause(self) -> bool:
        """Wait until nobody asks anything for a while; False if it is over meanwhile."""
        began = time.monotonic()
        while not self._is_over.wait(_LOOK_SECONDS):
            waited = time.monotonic() - began
            if self._turnstile.idle_seconds() > _QUIET_SECONDS or waited > _LONGEST_SECONDS:
                return True
        return False

    def _try_to_save(self) -> bool:
        try:
            return self._save()
        except sqlite3.Error as error:
            self._tell(f"changes could not be saved, which is tried again: {error}")
            return False

    def _save(self) -> bool:
        """Save a snapshot; False where no moment was found to take one in."""
        with self._turnstile.closed() as is_empty:
            if not is_empty:
                return False
            try:
                snapshot = state.take(self._stored)
            except RuntimeError:  # a service's own thread changed a dictionary
                return False
        self._folder.save(snapshot)
        self._stored = frozenset(snapshot.digests)
        for service, why in snapshot.failures.items():
            self._tell(f"what {service} holds is not kept: {why}")
        return True

    def _tell(self, what: str) -> None:
        if what not in self._told:
            self._told.add(what)
            sys.stderr.write(f"local AWS: {what}\n")
