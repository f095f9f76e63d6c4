"""The services that Athena itself uses: S3 and Glue of the same local AWS, and Iceberg on them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from pyiceberg.catalog.glue import GlueCatalog

from skewless.local.athena.failure import QueryFailedError
from skewless.local.session import CREDENTIALS, LocalSession

if TYPE_CHECKING:
    from collections.abc import Mapping


class Aws:
    """S3, Glue and the Iceberg catalog of one region."""

    def __init__(self, endpoint: str, region: str) -> None:
        session = LocalSession(endpoint, region)
        self.s3 = session.client("s3")
        self.glue = session.client("glue")
        self.s3_properties: Mapping[str, str] = {
            "s3.endpoint": endpoint,
            "s3.access-key-id": CREDENTIALS["aws_access_key_id"],
            "s3.secret-access-key": CREDENTIALS["aws_secret_access_key"],
            "s3.region": region,
        }

    @functools.cached_property
    def iceberg(self) -> GlueCatalog:
        """The Iceberg tables of the Glue catalog, through this session's client only."""
        return GlueCatalog("local", client=self.glue, **self.s3_properties)

    def table(self, database: str, name: str) -> dict[str, Any]:
        """A Glue table's description.

        Raises:
            QueryFailedError: TABLE_NOT_FOUND.
        """
        try:
            answer = self.glue.get_table(DatabaseName=database.lower(), Name=name.lower())
        except self.glue.exceptions.EntityNotFoundException as error:
            raise QueryFailedError.table_not_found(database, name) from error
        table: dict[str, Any] = answer["Table"]
        return table

    def partitions(self, database: str, name: str) -> list[dict[str, Any]]:
        """A Glue table's partitions."""
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=database.lower(), TableName=name.lower()
        )
        return [partition for page in pages for partition in page["Partitions"]]


def is_iceberg(table: Mapping[str, Any]) -> bool:
    """Whether a Glue table is an Iceberg table."""
    kind: str = table.get("Parameters", {}).get("table_type", "")
    return kind.upper() == "ICEBERG"


@functools.cache
def aws_of(endpoint: str, region: str) -> Aws:
    """The one `Aws` of an endpoint and region: its clients are slow to make and safe to share."""
    return Aws(endpoint, region)
