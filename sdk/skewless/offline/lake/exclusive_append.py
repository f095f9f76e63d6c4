"""An Iceberg append that fails if another commit came first, so that claims can be checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.table import TableProperties, Transaction
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update.snapshot import _MergeAppendFiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table
    from pyiceberg.table.metadata import TableMetadata


def append_exclusively(table: Table, files: Sequence[DataFile], summary: dict[str, str]) -> None:
    """Commit files on top of the state that was loaded, or not at all.

    Args:
        table: as it was loaded and examined.
        files: written already.
        summary: the snapshot's summary.

    Raises:
        CommitFailedException: another commit came first, or the answer to this one was lost: load
            the table again and look for the summary.
    """
    commit_once(table)
    with (
        Composed(table) as transaction,
        _Append(Operation.APPEND, transaction, table.io, snapshot_properties=summary) as update,
    ):
        for file in files:
            update.append_data_file(file)


def commit_once(table: Table) -> None:
    """Let a commit to the table, as it was loaded, succeed at once or not at all.

    pyiceberg would retry on top of a state that the caller never examined. The change is in memory
    only: other writers, such as Glue's compaction, are not affected.
    """
    table.metadata.properties[TableProperties.COMMIT_NUM_RETRIES] = "0"


class Composed(Transaction):
    """A transaction that composes its metadata once for what is staged.

    pyiceberg does so each time that it looks at a part of it, some fifteen times a commit, and
    copies what is known of all snapshots.
    """

    _known: tuple[TableMetadata, object, TableMetadata] | None = None

    @property
    def table_metadata(self) -> TableMetadata:
        """The table's metadata with what is staged; it is looked at and never changed."""
        base, staged = self._table.metadata, self._updates
        if not staged:
            return base
        if self._known is None or self._known[0] is not base or self._known[1] is not staged:
            self._known = base, staged, super().table_metadata
        return self._known[2]


class KeepsManifests:
    """A mixin for pyiceberg's updates: a failed commit keeps its manifests.

    pyiceberg would delete them. But a commit whose answer was lost looks failed too, and needs
    them. Glue's optimizer removes unused ones as orphans; producers have no right to delete.

    Attributes:
        kept: the manifests, and lists of them, of a commit that failed.
    """

    _uncommitted_manifests: list[str]
    _written_manifests: list[str]
    _written_manifest_lists: list[str]
    kept: tuple[str, ...] = ()

    def _clean_all_uncommitted(self) -> None:
        self.kept = (
            *self._uncommitted_manifests,
            *self._written_manifests,
            *self._written_manifest_lists,
        )


class _Append(KeepsManifests, _MergeAppendFiles):
    pass
