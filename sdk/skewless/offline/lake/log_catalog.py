"""Glue as the catalog of the logs: a commit writes metadata, and deletes none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.catalog.glue import GlueCatalog

if TYPE_CHECKING:
    from pyiceberg.io import FileIO
    from pyiceberg.table.metadata import TableMetadata


class LogCatalog(GlueCatalog):
    """Leaves the metadata of older versions in place.

    Producers may not delete, so a deletion would be refused after each commit, with a warning. If
    warnings are errors, a successful commit would look failed and be repeated. Glue's deletion of
    orphans removes files that a table no longer names: see `optimizers`.
    """

    @staticmethod
    def _delete_old_metadata(io: FileIO, base: TableMetadata, metadata: TableMetadata) -> None:
        """Do nothing, also for tables of older releases, whose properties ask for it."""
