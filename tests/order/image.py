"""All that a store keeps, remembered, and put back: a run begins where the one before began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skewless import FeatureStore

_INPUT = ("Name", "TableType", "Parameters", "StorageDescriptor", "PartitionKeys", "Description")


@dataclass(frozen=True, slots=True)
class Image:
    """What a store kept at one moment.

    Attributes:
        objects: by key, tag and content.
        items: by table and key.
        tables: Glue's, by name.
    """

    objects: dict[str, tuple[str, bytes]]
    items: dict[str, dict[tuple[str, str], dict[str, Any]]]
    tables: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, store: FeatureStore) -> Image:
        """Remember a store."""
        s3, bucket = store.aws.client("s3"), store.resources.bucket
        objects = {
            key: (tag, s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            for key, tag in tags_of(store).items()
        }
        names = (store.resources.online_table, store.resources.registry_table)
        return cls(objects, {name: items_of(store, name) for name in names}, tables_of(store))

    def restore(self, store: FeatureStore) -> None:
        """Make a store what it was."""
        self._restore_objects(store)
        for name in self.items:
            self._restore_items(store, name)
        self._restore_tables(store)

    def _restore_objects(self, store: FeatureStore) -> None:
        s3, bucket = store.aws.client("s3"), store.resources.bucket
        there = tags_of(store)
        for key in there.keys() - self.objects.keys():
            s3.delete_object(Bucket=bucket, Key=key)
        for key, (tag, content) in self.objects.items():
            if there.get(key) != tag:
                s3.put_object(Bucket=bucket, Key=key, Body=content)

    def _restore_items(self, store: FeatureStore, name: str) -> None:
        dynamodb, there = store.aws.client("dynamodb"), items_of(store, name)
        for pk, sk in there.keys() - self.items[name].keys():
            dynamodb.delete_item(TableName=name, Key={"pk": {"S": pk}, "sk": {"S": sk}})
        for key, item in self.items[name].items():
            if there.get(key) != item:
                dynamodb.put_item(TableName=name, Item=item)

    def _restore_tables(self, store: FeatureStore) -> None:
        glue, database = store.aws.client("glue"), store.resources.database
        there = tables_of(store)
        for name in there.keys() - self.tables.keys():
            glue.delete_table(DatabaseName=database, Name=name)
        for name, table in self.tables.items():
            if there[name]["Parameters"] != table["Parameters"]:
                wanted = {key: table[key] for key in _INPUT if key in table}
                glue.update_table(DatabaseName=database, TableInput=wanted)


def tags_of(store: FeatureStore) -> dict[str, str]:
    """Return the tags of all objects, by key."""
    pages = store.aws.client("s3").get_paginator("list_objects_v2")
    return {
        found["Key"]: found["ETag"]
        for page in pages.paginate(Bucket=store.resources.bucket)
        for found in page.get("Contents", ())
    }


def items_of(store: FeatureStore, name: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return all items of a table, by their keys."""
    pages = store.aws.client("dynamodb").get_paginator("scan")
    return {
        (item["pk"]["S"], item["sk"]["S"]): item
        for page in pages.paginate(TableName=name, ConsistentRead=True)
        for item in page["Items"]
    }


def tables_of(store: FeatureStore) -> dict[str, dict[str, Any]]:
    """Return Glue's tables, by name."""
    pages = store.aws.client("glue").get_paginator("get_tables")
    found = pages.paginate(DatabaseName=store.resources.database)
    return {table["Name"]: table for page in found for table in page["TableList"]}
