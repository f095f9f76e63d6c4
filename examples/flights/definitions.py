"""The features of the arrival model: will a flight, if it flies, land more than 15 minutes late?

Importing this module defines; it does nothing else. `skewless plan definitions.py` shows what
publishing it would change, and `skewless apply definitions.py` publishes it.
"""

from __future__ import annotations

from skewless import (
    Entity,
    Every,
    FeatureService,
    FeatureView,
    OnDemandView,
    Source,
    agg,
    col,
    request,
)
from skewless.types import Bool, Float64, Int64, String

LATE_MINUTES = 15
LONG_HAUL_MILES = 1500
SATURDAY = 5
POSSIBLE_WIND_MPH = 200
LATE = col("arr_delay") > LATE_MINUTES  # null, for a flight that never landed, is not late

# Entities: what features describe, and the keys that a caller sends to get them.

carrier = Entity("carrier", keys={"carrier": String})
airport = Entity("airport", keys={"origin": String})
route = Entity("route", keys={"origin": String, "dest": String})
plane = Entity("plane", keys={"tailnum": String})

# Sources: events, when they happened, and how long after that they were known.

flights = Source(
    "flights",
    schema={
        "flight_id": String,
        "carrier": String,
        "origin": String,
        "dest": String,
        "tailnum": String,
        "dep_delay": Float64,
        "arr_delay": Float64,
        "air_time": Float64,
        "distance": Int64,
        "cancelled": Bool,
    },
    event_time="arrived_at",
    event_id="flight_id",
    delay="15m",
    description="Finished flights out of New York, each at the instant its outcome was known",
    owner="flight-ops",
)

weather = Source(
    "weather",
    schema={
        "origin": String,
        "temp": Float64,
        "humid": Float64,
        "wind_speed": Float64,
        "precip": Float64,
        "pressure": Float64,
        "visib": Float64,
    },
    event_time="observed_at",
    delay="55m",  # stamped with the start of the hour, observed at its minute 51
    description="Hourly observations at the origins",
    owner="met-desk",
)

plane_registry = Source(
    "plane_registry",
    schema={
        "tailnum": String,
        "manufacturer": String,
        "model": String,
        "engines": Int64,
        "seats": Int64,
        "built_year": Int64,
    },
    event_time="registered_at",
    description="Aircraft by tail number",
    owner="fleet",
)

# Views: features of one entity from one source, each view as fresh as it needs to be.

carrier_delays = FeatureView(
    "carrier_delays",
    entity=carrier,
    source=flights,
    refresh="stream",  # a carrier's bad evening should count within the evening
    where=~col("cancelled"),
    features={
        "carrier_delay_1h": agg.mean("arr_delay", window="1h"),
        "carrier_delay_3h": agg.mean("arr_delay", window="3h"),
        "carrier_delay_24h": agg.mean("arr_delay", window="24h"),
        "carrier_delay_30d": agg.mean("arr_delay", window="30d"),
        "carrier_delay_std_7d": agg.stddev_samp("arr_delay", window="7d", hop="1h"),
        "carrier_landed_24h": agg.count(window="24h"),
        "carrier_late_24h": agg.count(window="24h", where=LATE),
    },
    description="How late a carrier's flights have been landing",
    owner="flight-ops",
)

airport_delays = FeatureView(
    "airport_delays",
    entity=airport,
    source=flights,
    refresh="stream",
    features={
        "airport_cancelled_3h": agg.count(window="3h", where=col("cancelled")),
        "airport_dep_delay_1h": agg.mean("dep_delay", window="1h"),
        "airport_dep_delay_6h": agg.mean("dep_delay", window="6h"),
        "airport_arr_delay_3h": agg.mean("arr_delay", window="3h"),
    },
    description="How an origin's departures have been going, learned as they land",
    owner="flight-ops",
)

route_delays = FeatureView(
    "route_delays",
    entity=route,
    source=flights,
    refresh=Every("1d", delay="2h"),  # slow features: a nightly job is enough, and cheaper
    where=~col("cancelled"),
    features={
        "route_flights_30d": agg.count(window="30d"),
        "route_late_30d": agg.count(window="30d", where=LATE),
        "route_delay_7d": agg.mean("arr_delay", window="7d"),
        "route_delay_30d": agg.mean("arr_delay", window="30d"),
        "route_air_time_30d": agg.mean("air_time", window="30d", scale=0),  # whole minutes
    },
    description="How late flights between two airports have been landing",
    owner="flight-ops",
)

aircraft_delays = FeatureView(
    "aircraft_delays",
    entity=plane,
    source=flights,
    refresh="stream",
    where=~col("cancelled"),  # only cancelled flights lack a tail number
    features={
        "plane_last_delay": agg.last("arr_delay", window="24h"),
        "plane_worst_delay_24h": agg.max("arr_delay", window="24h"),
        "plane_legs_24h": agg.count(window="24h"),
        "plane_delay_30d": agg.mean("arr_delay", window="30d"),
    },
    description="Whether an aircraft has been running late",
    owner="flight-ops",
)

airport_weather = FeatureView(
    "airport_weather",
    entity=airport,
    source=weather,
    refresh=Every("1h", delay="5m"),
    features={
        "visibility": agg.last("visib", window="6h"),
        "visibility_min_3h": agg.min("visib", window="3h"),
        # One anemometer once read 1,048 miles an hour.
        "wind_max_3h": agg.max(
            "wind_speed", window="3h", where=col("wind_speed") < POSSIBLE_WIND_MPH
        ),
        "rain_6h": agg.sum("precip", window="6h"),
    },
    description="The weather that an origin has had",
    owner="met-desk",
)

aircraft = FeatureView(
    "aircraft",
    entity=plane,
    source=plane_registry,
    refresh=Every("1d"),
    features=["manufacturer", "seats", "built_year"],
    description="What kind of aircraft it is, by its latest registration",
    owner="fleet",
)

# On-demand: from features and from what the caller sends, at the moment of asking.

delay_trend = OnDemandView(
    "delay_trend",
    request={"distance": Int64, "scheduled_hour": Int64, "weekday": Int64},
    features={
        "carrier_trend": carrier_delays["carrier_delay_24h"] - carrier_delays["carrier_delay_30d"],
        "carrier_late_share_24h": (
            carrier_delays["carrier_late_24h"] / carrier_delays["carrier_landed_24h"]
        ),
        "route_late_share_30d": (
            route_delays["route_late_30d"] / route_delays["route_flights_30d"]
        ),
        "long_haul": request("distance") > LONG_HAUL_MILES,
        "evening_rush": (
            request("scheduled_hour").between(16, 20) & (request("weekday") < SATURDAY)
        ),
    },
    description="Is it getting worse, and is this flight exposed to it?",
    owner="flight-ops",
)

# The service: the features of one model, in order, under the name that its code asks for.

arrival_model = FeatureService(
    "arrival_model",
    features=[
        carrier_delays,
        airport_delays,
        route_delays,
        aircraft_delays,
        airport_weather,
        aircraft,
        delay_trend,
    ],
    description="Will this flight land more than 15 minutes late?",
    owner="flight-ops",
)
