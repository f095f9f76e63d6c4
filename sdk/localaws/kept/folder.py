"""The folder: one SQLite database, in which a snapshot is written whole or not at all.

Whoever kills the process finds the snapshot before it. The folder is its owner's alone: objects,
items and keys are in it as they are.
"""

from __future__ import annotations

import pickle
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from moto import __version__ as moto_version

from localaws.errors import UsageError
from localaws.kept import state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FORMAT = "1"
_OWN_FOLDER, _OWN_FILE = 0o700, 0o600
_UNREADABLE = (pickle.UnpicklingError, AttributeError, EOFError, LookupError, TypeError, ValueError)
_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS state (
    module TEXT, service TEXT, content BLOB NOT NULL, PRIMARY KEY (module, service)
);
CREATE TABLE IF NOT EXISTS body (digest TEXT PRIMARY KEY, content BLOB NOT NULL);
"""


class Folder:
    """A folder that one process uses at a time."""

    def __init__(self, path: Path) -> None:
        """Open a folder, or make it.

        Raises:
            UsageError: another process uses it, or it holds something else.
        """
        self._path = path
        file = path / "localaws.sqlite"
        try:
            path.mkdir(mode=_OWN_FOLDER, parents=True, exist_ok=True)
            file.touch(mode=_OWN_FILE)
            self._database = sqlite3.connect(
                file, timeout=0, isolation_level=None, check_same_thread=False
            )
            # Exclusive: a second process is refused when it opens, not when it first writes.
            self._database.executescript(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL;"
                "PRAGMA auto_vacuum = FULL; BEGIN EXCLUSIVE; COMMIT;" + _TABLES
            )
        except (OSError, sqlite3.Error) as error:
            if "locked" in str(error):
                raise UsageError(f"another local AWS uses the folder {path}") from error
            raise UsageError(f"the folder {path} cannot be used: {error}") from error
        self._check_versions()

    def restore(self) -> None:
        """Give moto what is stored.

        Raises:
            UsageError: it cannot be read.
        """
        try:
            state.restore(self._states(), self._body)
        except (UsageError, sqlite3.Error, *_UNREADABLE) as error:
            raise UsageError(f"the folder {self._path} cannot be read: {error}") from error

    def stored(self) -> frozenset[str]:
        """The digests of all objects' bytes that are stored."""
        return frozenset(digest for (digest,) in self._database.execute("SELECT digest FROM body"))

    def save(self, snapshot: state.Snapshot) -> None:
        """Store a snapshot in place of the one before.

        Raises:
            sqlite3.Error: nothing was changed.
        """
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        try:
            self._write(snapshot)
            database.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Let others use the folder."""
        self._database.close()

    def _write(self, snapshot: state.Snapshot) -> None:
        database = self._database
        known = {
            state.Address(module, service): content
            for module, service, content in database.execute("SELECT * FROM state")
        }
        for address in known.keys() - snapshot.services.keys():
            named = (address.module, address.service)
            database.execute("DELETE FROM state WHERE module = ? AND service = ?", named)
        for address, content in snapshot.services.items():
            if known.get(address) != content:
                row = (address.module, address.service, content)
                database.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", row)
        database.executemany("INSERT OR IGNORE INTO body VALUES (?, ?)", snapshot.bodies.items())
        gone = [(digest,) for digest in self.stored() - frozenset(snapshot.digests)]
        database.executemany("DELETE FROM body WHERE digest = ?", gone)

    def _states(self) -> Iterator[tuple[state.Address, bytes]]:
        rows = self._database.execute("SELECT * FROM state ORDER BY service").fetchall()
        for module, service, content in rows:
            yield state.Address(module, service), content

    def _body(self, digest: str) -> bytes:
        found = self._database.execute("SELECT content FROM body WHERE digest = ?", (digest,))
        (content,) = found.fetchone()
        return bytes(content)

    def _check_versions(self) -> None:
        """Refuse what another moto wrote: its objects' attributes may mean something else."""
        found = dict(self._database.execute("SELECT * FROM about"))
        here = {"format": _FORMAT, "moto": moto_version}
        if found and found != here:
            raise UsageError(
                f"the folder {self._path} was written with moto {found.get('moto')} (format "
                f"{found.get('format')}), and this is moto {moto_version} (format {_FORMAT}): "
                "install that one, or use another folder"
            )
        self._database.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", here.items())
