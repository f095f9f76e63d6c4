"""Glue as the catalog of the logs: a commit writes metadata, and deletes none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.table import Table

if TYPE_CHECKING:
    from pyiceberg.io import FileIO
    from pyiceberg.table import CommitTableResponse
    from pyiceberg.table.metadata import TableMetadata
    from pyiceberg.table.update import TableRequirement, TableUpdate


class LogCatalog(GlueCatalog):
    """Reads a table's metadata once, and leaves the metadata of older versions in place.

    Glue says at each load which file holds the current metadata. No such file is ever written
    again, so the one that was read or written last is remembered: each commit looks twice.

    Producers may not delete, so a deletion would be refused after each commit, with a warning. If
    warnings are errors, a successful commit would look failed and be repeated. Glue's deletion of
    orphans removes files that a table no longer names: see `optimizers`.
    """

    @staticmethod
    def _delete_old_metadata(io: FileIO, base: TableMetadata, metadata: TableMetadata) -> None:
        """Do nothing, also for tables of older releases, whose properties ask for it."""

    _last: Table | None = None

    def commit_table(
        self,
        table: Table,
        requirements: tuple[TableRequirement, ...],
        updates: tuple[TableUpdate, ...],
    ) -> CommitTableResponse:
        """Commit, and remember the metadata that was written."""
        done = super().commit_table(table, requirements, updates)
        self._last = Table(table.name(), done.metadata, done.metadata_location, table.io, self)
        return done

    def _convert_glue_to_iceberg(self, glue_table: Any) -> Table:
        last = self._last
        name = glue_table.get("DatabaseName"), glue_table.get("Name")
        address = glue_table.get("Parameters", {}).get("metadata_location")
        if last is None or (last.name(), last.metadata_location) != (name, address):
            self._last = last = super()._convert_glue_to_iceberg(glue_table)
        # Callers change the properties: see `commit_once`.
        properties = dict(last.metadata.properties)
        metadata = last.metadata.model_copy(update={"properties": properties})
        return Table(last.name(), metadata, last.metadata_location, last.io, self)
