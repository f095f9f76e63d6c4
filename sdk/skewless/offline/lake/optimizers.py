"""Glue's optimizers of the log's tables: compaction, and deletion of files that nothing names.

Retention of snapshots is not used: a training set's manifest names its snapshots, which must stay
as long as the set is useful. An erasure expires those that it must.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import StoreError

if TYPE_CHECKING:
    from skewless.aws import Aws, Resources

OPTIMIZERS = ("compaction", "orphan_file_deletion")
# Files of a day that are merged; Glue's own least is 100. A log that is ingested every hour is
# compacted once, when its day is complete. Snapshots keep what was merged, so fewer files, and
# thus more runs, would store each row more often.
LEAST_FILES = 24
_LEAST_OF_GLUE = 100  # what compaction has where nobody chose, as in stores of earlier releases
_COMPACTION = {"icebergConfiguration": {"strategy": "binpack", "minInputFiles": LEAST_FILES}}


class TableOptimizers:
    """The optimizers of a store's logs, by the names of their tables."""

    def __init__(self, aws: Aws, resources: Resources) -> None:
        self._aws = aws
        self._resources = resources

    def ensure(self, table: str) -> None:
        """Give a table the optimizers that it lacks, if the store has a role for them.

        Compaction that still has Glue's own settings gets the store's. Others stay: somebody chose
        them.

        Raises:
            StoreError: AWS refused.
        """
        role = self._resources.optimizer_role
        if not role:
            return
        try:
            wanting = {*self.missing(table)}
            if self.compacts_late(table):
                wanting.add("compaction")
            for kind in sorted(wanting):
                self._create(table, kind, role)
        except (ClientError, BotoCoreError) as error:
            raise StoreError(
                f"the table {self._resources.database}.{table} could not be given Glue's "
                f"optimizers: {error}"
            ) from error

    def missing(self, table: str) -> tuple[str, ...]:
        """Return the optimizers that a table lacks, or that were switched off.

        Raises:
            ClientError: AWS refused; there may be no such table.
        """
        address = self._address(table)
        return tuple(kind for kind in OPTIMIZERS if self._configuration(address, kind) is None)

    def compacts_late(self, table: str) -> bool:
        """Say whether a table's compaction waits for as many files as Glue chooses by itself.

        Raises:
            ClientError: AWS refused; there may be no such table.
        """
        found = self._configuration(self._address(table), "compaction")
        if found is None:
            return False
        chosen = found.get("compactionConfiguration", {}).get("icebergConfiguration", {})
        return bool(chosen.get("minInputFiles", _LEAST_OF_GLUE) >= _LEAST_OF_GLUE)

    def _configuration(self, address: dict[str, str], kind: str) -> dict[str, Any] | None:
        """Return an optimizer's settings; None if there is none, or it is switched off."""
        glue = self._glue
        try:
            found = glue.get_table_optimizer(**address, Type=kind)["TableOptimizer"]
        except glue.exceptions.EntityNotFoundException:
            return None
        configuration: dict[str, Any] = found["configuration"]
        return configuration if configuration.get("enabled") else None

    def _create(self, table: str, kind: str, role: str) -> None:
        glue = self._glue
        configuration: dict[str, Any] = {"roleArn": role, "enabled": True}
        if kind == "compaction":
            configuration["compactionConfiguration"] = _COMPACTION
        request = {
            **self._address(table),
            "Type": kind,
            "TableOptimizerConfiguration": configuration,
        }
        try:
            glue.create_table_optimizer(**request)
        except glue.exceptions.AlreadyExistsException:
            # It is switched off or of an earlier release, or another apply just made it.
            glue.update_table_optimizer(**request)

    def _address(self, table: str) -> dict[str, str]:
        database = self._resources.database
        found = self._glue.get_table(DatabaseName=database, Name=table)["Table"]
        return {"CatalogId": found["CatalogId"], "DatabaseName": database, "TableName": table}

    @property
    def _glue(self) -> Any:
        return self._aws.client("glue")
