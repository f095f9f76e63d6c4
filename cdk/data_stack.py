"""The stack of resources that must survive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_kms as kms

from cdk.feature_store import stack_tags, tag
from cdk.names import names_of
from cdk.store_data import StoreData
from skewless.store_names import data_stack

if TYPE_CHECKING:
    from constructs import Construct

    from cdk.settings import StoreSettings


class DataStack(cdk.Stack):
    """`skewless-<store>-data`.

    Attributes:
        data: all that it holds.
    """

    def __init__(self, scope: Construct, settings: StoreSettings) -> None:
        super().__init__(
            scope,
            data_stack(settings.store),
            description=f"Data of the skewless feature store {settings.store}",
            env=cdk.Environment(account=settings.account, region=settings.region),
            tags=stack_tags(settings.store, settings.environment),
        )
        key = settings.encryption_key
        self.data = StoreData(
            self,
            "Data",
            names=names_of(self, settings.store),
            encryption_key=None if key is None else kms.Key.from_key_arn(self, "Key", key),
            reader_accounts=settings.reader_accounts,
            scan_limit_gb=settings.scan_limit_gb,
            is_disposable=settings.is_disposable,
        )
        self.termination_protection = not self.data.may_be_destroyed
        tag(self, settings.store, settings.environment)
