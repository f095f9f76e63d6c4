"""A small store of everything that operations may get wrong: both kinds of view, and neighbours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from skewless import Entity, Every, FeatureView, Source, agg
from skewless.definitions.version import Version
from skewless.types import Float64, Int64, String

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
NEXT_MIDNIGHT = datetime(2024, 3, 6, tzinfo=UTC)
DELAY = timedelta(hours=1)
# Found nowhere by chance, and as long as what Iceberg keeps of a text.
ERASED = "key-4242-4242-to-be-forgotten"
KEYS = ("a", "b", ERASED)
SHOPS = ("book", "shoe")

k = Entity("k", keys={"k": String})
s = Entity("s", keys={"s": String})
# `n` is another power of two in each row: a sum says which rows it is of.
source = Source("ev", schema={"k": String, "s": String, "n": Int64, "x": Float64}, event_time="at")
WHICH = agg.sum("n", window="30d")
live = FeatureView(
    "live",
    entity=k,
    source=source,
    refresh="stream",
    features={
        "which": WHICH,
        "mean": agg.mean("x", window="7d"),
        "last": agg.last("n", window="7d"),
    },
)
daily = FeatureView(
    "daily",
    entity=k,
    source=source,
    refresh=Every("1d", delay="1h"),
    features={"which": WHICH, "largest": agg.max("x", window="7d")},
)
shops = FeatureView(
    "shops",
    entity=s,
    source=source,
    refresh="stream",
    features={"which": WHICH, "last_k": agg.last("k", window="30d")},
)
PUBLISHED = (live, daily, shops)
# Published by operations.
fresh = FeatureView(
    "fresh",
    entity=k,
    source=source,
    refresh="stream",
    features={"which": WHICH, "rows": agg.count(window="30d")},
)
lately = FeatureView(
    "lately",
    entity=s,
    source=source,
    refresh="stream",
    features={"which": WHICH, "last_k": agg.last("k", window="7d")},
)
daily_2 = FeatureView(
    "daily",
    version=2,
    entity=k,
    source=source,
    refresh=Every("1d", delay="1h"),
    features={"which": WHICH, "rows": agg.count(window="30d")},
)
# Tried by operations: one is promoted, and the other leaves nothing.
tried = FeatureView(
    "tried",
    entity=k,
    source=source,
    refresh=Every("1d", delay="1h"),
    features={"which": WHICH, "least": agg.min("n", window="7d")},
)
passing = FeatureView(
    "passing",
    entity=s,
    source=source,
    refresh=Every("1d", delay="1h"),
    features={"which": WHICH, "last_k": agg.last("k", window="7d")},
)
# What is added to two of the views: as users write them, and the parts that come of it.
MORE_ROWS = {"rows": agg.count(window="30d"), "most": agg.max("n", window="30d")}
live_more = live.with_features({**live.aggregations, **MORE_ROWS}, Version(1, 1))
daily_more = daily.with_features({**daily.aggregations, **MORE_ROWS}, Version(1, 1))
ADDED = (live_more.only(MORE_ROWS), daily_more.only(MORE_ROWS))
VIEWS = (*PUBLISHED, fresh, lately, daily_2, tried, *ADDED)
