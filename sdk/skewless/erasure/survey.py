"""Find certain rows in an Iceberg table: in which files, named by which snapshots.

Every file that any snapshot names is read, and only once, because files never change.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.compute
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.expressions.visitors import _InclusiveMetricsEvaluator
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import DataFileContent, ManifestEntryStatus
from pyiceberg.table import FileScanTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.manifest import DataFile, ManifestEntry, ManifestFile
    from pyiceberg.table import Table
    from pyiceberg.table.snapshots import Snapshot

pc: Any = pyarrow.compute
_READERS = 16
_ATTEMPTS = 4
_MAIN = "main"


class Matching(Protocol):
    """A description of the rows to look for."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that decide."""
        ...

    @property
    def bounds(self) -> BooleanExpression:
        """A filter on column bounds that every file with such rows passes."""
        ...

    def mask(self, rows: pa.Table) -> Any:
        """Return, for each row, whether it matches."""
        ...


@dataclass(frozen=True)
class Survey:
    """The findings in one state of a table.

    Attributes:
        table: the state.
        manifests: of each snapshot.
        entries: of each manifest.
        dirty: data files that hold rows.
        rows: how many, in the current snapshot.
        live: the current snapshot's dirty files, as scans of them.
    """

    table: Table
    manifests: dict[int, tuple[ManifestFile, ...]]
    entries: dict[str, tuple[ManifestEntry, ...]]
    dirty: frozenset[str]
    rows: int
    live: tuple[FileScanTask, ...]

    @property
    def is_clean(self) -> bool:
        """Whether no file that a snapshot names holds such rows or lists a file that did."""
        return not self.live and not self.tainted and not self.current_tainted_manifests

    @cached_property
    def tainted_manifests(self) -> frozenset[str]:
        """The manifests with an entry, live or deleted, of a dirty file."""
        return frozenset(
            path
            for path, entries in self.entries.items()
            if any(entry.data_file.file_path in self.dirty for entry in entries)
        )

    @cached_property
    def current_tainted_manifests(self) -> frozenset[str]:
        """The manifests of the current snapshot."""
        current = self.table.current_snapshot()
        if current is None:
            return frozenset()
        named = {manifest.manifest_path for manifest in self.manifests[current.snapshot_id]}
        return self.tainted_manifests & named

    @cached_property
    def tainted(self) -> tuple[Snapshot, ...]:
        """The snapshots with such a manifest, except the current one."""
        current = self.table.current_snapshot()
        return tuple(
            snapshot
            for snapshot in self.table.snapshots()
            if current is None or snapshot.snapshot_id != current.snapshot_id
            if any(
                manifest.manifest_path in self.tainted_manifests
                for manifest in self.manifests[snapshot.snapshot_id]
            )
        )

    @cached_property
    def protecting(self) -> frozenset[str]:
        """Tags and branches that keep a tainted snapshot."""
        ids = {snapshot.snapshot_id for snapshot in self.tainted}
        return frozenset(
            name
            for name, ref in self.table.metadata.refs.items()
            if name != _MAIN and ref.snapshot_id in ids
        )

    @property
    def expirable(self) -> tuple[Snapshot, ...]:
        """The tainted snapshots that no tag or branch keeps."""
        kept = {ref.snapshot_id for ref in self.table.metadata.refs.values()}
        return tuple(found for found in self.tainted if found.snapshot_id not in kept)

    @cached_property
    def reachable(self) -> frozenset[str]:
        """All files that the snapshots name."""
        return frozenset(self._reached(self.table.snapshots()))

    def doomed(self) -> frozenset[str]:
        """The files that only expirable snapshots name."""
        gone = {snapshot.snapshot_id for snapshot in self.expirable}
        kept = [found for found in self.table.snapshots() if found.snapshot_id not in gone]
        return self.reachable - frozenset(self._reached(kept))

    def _reached(self, snapshots: Iterable[Snapshot]) -> set[str]:
        found: set[str] = set()
        for snapshot in snapshots:
            found.add(snapshot.manifest_list)
            for manifest in self.manifests[snapshot.snapshot_id]:
                if manifest.manifest_path in found:
                    continue
                found.add(manifest.manifest_path)
                found.update(
                    entry.data_file.file_path
                    for entry in self.entries[manifest.manifest_path]
                    if entry.status != ManifestEntryStatus.DELETED
                )
        return found


@dataclass(slots=True)
class Surveyor:
    """Looks for rows, and reads no file twice."""

    matching: Matching
    _entries: dict[str, tuple[ManifestEntry, ...]] = field(default_factory=dict)
    _holding: dict[str, bool] = field(default_factory=dict)

    def latest(self, load: Callable[[], Table]) -> Survey:
        """Survey a table as it is now; begin again if others deleted files meanwhile.

        Raises:
            OSError: S3 refused, or files are missing again and again.
        """
        for _ in range(_ATTEMPTS):
            with suppress(FileNotFoundError):
                return self.survey(load())
        return self.survey(load())

    def survey(self, table: Table) -> Survey:
        """Read all files that the table's snapshots name."""
        snapshots = table.snapshots()
        with ThreadPoolExecutor(_READERS) as pool:
            named = pool.map(lambda found: tuple(found.manifests(table.io)), snapshots)
            manifests = {
                found.snapshot_id: some for found, some in zip(snapshots, named, strict=True)
            }
            self._read_manifests(table, manifests, pool)
            entries = {
                manifest.manifest_path: self._entries[manifest.manifest_path]
                for some in manifests.values()
                for manifest in some
            }
            self._look_into(table, entries, pool)
        present = {entry.data_file.file_path for some in entries.values() for entry in some}
        dirty = frozenset(path for path in present if self._holding.get(path))
        tasks = tuple(self._living(table, dirty))
        counted = [(task, self._count(table, task)) for task in tasks]
        return Survey(
            table,
            manifests,
            entries,
            dirty,
            sum(count for _, count in counted),
            # A file whose matching rows were all deleted by position is rewritten as well: the
            # bytes are in it.
            tasks,
        )

    def rows(
        self, table: Table, task: FileScanTask, columns: tuple[str, ...] | None = None
    ) -> pa.Table:
        """Read a data file, without the rows that were deleted from it by position."""
        schema = table.schema() if columns is None else table.schema().select(*columns)
        return ArrowScan(table.metadata, table.io, schema, AlwaysTrue()).to_table([task])

    def mask(self, rows: pa.Table) -> Any:
        """Return, for each row, whether it matches; never null."""
        return pc.fill_null(self.matching.mask(rows), False)  # noqa: FBT003 - Arrow's signature

    def _read_manifests(
        self, table: Table, manifests: dict[int, tuple[ManifestFile, ...]], pool: Any
    ) -> None:
        new = {
            manifest.manifest_path: manifest
            for some in manifests.values()
            for manifest in some
            if manifest.manifest_path not in self._entries
        }

        def read(manifest: ManifestFile) -> tuple[ManifestEntry, ...]:
            return tuple(manifest.fetch_manifest_entry(table.io, discard_deleted=False))

        self._entries |= zip(new, pool.map(read, new.values()), strict=True)

    def _look_into(
        self, table: Table, entries: dict[str, tuple[ManifestEntry, ...]], pool: Any
    ) -> None:
        files = {
            entry.data_file.file_path: entry.data_file
            for some in entries.values()
            for entry in some
            if entry.data_file.content == DataFileContent.DATA
            if entry.data_file.file_path not in self._holding
        }
        evaluator = _InclusiveMetricsEvaluator(table.schema(), self.matching.bounds)

        def holds(file: DataFile) -> bool:
            if not evaluator.eval(file):
                return False
            try:
                return self._count(table, FileScanTask(file)) > 0
            except FileNotFoundError:
                # A manifest still has the bounds of a deleted file; one may be the key itself.
                return True

        self._holding |= zip(files, pool.map(holds, files.values()), strict=True)

    def _count(self, table: Table, task: FileScanTask) -> int:
        rows = self.rows(table, task, self.matching.columns)
        return int(pc.sum(self.mask(rows)).as_py() or 0)

    def _living(self, table: Table, dirty: frozenset[str]) -> Iterable[FileScanTask]:
        if table.current_snapshot() is None or not dirty:
            return ()
        return (task for task in table.scan().plan_files() if task.file.file_path in dirty)
