"""The stack of a store's published catalog, for stores that have the setting `catalog`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from cdk.catalog_site import CatalogSite
from cdk.feature_store import stack_tags, tag
from cdk.names import names_of
from cdk.retention import may_destroy
from skewless.store_names import catalog_stack

if TYPE_CHECKING:
    from constructs import Construct

    from cdk.catalog_settings import CatalogSettings
    from cdk.settings import StoreSettings


class CatalogStack(cdk.Stack):
    """`skewless-<store>-catalog`.

    Attributes:
        site: all that it holds.
    """

    def __init__(self, scope: Construct, settings: StoreSettings, catalog: CatalogSettings) -> None:
        super().__init__(
            scope,
            catalog_stack(settings.store),
            description=f"Catalog of the skewless feature store {settings.store}",
            env=cdk.Environment(account=settings.account, region=settings.region),
            tags=stack_tags(settings.store, settings.environment),
        )
        self.site = CatalogSite(
            self,
            "Catalog",
            names=names_of(self, settings.store),
            settings=catalog,
            may_be_destroyed=may_destroy(self, is_disposable=settings.is_disposable),
        )
        tag(self, settings.store, settings.environment)
