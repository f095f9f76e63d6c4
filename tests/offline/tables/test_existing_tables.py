"""Sources of tables that exist already: read where they are, alike by both engines."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from skewless.errors import InputError
from skewless.offline.engines.athena import AthenaEngine
from skewless.offline.engines.duckdb_engine import DuckDbEngine
from skewless.offline.lake.day_table import DayTable
from skewless.offline.query.events import HAPPENED, KNOWN
from skewless.types import Float64, Int64, String, Timestamp
from tests.offline.events import HOUR, MICROS, NOON, a_source, append, events_read_by, rows, scanned
from tests.offline.user_lake import a_glue_table, put

if TYPE_CHECKING:
    from skewless.aws import Aws, Resources
    from skewless.offline.lake.log import EventLog
    from skewless.offline.lake.snapshots import Snapshots
    from skewless.types import ValueType


LAKE = {"x": "double", "at": "timestamp", "seen": "timestamp"}


def a_lake(aws: Aws, resources: Resources) -> str:
    at = [NOON.replace(tzinfo=None), NOON.replace(tzinfo=None) + HOUR]
    seen = [at[0] + 2 * HOUR, at[0]]
    table = pa.table({"x": [float("nan"), -0.0], "at": at, "seen": seen, "more": [1, 2]})
    put(aws, resources.bucket, "events/0.parquet", table)
    return a_glue_table(aws, resources.database, LAKE)


def test_an_existing_table_is_scanned_in_normal_form(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    source = a_source({"x": Float64}, table=a_lake(aws, resources), delay="15m")
    found = scanned(log, source, "x", "at")
    assert [str(r["x"]) for r in found] == ["None", "0.0"]
    assert [r["at"] for r in found] == [NOON, NOON + HOUR]


def test_an_existing_tables_rows_are_known_after_the_delay(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    source = a_source({"x": Float64}, table=a_lake(aws, resources), delay="15m")
    found = scanned(log, source, "at")
    assert [r["ingest_time"] - r["at"] for r in found] == [timedelta(minutes=15)] * 2


def test_an_existing_tables_own_ingest_time_is_used_and_clamps(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    source = a_source({"x": Float64}, table=a_lake(aws, resources), ingest_time="seen")
    found = scanned(log, source, "at", physical=True)
    assert [r["ingest_time"] for r in found] == [MICROS + 2 * 3_600_000_000, MICROS]
    assert [r["at"] for r in found] == [MICROS, MICROS]


def test_an_existing_table_is_bounded_by_ingest_time(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    source = a_source({"x": Float64}, table=a_lake(aws, resources))
    found = scanned(log, source, "at", ingest_from=MICROS, ingest_before=MICROS + 1)
    assert [r["at"] for r in found] == [NOON]


def test_an_existing_iceberg_table_is_scanned_at_a_snapshot(
    log: EventLog, snapshots: Snapshots, aws: Aws, resources: Resources
) -> None:
    lake = DayTable(aws, resources, "lake", {"x": Int64, "at": Timestamp}, day_of="at")
    lake.create()
    first = lake.append({"x": pa.array([1]), "at": pa.array([NOON])})
    second = lake.append({"x": pa.array([2]), "at": pa.array([NOON])})
    source = a_source(table=f"{resources.database}.lake")
    assert [r["x"] for r in scanned(log, source, "x", snapshot_id=first)] == [1]
    assert snapshots.latest(source) == second != first


def test_an_existing_table_is_never_written(log: EventLog) -> None:
    source = a_source(table="lake.events")
    with pytest.raises(InputError, match=r"'lake.events', which the store reads and never writes"):
        append(log, source, rows(source, x=[1]))


def test_a_source_of_a_table_that_is_not_there_is_an_error(log: EventLog) -> None:
    with pytest.raises(InputError, match=r"there is no Glue table 'lake\.nothing'"):
        log.create(a_source(table="lake.nothing"))


def test_a_column_that_an_existing_table_lacks_is_an_error(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    source = a_source({"xs": Float64}, table=a_lake(aws, resources))
    with pytest.raises(InputError, match="has no column 'xs'"):
        scanned(log, source)


def test_a_value_that_does_not_fit_in_an_existing_table_is_an_error(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    at = [NOON.replace(tzinfo=None)]
    put(aws, resources.bucket, "events/0.parquet", pa.table({"x": [b"\xff"], "at": at}))
    columns = {"x": "string", "at": "timestamp"}
    name = a_glue_table(aws, resources.database, columns)
    with pytest.raises(InputError, match=r"column 'x' in s3://.*events/0.parquet has a value that"):
        scanned(log, a_source({"x": String}, table=name))


@pytest.mark.parametrize("options", [{"ingest_time": "seen"}, {"delay": "15m"}], ids=str)
def test_event_time_read_as_a_column_is_clamped_alike_by_both_engines(
    log: EventLog, aws: Aws, resources: Resources, options: dict[str, Any]
) -> None:
    source = a_source({"x": Float64}, table=a_lake(aws, resources), **options)
    found = events_read_by(AthenaEngine(aws, resources), source, "x", "at")
    assert found == events_read_by(DuckDbEngine(log), source, "x", "at")
    assert [row["at"] for row in found] == [row[HAPPENED] for row in found]
    assert all(row["at"] <= row[KNOWN] for row in found)


def test_columns_called_like_ours_or_like_words_of_sql_are_read_alike_by_both_engines(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    names = ("rank", "Select", "happened", "scanned", "column__rank", "rowid", "entity", "log")
    values = {name: [number] for number, name in enumerate(names)}
    ours = {"skewless_happened": [-1], "ingest_shard": [-2]}  # not declared, and not in the way
    at = [NOON.replace(tzinfo=None)]
    put(aws, resources.bucket, "events/0.parquet", pa.table({**values, **ours, "at": at}))
    declared = dict.fromkeys((name.lower() for name in (*names, *ours)), "bigint")
    table = a_glue_table(aws, resources.database, {**declared, "at": "timestamp"})
    source = a_source(dict.fromkeys(names, Int64), table=table)
    for engine in (AthenaEngine(aws, resources), DuckDbEngine(log)):
        (found,) = events_read_by(engine, source, *names)
        assert [found[name] for name in names] == list(range(len(names)))
        assert found[HAPPENED] == found[KNOWN] == MICROS


def test_a_column_that_an_iceberg_table_got_later_is_null_at_an_older_snapshot(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    columns: dict[str, ValueType] = {"x": Int64, "at": Timestamp}
    lake = DayTable(aws, resources, "lake", columns, day_of="at")
    lake.create()
    first = lake.append({"x": pa.array([1]), "at": pa.array([NOON])})
    wider = DayTable(aws, resources, "lake", {**columns, "y": String}, day_of="at")
    wider.extend()
    wider.append({"x": pa.array([2]), "y": pa.array(["b"]), "at": pa.array([NOON])})
    source = a_source({"x": Int64, "y": String}, table=f"{resources.database}.lake")
    old = scanned(log, source, "x", "y", snapshot_id=first)
    assert [(row["x"], row["y"]) for row in old] == [(1, None)]
    assert {row["x"]: row["y"] for row in scanned(log, source)} == {1: None, 2: "b"}


def test_a_resource_link_is_the_table_that_it_leads_to(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    database, name = a_lake(aws, resources).split(".")
    described = aws.client("glue").get_table(DatabaseName=database, Name=name)["Table"]
    target = {"CatalogId": described["CatalogId"], "DatabaseName": database, "Name": name}
    aws.client("glue").create_table(
        DatabaseName=database, TableInput={"Name": "link", "TargetTable": target}
    )
    source = a_source({"x": Float64}, table=f"{database}.link")
    found = events_read_by(DuckDbEngine(log), source, "x")
    assert len(found) == 2
    assert events_read_by(AthenaEngine(aws, resources), source, "x") == found
