"""The services that Athena itself uses: S3 and Glue of the same local AWS, and Iceberg on them.

They are called with the credentials of the query's caller: Athena has no rights of its own.
"""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pyiceberg.catalog.glue import GlueCatalog

from localaws.core import own_key
from localaws.core.athena import files
from localaws.core.athena.failure import QueryFailedError
from localaws.core.caller import forwarded
from localaws.core.session import LocalSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyiceberg.io import FileIO

_SERVICE = "athena.amazonaws.com"


class _Catalog(GlueCatalog):
    """A catalog whose tables' files are objects of the local AWS, whatever their metadata says."""

    def _load_file_io(self, *_: object, **__: object) -> FileIO:
        return files.S3Files(self.properties)


class Aws:
    """S3, Glue and the Iceberg catalog of one region, for one caller.

    Attributes:
        is_restricted: whether the caller's rights are limited. Then S3 is asked for every object,
            also for one that was read before.
    """

    def __init__(self, endpoint: str, region: str, credentials: Mapping[str, str]) -> None:
        self.is_restricted = credentials != own_key.of(endpoint)
        credentials = forwarded(credentials, _SERVICE)
        session = LocalSession(endpoint, region, credentials)
        self.s3 = session.client("s3")
        self.glue = session.client("glue")

    @property
    def iceberg_properties(self) -> dict[str, Any]:
        """The properties by which pyiceberg uses this session's client, without a socket."""
        return files.properties_of(self.s3)

    @functools.cached_property
    def iceberg(self) -> GlueCatalog:
        """The Iceberg tables of the Glue catalog, through this session's client only."""
        return _Catalog("local", client=self.glue, **self.iceberg_properties)

    def look_up(self, database: str) -> None:
        """Read a database's description, as Athena does before a table's; it may not be there."""
        with suppress(self.glue.exceptions.EntityNotFoundException):
            self.glue.get_database(Name=database.lower())

    def table(self, database: str, name: str) -> dict[str, Any]:
        """A Glue table's description.

        Raises:
            QueryFailedError: TABLE_NOT_FOUND.
        """
        try:
            answer = self.glue.get_table(DatabaseName=database.lower(), Name=name.lower())
            table: dict[str, Any] = answer["Table"]
            if (linked := table.get("TargetTable")) is not None:  # a resource link
                answer = self.glue.get_table(
                    DatabaseName=linked["DatabaseName"], Name=linked["Name"]
                )
                table = answer["Table"]
        except self.glue.exceptions.EntityNotFoundException as error:
            raise QueryFailedError.table_not_found(database, name) from error
        return table

    def partitions(self, table: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A Glue table's partitions."""
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=table["DatabaseName"], TableName=table["Name"]
        )
        return [partition for page in pages for partition in page["Partitions"]]


def is_iceberg(table: Mapping[str, Any]) -> bool:
    """Whether a Glue table is an Iceberg table."""
    kind: str = table.get("Parameters", {}).get("table_type", "")
    return kind.upper() == "ICEBERG"


def aws_of(endpoint: str, region: str, credentials: Mapping[str, str]) -> Aws:
    """The one `Aws` of a caller in a region: its clients are slow to make and safe to share."""
    return _aws_of(endpoint, region, tuple(credentials.items()))


@functools.lru_cache(maxsize=64)
def _aws_of(endpoint: str, region: str, credentials: tuple[tuple[str, str], ...]) -> Aws:
    return Aws(endpoint, region, dict(credentials))
