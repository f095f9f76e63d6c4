"""Remove rows from an Iceberg table so that none of its files holds them any more.

Deleting rows of an Iceberg table leaves them in the files of its older snapshots, and leaves the
bounds of their columns in manifests. So, as often as it takes until a survey finds nothing:

1. rewrite the current data files that hold such rows, without them;
2. rewrite the current manifests that still list such files;
3. expire the snapshots by which such files can be reached;
4. delete the files that only those snapshots had.

Each step may be repeated, and the next run can go on after any of them. The files that step 4
deletes are recorded before step 3, since afterwards nothing names them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import pyarrow.compute
from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    ValidationException,
)
from pyiceberg.manifest import ManifestEntry, ManifestEntryStatus
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update.snapshot import _FastAppendFiles, _OverwriteFiles

from skewless.erasure.survey import Survey, Surveyor
from skewless.errors import StoreError
from skewless.offline.lake.commits import wait
from skewless.offline.lake.exclusive_append import Composed, KeepsManifests, commit_once
from skewless.offline.storage.objects import split_uri

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa
    from pyiceberg.manifest import ManifestFile

    from skewless.erasure.survey import Matching
    from skewless.offline.lake.day_table import DayTable
    from skewless.offline.storage.stored import StoredObjects

_ATTEMPTS = 40  # three are enough if nobody else writes
_ERASURE = "skewless.erasure"


class Notes(Protocol):
    """The notes of what a removal is about to do, so that another run can finish it."""

    def note(
        self, table: str, *, rows: int, snapshots: Collection[int], files: Collection[str]
    ) -> None:
        """Record what is about to be removed from a table, beside earlier records."""
        ...

    def files(self, table: str) -> frozenset[str]:
        """Return the files recorded so far."""
        ...

    def leaving(self, table: str, rows: pa.Table) -> None:
        """Look at rows before the commit that removes them."""
        ...


class ToRemove(NamedTuple):
    """The parts of a table that are to be removed.

    Attributes:
        rows: in its current state.
        snapshots: by which rows can be reached.
        files: of data that hold rows, and of metadata that list such files.
    """

    rows: int
    snapshots: tuple[int, ...]
    files: tuple[str, ...]


class Removal:
    """Removes the rows of one table that match."""

    def __init__(
        self, table: DayTable, matching: Matching, objects: StoredObjects, erasure: str
    ) -> None:
        self._table = table
        self._objects = objects
        self._surveyor = Surveyor(matching)
        self._erasure = {_ERASURE: erasure}
        self._update: KeepsManifests | None = None

    def find(self) -> ToRemove:
        """Say what would be removed; change nothing."""
        survey = self._survey()
        snapshots = [found.snapshot_id for found in survey.tainted]
        if survey.current_tainted_manifests:
            snapshots.append(survey.table.metadata.current_snapshot_id or 0)
        files = survey.dirty | survey.tainted_manifests
        return ToRemove(survey.rows, tuple(snapshots), tuple(sorted(files)))

    def run(self, notes: Notes) -> int:
        """Remove the rows; return how many versions of files were deleted.

        Raises:
            StoreError: AWS refused, or others wrote the table all the time.
        """
        for attempt in range(_ATTEMPTS):
            survey = self._survey()
            if survey.is_clean:
                return self._delete(survey, notes)
            notes.note(self._table.name, rows=survey.rows, snapshots=(), files=())
            try:
                self._step(survey, notes)
            except (
                CommitFailedException,
                CommitStateUnknownException,
                ValidationException,
                FileNotFoundError,
            ):
                # Another writer or erasure was faster: survey again. This attempt's files are
                # deleted at the end if nothing names them, since its manifests list the rows.
                left = () if self._update is None else self._update.kept
                notes.note(self._table.name, rows=0, snapshots=(), files=left)
                wait(attempt)
            except (ClientError, BotoCoreError, OSError) as error:
                raise StoreError(
                    f"rows could not be removed from {self._table.name}: {error}"
                ) from error
        raise StoreError(
            f"{self._table.name} is written by others too often: rows are left in it after "
            f"{_ATTEMPTS} attempts. Run the erasure again"
        )

    def _survey(self) -> Survey:
        try:
            return self._surveyor.latest(self._table.load)
        except (ClientError, BotoCoreError, OSError) as error:
            raise StoreError(f"{self._table.name} could not be searched: {error}") from error

    def _step(self, survey: Survey, notes: Notes) -> None:
        if survey.live:
            self._rewrite(survey, notes)
        elif survey.current_tainted_manifests:
            self._reseal(survey)
        else:
            snapshots = [found.snapshot_id for found in survey.expirable]
            if not snapshots:
                kept = ", ".join(sorted(survey.protecting))
                raise StoreError(
                    f"{self._table.name}: the tags or branches {kept} keep snapshots that hold "
                    "the rows. Remove them, and run the erasure again"
                )
            notes.note(self._table.name, rows=0, snapshots=snapshots, files=survey.doomed())
            try:
                survey.table.maintenance.expire_snapshots().by_ids(snapshots).commit()
            except ValueError as error:  # pyiceberg: "Snapshot with snapshot id ... does not exist"
                raise CommitFailedException("another erasure expired the snapshots") from error

    def _rewrite(self, survey: Survey, notes: Notes) -> None:
        """Replace data files by copies without the rows."""
        table = survey.table
        # A commit in between is surveyed anew: to go on from what was seen before would bring back
        # rows that another erasure removed.
        commit_once(table)
        with Composed(table) as transaction:
            update = _Overwrite(
                Operation.OVERWRITE, transaction, table.io, snapshot_properties=self._erasure
            )
            self._update = update
            with update:
                for task in survey.live:
                    rows = self._surveyor.rows(table, task)
                    mask = self._surveyor.mask(rows)
                    notes.leaving(self._table.name, rows.filter(mask))
                    kept = rows.filter(pyarrow.compute.invert(mask))
                    update.delete_data_file(task.file)
                    if kept.num_rows:
                        for file in self._table.write_files(table, kept):
                            update.append_data_file(file)

    def _reseal(self, survey: Survey) -> None:
        """Commit a snapshot whose manifests no longer list files that are not its own."""
        commit_once(survey.table)
        with Composed(survey.table) as transaction:
            update = _Reseal(
                operation=Operation.APPEND,
                transaction=transaction,
                io=survey.table.io,
                snapshot_properties=self._erasure,
            )
            self._update = update
            update.tainted = survey.current_tainted_manifests
            update.commit()

    def _delete(self, survey: Survey, notes: Notes) -> int:
        """Delete the recorded files that nothing names, and none outside the table's location."""
        keys = {
            split_uri(file)[1]
            for file in notes.files(self._table.name) - survey.reachable
            if file.startswith(self._table.location + "/")
        }
        if not keys:
            return 0
        prefix = split_uri(self._table.location)[1] + "/"
        return self._objects.delete(list(self._objects.versions_of(keys, prefix)))


class _Overwrite(KeepsManifests, _OverwriteFiles):
    pass


class _Reseal(KeepsManifests, _FastAppendFiles):
    """An empty append that rewrites manifests, keeping their live entries only.

    pyiceberg drops a manifest that lists only deleted files. Other writers keep deleted and
    live entries in one manifest.
    """

    tainted: Collection[str] = ()

    def _existing_manifests(self) -> list[ManifestFile]:
        kept = []
        for manifest in super()._existing_manifests():
            if manifest.manifest_path not in self.tainted:
                kept.append(manifest)
                continue
            living = manifest.fetch_manifest_entry(self._io, discard_deleted=True)
            if not living:
                continue
            with self.new_manifest_writer(self.spec(manifest.partition_spec_id)) as writer:
                for entry in living:
                    writer.add_entry(
                        ManifestEntry.from_args(
                            status=ManifestEntryStatus.EXISTING,
                            snapshot_id=entry.snapshot_id,
                            sequence_number=entry.sequence_number,
                            file_sequence_number=entry.file_sequence_number,
                            data_file=entry.data_file,
                        )
                    )
            kept.append(writer.to_manifest_file())
        return kept
