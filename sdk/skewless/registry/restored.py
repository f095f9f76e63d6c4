"""Restored: a registry's items written back into its table, which must not hold anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import PublishError, StoreError
from skewless.registry.apply_log import PARTITION as LOG
from skewless.registry.registry_table import MAX_WRITES, chunked
from skewless.registry.stored_item import PARTITION

if TYPE_CHECKING:
    from skewless.aws import Aws
    from skewless.registry.snapshot import Items

# Of producers and trials, which may be there before anything is published.
_BESIDE = ("commits#", "rewrites#", "dev")
_MAX_BYTES = 3_000_000


def restore(aws: Aws, table: str, items: Items) -> int:
    """Write items into a table that is empty, or that an interrupted restore began to fill.

    Definitions come first, each after those that it refers to; the log comes last.

    Returns:
        How many items were written.

    Raises:
        PublishError: the table holds something else.
        StoreError: AWS refused.
    """
    client = aws.client("dynamodb")
    try:
        pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        there = {_key(item): item for page in pages for item in page["Items"]}
        wanted = {_key(item): item for item in items}
        for key, item in sorted(there.items()):  # the first is named, and a scan has no order
            if not key[0].startswith(_BESIDE) and _plain(wanted.get(key, {})) != _plain(item):
                raise PublishError(
                    f"nothing was restored: the registry table {table!r} is not empty, it holds "
                    f"{' '.join(key)}, which the snapshot does not have so. A snapshot is for an "
                    "empty table; to add what is published elsewhere, import an export"
                )
        lacking = sorted((item for item in items if _key(item) not in there), key=_order)
        for chunk in chunked(lacking, MAX_WRITES, _MAX_BYTES, lambda item: len(str(item))):
            client.transact_write_items(TransactItems=[_write(table, item) for item in chunk])
    except client.exceptions.TransactionCanceledException as error:
        raise PublishError(
            f"the registry table {table!r} was written by somebody else meanwhile ({error}): look "
            "at it, then import the snapshot again"
        ) from error
    except (ClientError, BotoCoreError) as error:
        raise StoreError(f"the registry table {table!r} was not restored: {error}") from error
    return len(lacking)


def _write(table: str, item: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in sorted(item) if name not in ("pk", "sk")]
    sets = ", ".join(f"#{index} = :{index}" for index in range(len(names)))
    write: dict[str, Any] = {
        "TableName": table,
        "Key": {name: item[name] for name in ("pk", "sk")},
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    if names:
        write |= {
            "UpdateExpression": f"SET {sets}",
            "ExpressionAttributeNames": {f"#{index}": name for index, name in enumerate(names)},
            "ExpressionAttributeValues": {
                f":{index}": item[name] for index, name in enumerate(names)
            },
        }
    return {"Update": write}


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    """Return the item with its sets in order, since DynamoDB has none."""
    return {
        name: sorted(content) if kind in ("SS", "NS") else {kind: content}
        for name, value in item.items()
        for kind, content in value.items()
    }


def _order(item: dict[str, Any]) -> tuple[bool, bool, int, str]:
    partition, place = _key(item)
    order = int(item["o"]["N"]) if "o" in item else 0
    return partition == LOG, partition != PARTITION, order, place
