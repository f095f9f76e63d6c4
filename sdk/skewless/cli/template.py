"""The files that `skewless init` writes: a small example that works as it is."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

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

_CUSTOMERS = ("c1", "c2", "c3", "c4", "c5")
_ORDERS = 60
_HOURS_APART = 11  # so that the orders spread over four weeks, and each customer has some of each


def orders(now: datetime) -> bytes:
    """Return a Parquet file of the last four weeks' orders; the last one is some hours old."""
    import pyarrow as pa  # noqa: PLC0415 - only this command needs it
    import pyarrow.parquet as pq  # noqa: PLC0415 - same

    table = pa.Table.from_pylist([_order(number, now) for number in range(_ORDERS)])
    target = io.BytesIO()
    pq.write_table(table, target)
    return target.getvalue()


def labels(now: datetime) -> str:
    """Return a CSV file of a few baskets of the last days, and whether each was a fraud."""
    lines = ["customer_id,event_timestamp,basket_amount,is_fraud"]
    for number, customer in enumerate(_CUSTOMERS):
        at = now - timedelta(days=number + 1)
        lines.append(f"{customer},{at.isoformat()},{20 + 15 * number}.5,{number % 2}")
    return "\n".join(lines) + "\n"


def _order(number: int, now: datetime) -> dict[str, Any]:
    return {
        "order_id": f"o{number:03}",
        "customer_id": _CUSTOMERS[number * 7 % len(_CUSTOMERS)],
        "amount": 5 + number * 37 % 90 + 0.25,
        "returned": number % 6 == 0,
        "ordered_at": now - timedelta(hours=_HOURS_APART * (_ORDERS - number)),
    }
