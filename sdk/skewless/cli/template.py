"""The files that `skewless init` writes: a small example that works as it is."""

from __future__ import annotations

DEFINITIONS = '''\
"""Features of customers, computed from their orders. Change this file to your own.

Importing it defines; it does nothing else. `skewless plan definitions.py` shows what publishing
it would do, `skewless apply definitions.py` publishes it.
"""

from skewless import Entity, Every, FeatureService, FeatureView, OnDemandView, Source
from skewless import agg, col, request
from skewless.types import Bool, Float64, String

# An entity is what features describe. Its keys are what a caller sends to get them.
customer = Entity("customer", keys={"customer_id": String})

# A source is a stream of events. Backfilled events are assumed to arrive `delay` after they
# happened; new events are stamped when they come in.
orders = Source(
    "orders",
    schema={"order_id": String, "customer_id": String, "amount": Float64, "returned": Bool},
    event_time="ordered_at",  # timestamps have a time zone
    event_id="order_id",  # a repeated event counts once
    delay="5m",
)

# A view computes features of one entity from one source. refresh="stream": every event counts
# at once.
customer_orders = FeatureView(
    "customer_orders",
    entity=customer,
    source=orders,
    refresh="stream",
    where=~col("returned"),
    features={
        "orders_7d": agg.count(window="7d"),
        "amount_mean_30d": agg.mean("amount", window="30d"),
        "last_amount": agg.last("amount", window="30d"),
    },
)

# refresh=Every(...): values move once in a while, which is cheaper. `skewless materialize` runs
# the cut that is due.
customer_returns = FeatureView(
    "customer_returns",
    entity=customer,
    source=orders,
    refresh=Every("1d", delay="2h"),
    features={"returns_30d": agg.count(window="30d", where=col("returned"))},
)

# An on-demand view computes from features and from what the caller sends with the request.
basket = OnDemandView(
    "basket",
    request={"basket_amount": Float64},
    features={"basket_ratio": request("basket_amount") / customer_orders["amount_mean_30d"]},
)

# A service is what one model takes, in order, for training and for serving alike.
fraud_model = FeatureService("fraud_model", features=[customer_orders, customer_returns, basket])
'''

SETTINGS = """\
# Read by the command `skewless`, in this folder and those below it.
# --store and the variable SKEWLESS_STORE come before what stands here.
store = "{store}"
"""
