"""An Iceberg append that fails if another commit came first, so that claims can be checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.table import TableProperties
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update.snapshot import _MergeAppendFiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table


def append_exclusively(table: Table, files: Sequence[DataFile], summary: dict[str, str]) -> None:
    """Commit files on top of the state that was loaded, or not at all.

    Args:
        table: as it was loaded, and looked at.
        files: written already.
        summary: what the snapshot says of itself.

    Raises:
        CommitFailedException: another commit came first, or the answer to this one was lost: load
            the table again and look for the summary.
    """
    commit_once(table)
    with (
        table.transaction() as transaction,
        _Append(Operation.APPEND, transaction, table.io, snapshot_properties=summary) as update,
    ):
        for file in files:
            update.append_data_file(file)


def commit_once(table: Table) -> None:
    """Let a commit to the table, as it was loaded, succeed at once or not at all.

    pyiceberg would try again by itself, past what the caller looked at. In memory only: other
    writers of the table, such as Glue's compaction, keep their ways.
    """
    table.metadata.properties[TableProperties.COMMIT_NUM_RETRIES] = "0"


class KeepsManifests:
    """Mixed into an update of pyiceberg's: a failed commit leaves its manifests where they are.

    pyiceberg deletes them. But a commit whose answer was lost looks as if another had come first,
    and it needs them. What is left over Glue's optimizer removes, as orphans; producers have no
    right to delete.

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
