"""What the files of a log are worth: the bytes that Athena scans of them, and DuckDB's time.

python -m benchmarks.layouts [events]

One log of seeded readings in several layouts. Bytes come from footers of Parquet, for statements
that the product writes: they are exact. Processor time is of `get_historical_features`.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.expressions import EqualTo, Or
from sqlglot import exp

from benchmarks.data import readings
from benchmarks.meter import Meter
from localaws.core.athena.scan import scan_of
from localaws.core.athena.scanned import bytes_of_tasks
from localaws.core.athena.transpile import parse
from skewless import FeatureStore, FeatureView, Source
from skewless.compiler.plan import plan_view
from skewless.offline.engines.athena_tables import relation_of
from skewless.offline.lake.commits import Append, commit
from skewless.offline.lake.log import EventLog
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.states import States

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table

_DAYS, _HOURS = 30, 24
_DAY = 86_400_000_000
_LATER = 2_000_000_000_000_000  # microseconds: after all events
_FEW, _ROUNDS = 10, 3
_WHOLE = 3 << 20  # bytes: Trino reads smaller files whole
_EQUAL: Any = EqualTo  # typed without its shorthand arguments
_ATHENA = Dialect(EngineName.ATHENA)


class Layout(NamedTuple):
    """A layout: how many files a day, whether sorted by key, and the rows of a row group."""

    name: str
    files: int
    is_sorted: bool = False
    group: int = 1 << 20


LAYOUTS = (
    Layout("hourly", _HOURS),
    Layout("daily", 1),
    Layout("sorted", 1, is_sorted=True),
    Layout("grouped", 1, is_sorted=True, group=4_096),
)


def main(events: int) -> None:
    """Print a line for each layout."""
    parameters = {
        "views": 1,
        "features": 10,
        "events": events,
        "labels": events // 10,
        "entities": events // 100,
        "days": _DAYS,
    }
    with tempfile.TemporaryDirectory() as folder:
        readings.generate(parameters, Path(folder))
        rows = pq.read_table(Path(folder) / "events_0.parquet")
        labels = pd.read_parquet(Path(folder) / "labels.parquet")
    (template,) = readings.views_of(parameters)
    store = FeatureStore.local("layouts")
    views = [_view(template, layout) for layout in LAYOUTS]
    store.apply(views)
    for layout, view in zip(LAYOUTS, views, strict=True):
        _fill(store, view.source, rows, layout)
    times: dict[str, list[float]] = {layout.name: [] for layout in LAYOUTS}
    for _ in range(_ROUNDS + 1):
        for layout, view in zip(LAYOUTS, views, strict=True):
            with Meter() as meter:
                store.get_historical_features(labels, view).to_pandas()
            times[layout.name].append(meter.sample["cpu_seconds"])
    print("layout", *Scanned._fields, "cpu_seconds", sep="\t")
    for layout, view in zip(LAYOUTS, views, strict=True):
        cpu = median(times[layout.name][1:])  # the first round warms up
        print(layout.name, *_scanned(store, view, parameters["entities"]), f"{cpu:.2f}", sep="\t")


def _view(template: FeatureView, layout: Layout) -> FeatureView:
    source = Source(layout.name, schema=template.source.columns, event_time="read_at")
    features = list(template.feature_types)
    return FeatureView(
        layout.name, entity=template.entity, source=source, refresh="stream", features=features
    )


def _fill(store: FeatureStore, source: Source, rows: pa.Table, layout: Layout) -> None:
    """Commit all rows at once, in the layout's files."""
    table = EventLog(store.aws, store.resources).table(source)
    loaded = table.load()
    loaded.metadata.properties["write.parquet.row-group-limit"] = str(layout.group)
    files: list[DataFile] = []
    for part in _parts(rows, layout):
        count = part.num_rows
        columns = {name: part[name] for name in part.column_names}
        columns["ingest_time"] = columns["read_at"]
        columns["ingest_shard"] = pa.repeat("s", count)
        columns["ingest_sequence"] = pa.array(np.arange(count))
        schema = loaded.schema().as_arrow()
        stored = pa.table({field.name: _cast(columns[field.name], field.type) for field in schema})
        files += table.write_files(loaded, stored)
    commit(table.load, [Append(layout.name, tuple(files), None)])


def _cast(column: Any, kind: pa.DataType) -> Any:
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
    return column.cast(kind)


def _parts(rows: pa.Table, layout: Layout) -> Iterator[pa.Table]:
    times = rows["read_at"].cast(pa.int64()).to_numpy()
    step = _DAY // layout.files
    bounds = range(int(times[0]) // step * step, int(times[-1]) + step, step)
    edges = np.searchsorted(times, [*bounds, int(times[-1]) + 1])
    for start, end in pairwise(edges):
        if end > start:
            part = rows.slice(int(start), int(end - start))
            yield part.sort_by("sensor") if layout.is_sorted else part


class Scanned(NamedTuple):
    """Bytes of a layout.

    Attributes:
        files: how many there are.
        every, two: a first cut of all ten columns, and of two.
        whole: the same of two, if files up to 3 MB count whole, as Trino reads them.
        few: a statement of all columns, if the engine looks for ten entities alone.
    """

    files: int
    every: int
    two: int
    whole: int
    few: int


def _scanned(store: FeatureStore, view: FeatureView, entities: int) -> Scanned:
    table = EventLog(store.aws, store.resources).table(view.source).load()
    two = FeatureView(
        "two",
        entity=view.entity,
        source=view.source,
        refresh="stream",
        features=[*view.feature_types][:2],
    )
    tasks = list(table.scan().plan_files())
    read = _of_cut(store, table, two)
    sizes = [task.file.file_size_in_bytes for task in tasks]
    keys = range(entities // 2 // _FEW, entities, entities // _FEW)
    few = table.scan(row_filter=Or(*(_EQUAL("sensor", key) for key in keys)))
    return Scanned(
        files=len(tasks),
        every=_of_cut(store, table, view),
        two=read,
        whole=sum(sizes) if max(sizes) <= _WHOLE else read,
        few=bytes_of_tasks(few, list(few.plan_files())),
    )


def _of_cut(store: FeatureStore, table: Table, view: FeatureView) -> int:
    """Return the bytes that the statement of a first cut scans."""
    relation = relation_of(view.source, store.resources.database)
    states = States(plan_view(view), _ATHENA, relation, _LATER, None)
    total = 0
    for found in parse(_ATHENA.render(states.script().query())).find_all(exp.Table):
        if found.db:
            scan = scan_of(found)
            fields = table.schema().fields
            names = [field.name for field in fields if field.name in (scan.columns or ())]
            part = table.scan(row_filter=scan.filter_of(fields), selected_fields=tuple(names))
            total += scan.times * bytes_of_tasks(part, list(part.plan_files()))
    return total


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
