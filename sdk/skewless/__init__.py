"""skewless: a feature store for AWS in which training and serving get the same bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless import agg
from skewless.definitions.collection import Definitions
from skewless.definitions.duration import Duration
from skewless.definitions.entity import Entity
from skewless.definitions.expression import col, if_else, lit, request
from skewless.definitions.foreign import MODULE, no_attribute
from skewless.definitions.functions import (
    atan2,
    bucketize,
    coalesce,
    concat,
    greatest,
    haversine,
    least,
    nullif,
    request_time,
    when,
)
from skewless.definitions.on_demand import OnDemandView, on_demand_view
from skewless.definitions.refresh import Every
from skewless.definitions.service import FeatureService
from skewless.definitions.source import Source
from skewless.definitions.view import FeatureView
from skewless.errors import SkewlessError

if TYPE_CHECKING:
    from skewless.in_memory import compute
    from skewless.store import FeatureStore

__version__ = "0.1.0"
__all__ = [
    "Definitions",
    "Duration",
    "Entity",
    "Every",
    "FeatureService",
    "FeatureStore",
    "FeatureView",
    "OnDemandView",
    "SkewlessError",
    "Source",
    "agg",
    "atan2",
    "bucketize",
    "coalesce",
    "col",
    "compute",
    "concat",
    "greatest",
    "haversine",
    "if_else",
    "least",
    "lit",
    "nullif",
    "on_demand_view",
    "request",
    "request_time",
    "when",
]


def __getattr__(name: str) -> Any:
    # Definitions must import without boto3, which the store brings, and without DuckDB.
    if name == "FeatureStore":
        from skewless.store import FeatureStore  # noqa: PLC0415

        return FeatureStore
    if name == "compute":
        from skewless.in_memory import compute  # noqa: PLC0415

        return compute
    return no_attribute("module 'skewless'", name, MODULE, __all__)
