"""DynamoDB's tables of other accounts: an ARN names one, and a bare name the caller's own.

Stock moto looks for an ARN among the caller's tables alone.
"""

from __future__ import annotations

import functools
from typing import Any

from moto.dynamodb.exceptions import ResourceNotFoundException
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

_TABLE = "table/"


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    backend: Any = DynamoDBBackend
    stock = backend.get_table

    def get_table(self: Any, table_name: str) -> Any:
        named = split(table_name)
        if named is None:
            return stock(self, table_name)
        account, region, name = named
        # A call reaches the region that it is sent to, and no other.
        table = backend_of(account, region).tables.get(name) if region == self.region_name else None
        if table is None:
            raise ResourceNotFoundException
        return table

    backend.get_table = get_table


def split(table: str) -> tuple[str, str, str] | None:
    """Return account, region and name of a table, or of an index of it; None for a bare name."""
    if not table.startswith("arn:"):
        return None
    _, _, _, region, account, resource = table.split(":", 5)
    return account, region, resource.removeprefix(_TABLE).partition("/")[0]


def backend_of(account: str, region: str) -> Any:
    """Return moto's DynamoDB of an account and region."""
    return dynamodb_backends[account][region]
