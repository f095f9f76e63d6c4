"""The features of a fraud model: is this transfer its owner's, or a thief's?

Importing this module defines; it does nothing else. `skewless plan definitions.py` shows what
publishing it would change, and `skewless apply definitions.py` publishes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless import (
    Entity,
    Every,
    FeatureService,
    FeatureView,
    OnDemandView,
    Source,
    agg,
    bucketize,
    col,
    haversine,
    on_demand_view,
    request,
    request_time,
)
from skewless.types import Bool, Float64, Int64, String, Timestamp

if TYPE_CHECKING:
    from skewless.definitions.expression import Expr

NIGHT_ENDS = 6
BANDS = [10.0, 50.0, 200.0, 1000.0]

# Entities: what features describe, and the keys that a caller sends to get them.

user = Entity("user", keys={"user_id": String})
device = Entity("device", keys={"device_id": String})

# Sources: events, when they happened, and how long after that they were known.

movements = Source(
    "movements",
    schema={
        "movement_id": String,
        "user_id": String,
        "direction": String,
        "counterparty": String,
        "device_id": String,
        "amount": Float64,
        "category": String,
        "declined": Bool,
    },
    event_time="moved_at",
    event_id="movement_id",
    delay="1s",
    description="Both sides of each transfer: out of one account, and into another",
    owner="payments",
)

profiles = Source(
    "profiles",
    schema={
        "user_id": String,
        "opened_at": Timestamp,
        "country": String,
        "home_lat": Float64,
        "home_lon": Float64,
    },
    event_time="known_since",
    description="Where a user lives, and since when the account is open",
    owner="accounts",
)

market = Source(
    "market",
    schema={"eur_usd": Float64},
    event_time="quoted_at",
    delay="30m",
    description="The exchange rate, quoted at midnight",
    owner="treasury",
)

SENT = col("direction") == "out"
PAID = SENT & ~col("declined")
RECEIVED = col("direction") == "in"

# Views: features of one entity from one source, each view as fresh as it needs to be.

spending = FeatureView(
    "spending",
    entity=user,
    source=movements,
    refresh="stream",  # a thief is done within two hours
    where=SENT,
    features={
        "spent_1h": agg.sum("amount", window="1h", default=0.0),
        "spent_1d": agg.sum("amount", window="1d", default=0.0),
        "spent_7d": agg.sum("amount", window="7d", default=0.0),
        "spent_week_before": agg.sum("amount", window="7d", offset="7d", default=0.0),
        "transfers_1h": agg.count(window="1h"),
        "transfers_1d": agg.count(window="1d"),
        "transfers_30d": agg.count(window="30d"),
        "since_last": agg.seconds_since_last(window="30d"),
        "gap_30d": agg.mean_gap(window="30d"),
        "declined_share_7d": agg.share("declined", window="7d"),
        "declined_1d": agg.any("declined", window="1d"),
    },
    description="How much, and how often, a user has been sending",
    owner="payments",
)

amounts = FeatureView(
    "amounts",
    entity=user,
    source=movements,
    refresh="stream",
    where=PAID,
    features={
        "amount_mean_30d": agg.mean("amount", window="30d"),
        "amount_std_30d": agg.stddev_samp("amount", window="30d"),
        "amount_median_30d": agg.median("amount", window="30d"),
        "amount_p95_30d": agg.percentile("amount", 0.95, window="30d"),
        "amount_max_30d": agg.max("amount", window="30d"),
        "amount_recently": agg.decayed_mean("amount", half_life="3d", window="30d"),
        "amount_bands_30d": agg.histogram("amount", BANDS, window="30d"),
        "amounts_last": agg.last_n("amount", 5, window="30d"),
        "amounts_top": agg.top_n("amount", 3, window="30d"),
    },
    description="Which amounts are usual for a user",
    owner="payments",
)

habits = FeatureView(
    "habits",
    entity=user,
    source=movements,
    refresh="stream",
    where=SENT,
    features={
        "counterparties_30d": agg.count_distinct("counterparty", window="30d"),
        "devices_30d": agg.count_distinct("device_id", window="30d"),
        "counterparties_last": agg.last_distinct_n("counterparty", 20, window="30d"),
        "devices_last": agg.last_distinct_n("device_id", 3, window="30d"),
        "categories_30d": agg.value_counts("category", window="30d", limit=20),
        "category_usual": agg.mode("category", window="30d", limit=20),
        "spent_by_category_30d": agg.sum("amount", window="30d", by="category", limit=20),
    },
    description="Whom a user pays, for what, and from which device",
    owner="payments",
)

income = FeatureView(
    "income",
    entity=user,
    source=movements,
    refresh="stream",
    where=RECEIVED,
    features={
        "received_1d": agg.sum("amount", window="1d", default=0.0),
        "received_7d": agg.sum("amount", window="7d", default=0.0),
        "incoming_1h": agg.count(window="1h"),
        "senders_7d": agg.count_distinct("counterparty", window="7d"),
        "incoming_mean_7d": agg.mean("amount", window="7d"),
        "since_first_income": agg.seconds_since_first(),
    },
    description="How much a user has been getting, and from how many",
    owner="payments",
)

device_use = FeatureView(
    "device_use",
    entity=device,
    source=movements,
    refresh="stream",
    where=SENT,
    features={
        "device_users_30d": agg.count_distinct("user_id", window="30d"),
        "device_transfers_1h": agg.count(window="1h"),
        "device_declined_share_7d": agg.share("declined", window="7d"),
        "device_known_for": agg.seconds_since_first(),
    },
    description="How a device has been used, by whomever",
    owner="security",
)

profile = FeatureView(
    "profile",
    entity=user,
    source=profiles,
    refresh=Every("1d", delay="1h"),
    features=["opened_at", "country", "home_lat", "home_lon"],
    description="Who a user is, by the latest registration",
    owner="accounts",
)

# Of no entity: one value for everybody.

everybody = FeatureView(
    "everybody",
    entity=None,
    source=movements,
    refresh="stream",
    where=SENT,
    features={
        "all_transfers_1h": agg.count(window="1h"),
        "all_declined_share_1h": agg.share("declined", window="1h"),
        "all_mean_1d": agg.mean("amount", window="1d"),
    },
    description="How the whole market is doing",
    owner="payments",
)

rates = FeatureView(
    "rates",
    entity=None,
    source=market,
    refresh=Every("1d", delay="1h"),
    features=["eur_usd"],
    description="The exchange rate",
    owner="treasury",
)

VIEWS = (spending, amounts, habits, income, device_use, profile, everybody, rates)

# Roles: one view of users describes both sides of a transfer.

SENDER = {"user_id": "sender_id"}
RECEIVER = {"user_id": "receiver_id"}
sender_spending = spending.with_join_key_map(SENDER)
sender_amounts = amounts.with_join_key_map(SENDER)
sender_habits = habits.with_join_key_map(SENDER)
sender_profile = profile.with_name("sender_profile").with_join_key_map(SENDER)
receiver_income = income.with_join_key_map(RECEIVER)
receiver_profile = profile.with_name("receiver_profile").with_join_key_map(RECEIVER)

# On-demand: from features and from what the caller sends, at the moment of asking.


def beside_usual(mean: Expr) -> dict[str, Expr]:
    """Return what an amount is beside a mean: as a multiple, and in standard deviations."""
    amount = request("amount")
    return {
        "amount_to_mean": amount / mean,
        "amount_z": (amount - mean) / sender_amounts["amount_std_30d"],
    }


transfer = OnDemandView(
    "transfer",
    request={
        "amount": Float64,
        "lat": Float64,
        "lon": Float64,
    },
    features={
        **beside_usual(sender_amounts["amount_mean_30d"]),
        "amount_to_recent": request("amount") / sender_amounts["amount_recently"],
        "amount_over_p95": request("amount") > sender_amounts["amount_p95_30d"],
        "amount_band": bucketize(request("amount"), BANDS),
        "spending_trend": sender_spending["spent_7d"] / sender_spending["spent_week_before"],
        "km_from_home": haversine(
            sender_profile["home_lat"], sender_profile["home_lon"], request("lat"), request("lon")
        ),
        "hour": request_time().dt.hour(),
        "is_night": request_time().dt.hour() < NIGHT_ENDS,
        "weekday": request_time().dt.weekday(),
        "account_days": (request_time() - sender_profile["opened_at"]) / 86_400,
        "receiver_days": (request_time() - receiver_profile["opened_at"]) / 86_400,
        "is_abroad": sender_profile["country"] != receiver_profile["country"],
        "dollars": request("amount") * rates["eur_usd"],
    },
    description="This transfer beside what is usual for its sender",
    owner="payments",
)

# What an expression would say at length is a Python function of plain values. It runs row by row,
# in training as in serving.


@on_demand_view(
    request={
        "receiver_id": String,
        "device_id": String,
        "category": String,
        "amount": Float64,
    },
    inputs=[
        sender_habits["counterparties_last"],
        sender_habits["devices_last"],
        sender_habits["categories_30d"],
        sender_amounts["amounts_last"],
    ],
    features={
        "receiver_is_new": Bool,
        "device_is_new": Bool,
        "category_share": Float64,
        "amount_rank": Int64,
    },
    description="This transfer beside what its sender is used to",
    owner="payments",
)
def familiar(  # noqa: PLR0913, PLR0917 - an argument for each input
    counterparties_last: list[str],
    devices_last: list[str],
    categories_30d: dict[str, int] | None,
    amounts_last: list[float],
    receiver_id: str,
    device_id: str,
    category: str,
    amount: float,
) -> dict[str, bool | float | None]:
    """Compare with the last receivers, devices and amounts, and with the categories of 30 days."""
    counts = categories_30d or {}
    total = sum(counts.values())
    return {
        "receiver_is_new": receiver_id not in counterparties_last,
        "device_is_new": device_id not in devices_last,
        "category_share": counts.get(category, 0) / total if total else None,
        "amount_rank": sum(1 for last in amounts_last if last > amount),
    }


# The service: the features of one model, in order, under the name that its code asks for.

fraud_model = FeatureService(
    "fraud_model",
    features=[
        sender_spending,
        sender_amounts,
        sender_habits,
        sender_profile,
        receiver_income,
        receiver_profile["country"],
        device_use,
        everybody,
        rates,
        transfer,
        familiar,
    ],
    description="Is this transfer fraud?",
    owner="payments",
)
