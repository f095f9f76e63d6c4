"""The latest value as of each label: skewless, and a plain ASOF JOIN in the same database.

The data are generated: a million readings of 20,000 sensors in 30 days, and 100,000 labels. One
reading in a hundred becomes known up to an hour late, all others after a second. skewless gives
what was known at the label's instant, and breaks ties; ASOF JOIN cares about neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from benchmarks.comparison import Comparison, alternate, timed
from benchmarks.training import Training
from skewless import Entity, FeatureView, Source
from skewless.types import Float64, Int64, String

if TYPE_CHECKING:
    import pyarrow as pa

TARGET = 2.0
ROUNDS = 15
MOSTLY = 0.9  # of the labels have neither a late reading nor a tie

sensor = Entity("sensor", keys={"sensor": Int64})
readings = Source(
    "readings",
    schema={"sensor": Int64, "level": Float64, "state": String, "cycles": Int64},
    event_time="read_at",
)
sensor_now = FeatureView(
    "sensor_now",
    entity=sensor,
    source=readings,
    refresh="stream",
    features=["level", "state", "cycles"],
)

READINGS = """
SELECT
    sensor, level, state, cycles, read_at,
    read_at + CASE WHEN random() < 0.01 THEN (random() * 3600e6)::BIGINT ELSE 1000000 END
        AS ingest_time,
    's' AS ingest_shard,
    cycles AS ingest_sequence
FROM (
    SELECT
        (random() * 20000)::BIGINT AS sensor,
        random() * 100 AS level,
        ['on', 'off', 'idle'][1 + (random() * 2)::INT] AS state,
        number AS cycles,
        1700000000000000 + (random() * 30 * 86400)::BIGINT * 1000000 AS read_at
    FROM range(1000000) AS numbers(number)
)
"""
LABELS = """
SELECT
    number AS row,
    (random() * 20000)::BIGINT AS sensor,
    make_timestamptz(1700000000000000 + (random() * 30 * 86400)::BIGINT * 1000000)
        AS event_timestamp
FROM range(100000) AS numbers(number)
"""
BASELINE = """
SELECT row, level, state, cycles
FROM asked ASOF LEFT JOIN readings
    ON asked.sensor = readings.sensor AND epoch_us(event_timestamp) > read_at
"""
# Values must agree but where a reading was not known in time, or the last two are equally old.
COMPARED = """
WITH baseline AS (
    SELECT row, asked.sensor AS sensor, read_at, level, state, cycles
    FROM asked ASOF LEFT JOIN readings
        ON asked.sensor = readings.sensor AND epoch_us(event_timestamp) > read_at
), not_yet_known AS (
    SELECT row
    FROM asked JOIN readings USING (sensor)
    WHERE read_at < epoch_us(event_timestamp) AND ingest_time >= epoch_us(event_timestamp)
), tied AS (
    SELECT sensor, read_at FROM readings GROUP BY ALL HAVING count(*) > 1
)
SELECT
    count(*),
    count(*) FILTER (
        (found.level, found.state, found.cycles)
        IS DISTINCT FROM (baseline.level, baseline.state, baseline.cycles)
    )
FROM baseline
JOIN found ON found.skewless_row = baseline.row
ANTI JOIN not_yet_known ON not_yet_known.row = baseline.row
ANTI JOIN tied ON tied.sensor = baseline.sensor AND tied.read_at = baseline.read_at
"""


def compare() -> list[Comparison]:
    """Measure from labels to features, each time in a new database."""
    rows, labels = _generated()
    _check(rows, labels)

    def skewless() -> float:
        training = Training(sensor_now, rows)
        return timed(lambda: training.answer(labels))

    def baseline() -> float:
        connection = Training(sensor_now, rows).connection
        connection.register("asked", labels)
        return timed(lambda: connection.sql(BASELINE).to_arrow_table())

    ours, theirs = alternate(skewless, baseline, rounds=ROUNDS)
    return [Comparison(name="latest", unit="s", target=TARGET, skewless=ours, baseline=theirs)]


def _generated() -> tuple[pa.Table, pa.Table]:
    # One thread: the numbers of a seed go to the rows in order.
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SELECT setseed(0.5)").fetchall()
        rows = connection.sql(READINGS).to_arrow_table()
        return rows, connection.sql(LABELS).to_arrow_table()


def _check(rows: pa.Table, labels: pa.Table) -> None:
    training = Training(sensor_now, rows)
    training.connection.register("asked", labels)
    training.connection.register("found", training.answer(labels))
    ((compared, different),) = training.connection.sql(COMPARED).fetchall()
    if different or compared < MOSTLY * labels.num_rows:
        raise ValueError(f"latest: {different} of {compared} comparable labels differ")
