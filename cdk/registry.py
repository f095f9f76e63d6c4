"""The table of published definitions, and of rewrites that a cut has yet to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct

from cdk.online_store import store_table

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from skewless.store_names import StoreNames


class RegistryTable(Construct):
    """The registry; nothing in it expires.

    Attributes:
        table: the table.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        names: StoreNames,
        encryption_key: kms.IKey | None = None,
        may_be_destroyed: bool = False,
    ) -> None:
        super().__init__(scope, id)
        self.table = store_table(
            self,
            "Table",
            table_name=names.resources.registry_table,
            encryption_key=encryption_key,
            may_be_destroyed=may_be_destroyed,
        )
