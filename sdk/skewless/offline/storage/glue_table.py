"""A table as Glue describes it, and the Iceberg metadata that Glue points to.

Boto3's half of reading tables: no Arrow, no pyiceberg. It reads metadata, never rows.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import InputError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.aws import Aws

_COMPRESSED = ".gz.metadata.json"


def describe_table(name: str, aws: Aws) -> Mapping[str, Any]:
    """Return a table, `"database.table"`, as Glue describes it.

    Raises:
        InputError: there is no such table.
        StoreError: AWS refused.
    """
    database, _, table = name.partition(".")
    glue = aws.client("glue")
    place = {"DatabaseName": database.lower(), "Name": table.lower()}
    try:
        described: Mapping[str, Any] = glue.get_table(**place)["Table"]
        if (linked := described.get("TargetTable")) is not None:  # a resource link
            place = {key: linked[key] for key in ("CatalogId", "DatabaseName", "Name")}
            described = glue.get_table(**place)["Table"]
    except glue.exceptions.EntityNotFoundException as error:
        raise InputError(f"there is no Glue table {name!r}") from error
    except (ClientError, BotoCoreError) as error:
        raise StoreError(f"the Glue table {name!r} could not be read: {error}") from error
    return described


def list_partitions(described: Mapping[str, Any], aws: Aws) -> list[Mapping[str, Any]]:
    """Return the partitions that Glue has of a table.

    Raises:
        StoreError: AWS refused.
    """
    place = {"DatabaseName": described["DatabaseName"], "TableName": described["Name"]}
    if "CatalogId" in described:  # a resource link may lead to another account
        place["CatalogId"] = described["CatalogId"]
    try:
        pages = aws.client("glue").get_paginator("get_partitions").paginate(**place)
        return [partition for page in pages for partition in page["Partitions"]]
    except (ClientError, BotoCoreError) as error:
        raise StoreError(
            f"the partitions of the Glue table {described['Name']!r} could not be read: {error}"
        ) from error


def is_iceberg(described: Mapping[str, Any]) -> bool:
    """Say whether a Glue table is an Iceberg table."""
    kind: str = described.get("Parameters", {}).get("table_type", "")
    return kind.upper() == "ICEBERG"


def iceberg_metadata(described: Mapping[str, Any], aws: Aws) -> Mapping[str, Any]:
    """Return the current metadata of an Iceberg table, as Iceberg's specification has it.

    Raises:
        StoreError: AWS refused.
    """
    location = described["Parameters"]["metadata_location"]
    place = urlparse(location)
    try:
        answer = aws.client("s3").get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
        body = answer["Body"].read()
    except (ClientError, BotoCoreError) as error:
        raise StoreError(f"the metadata {location} could not be read: {error}") from error
    text = gzip.decompress(body) if location.endswith(_COMPRESSED) else body
    metadata: Mapping[str, Any] = json.loads(text)
    return metadata
