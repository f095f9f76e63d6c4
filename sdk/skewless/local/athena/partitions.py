"""Which partitions a Hive table has, where they are and how they are stored: as Athena sees it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from skewless.errors import InputError
from skewless.local.athena.failure import QueryFailedError
from skewless.offline.tables.projection import injected_keys, is_projected, projected
from skewless.offline.tables.user_table import check_partition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skewless.local.athena.aws import Aws


def of_table(
    aws: Aws, table: Mapping[str, Any]
) -> Iterator[tuple[Sequence[str], Mapping[str, Any]]]:
    """The values of each partition, and its storage; of a table without keys there is one.

    Raises:
        QueryFailedError: A partition does not fit its table, or a projection is wrong.
    """
    stored = table["StorageDescriptor"]
    if not table.get("PartitionKeys"):
        yield (), stored
    elif is_projected(table):
        yield from _projected(table)
    else:
        for partition in aws.partitions(table):
            _check(table, partition)
            own = {key: value for key, value in partition["StorageDescriptor"].items() if value}
            yield partition["Values"], {**stored, **own}


def _projected(table: Mapping[str, Any]) -> Iterator[tuple[Sequence[str], Mapping[str, Any]]]:
    if keys := injected_keys(table):
        raise QueryFailedError(
            "CONSTRAINT_VIOLATION",
            f"For the injected projected partition column {keys[0]}, the WHERE clause must contain "
            "only static equality conditions, and at least one such condition must be present.",
        )
    try:
        found = projected(table, datetime.now(UTC))
    except InputError as error:
        raise QueryFailedError("INVALID_TABLE_PROPERTY", str(error)) from error
    for one in found:
        yield one.values, {**table["StorageDescriptor"], "Location": one.location}


def _check(table: Mapping[str, Any], partition: Mapping[str, Any]) -> None:
    name = f"{table['DatabaseName']}.{table['Name']}"
    try:
        check_partition(name, table, partition)
    except InputError as error:
        raise QueryFailedError("HIVE_PARTITION_SCHEMA_MISMATCH", str(error)) from error
