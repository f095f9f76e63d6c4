"""The event log on a local AWS: what is appended is what is scanned, to the bit."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skewless import Source
from skewless.aws import Aws, Resources
from skewless.definitions.expression import to_microseconds
from skewless.errors import InputError, PublishError, StoreError
from skewless.local import LocalAws
from skewless.offline import catalog, frames
from skewless.offline.log import DayTable, EventLog
from skewless.offline.normalise import normalise
from skewless.types import (
    Array,
    Bool,
    Bytes,
    Decimal,
    Float64,
    Int64,
    String,
    Timestamp,
    ValueType,
    Vector,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
MICROS = to_microseconds(NOON, "noon")
DAY = 86_400_000_000
HOUR = timedelta(hours=1)
EVERY_TYPE: Mapping[str, tuple[ValueType, Any]] = {
    "bool": (Bool, True),
    "int": (Int64, -(2**63)),
    "float": (Float64, 0.1),
    "price": (Decimal(9, 2), Number("-1.50")),
    "text": (String, "é"),
    "time": (Timestamp, NOON),
    "raw": (Bytes, b"\xff"),
    "tags": (Array(String), ["a", "b"]),
    "seen": (Array(Timestamp), [NOON]),
    "embedding": (Vector(2), [0.5, 1.5]),
}


@pytest.fixture(scope="module")
def aws() -> Aws:
    local = LocalAws.start()
    return Aws(local.session(), local.endpoint)


@pytest.fixture
def resources(aws: Aws) -> Resources:
    name = f"log{uuid.uuid4().hex}"
    aws.client("s3").create_bucket(Bucket=name)
    aws.client("glue").create_database(DatabaseInput={"Name": name})
    return Resources(
        store="test",
        bucket=name,
        database=name,
        workgroup="w",
        online_table="o",
        registry_table="r",
    )


@pytest.fixture
def log(aws: Aws, resources: Resources) -> EventLog:
    return EventLog(aws, resources)


def a_source(schema: Mapping[str, ValueType] | None = None, **options: Any) -> Source:
    return Source("events", schema=schema or {"x": Int64}, event_time="at", **options)


def rows(source: Source, **columns: Any) -> pa.Table:
    columns.setdefault("at", [NOON - HOUR] * len(next(iter(columns.values()))))
    result = normalise(frames.to_arrow(pa.table(columns)), source)
    assert result.rejected.num_rows == 0
    return result.accepted


def append(log: EventLog, source: Source, table: pa.Table, **options: Any) -> int | None:
    given = {"ingest_time": NOON, "shard": "a", "first_sequence": 0, **options}
    return log.append(source, table, **given)


def scanned(log: EventLog, source: Source, *columns: str, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        log.scan(source, columns or None, **options).read_all().to_pylist()
    )
    return found


def test_what_is_appended_is_what_is_scanned(log: EventLog) -> None:
    source = a_source({name: type_ for name, (type_, _) in EVERY_TYPE.items()})
    log.create(source)
    table = rows(source, **{name: [value, None] for name, (_, value) in EVERY_TYPE.items()})
    append(log, source, table)
    found = log.scan(source, list(source.columns)).read_all()
    assert found.drop_columns("ingest_time").cast(table.schema).equals(table)
    assert found.schema.field("time").type == pa.timestamp("us", "UTC")


def test_physical_columns_are_integers(log: EventLog) -> None:
    source = a_source({name: type_ for name, (type_, _) in EVERY_TYPE.items()})
    log.create(source)
    append(log, source, rows(source, **{name: [v] for name, (_, v) in EVERY_TYPE.items()}))
    (row,) = scanned(log, source, physical=True)
    assert row["price"] == -150
    assert row["time"] == MICROS
    assert row["seen"] == [MICROS]
    assert row["at"] == MICROS - HOUR // timedelta(microseconds=1)
    assert row["ingest_time"] == MICROS
    assert row["text"] == "é"


def test_rows_given_to_physical_are_as_scanned(log: EventLog) -> None:
    source = a_source({"price": Decimal(9, 2)})
    table = rows(source, price=[Number("1.50")])
    assert log.physical(source, table).to_pylist() == [{"price": 150, "at": MICROS - 3_600_000_000}]


def test_rows_are_numbered_within_their_shard(log: EventLog) -> None:
    source = a_source()
    log.create(source)
    append(log, source, rows(source, x=[7, 8]), shard="b", first_sequence=40)
    found = scanned(log, source)
    assert {(r["x"], r["ingest_shard"], r["ingest_sequence"]) for r in found} == {
        (7, "b", 40),
        (8, "b", 41),
    }


def test_numbers_stay_with_their_rows_when_days_are_sorted(log: EventLog) -> None:
    source = a_source()
    log.create(source)
    known = pa.array([NOON + timedelta(days=d) for d in (2, 0, 1, 0)], pa.timestamp("us", "UTC"))
    append(log, source, rows(source, x=[0, 1, 2, 3]), ingest_time=known)
    found = {r["ingest_sequence"]: (r["x"], r["ingest_time"]) for r in scanned(log, source)}
    assert found == {n: (n, known[n].as_py()) for n in range(4)}


def test_an_event_from_the_future_happens_when_it_is_ingested(log: EventLog) -> None:
    source = a_source()
    log.create(source)
    append(log, source, rows(source, x=[1, 2], at=[NOON + HOUR, NOON - HOUR]))
    assert {r["x"]: r["at"] for r in scanned(log, source)} == {1: NOON, 2: NOON - HOUR}


def test_no_rows_commit_nothing(log: EventLog) -> None:
    source = a_source()
    log.create(source)
    assert append(log, source, rows(source, x=pa.array([], pa.int64()))) is None
    assert log.snapshot_id(source) is None
    assert scanned(log, source) == []


def test_creating_a_log_again_changes_nothing(log: EventLog) -> None:
    source = a_source()
    log.create(source)
    append(log, source, rows(source, x=[1]))
    log.create(source)
    assert len(scanned(log, source)) == 1


def test_a_snapshot_is_the_log_as_it_was(log: EventLog) -> None:
    source = a_source()
    log.create(source)
    first = append(log, source, rows(source, x=[1]))
    second = append(log, source, rows(source, x=[2]))
    assert log.snapshot_id(source) == second
    assert [r["x"] for r in scanned(log, source, "x", snapshot_id=first)] == [1]
    assert len(scanned(log, source)) == 2


def test_a_snapshot_that_never_was_is_an_error(log: EventLog) -> None:
    log.create(a_source())
    with pytest.raises(StoreError, match="has no snapshot 7"):
        scanned(log, a_source(), snapshot_id=7)


def test_a_new_column_is_null_in_old_rows_and_old_snapshots(log: EventLog) -> None:
    log.create(a_source())
    first = append(log, a_source(), rows(a_source(), x=[1]))
    wider = a_source({"x": Int64, "y": String, "z": Array(Int64)})
    log.evolve(wider)
    append(log, wider, rows(wider, x=[2], y=["b"], z=[[1]]))
    found = {r["x"]: (r["y"], r["z"]) for r in scanned(log, wider, "x", "y", "z")}
    assert found == {1: (None, None), 2: ("b", [1])}
    (old,) = scanned(log, wider, "x", "y", snapshot_id=first)
    assert (old["x"], old["y"]) == (1, None)


def test_a_column_that_a_source_dropped_stays_in_the_log(log: EventLog) -> None:
    wider = a_source({"x": Int64, "y": String})
    log.create(wider)
    log.create(a_source())
    append(log, a_source(), rows(a_source(), x=[1]))
    assert [r["y"] for r in scanned(log, wider, "y")] == [None]


def test_a_column_cannot_change_its_type(log: EventLog) -> None:
    log.create(a_source())
    with pytest.raises(PublishError, match=r"column 'x' .* is long, and Float64 would be double"):
        log.evolve(a_source({"x": Float64}))


def test_rows_with_a_column_that_the_log_lacks_are_refused(log: EventLog) -> None:
    log.create(a_source())
    wider = a_source({"x": Int64, "y": String})
    with pytest.raises(StoreError, match="has no column 'y' yet: `skewless apply` adds it"):
        append(log, wider, rows(wider, x=[1], y=["a"]))


def test_a_log_that_is_not_there_is_an_error(log: EventLog) -> None:
    with pytest.raises(StoreError, match=r"there is no table .*events in Glue: `skewless apply`"):
        log.scan(a_source())


def test_a_log_whose_file_is_gone_is_an_error(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    log.create(a_source())
    append(log, a_source(), rows(a_source(), x=[1]))
    listed = aws.client("s3").list_objects_v2(Bucket=resources.bucket, Prefix="log/events/data/")
    aws.client("s3").delete_object(Bucket=resources.bucket, Key=listed["Contents"][0]["Key"])
    with pytest.raises(StoreError, match="could not be read to its end: there is no object s3://"):
        scanned(log, a_source())


def test_an_unknown_column_is_an_error_with_a_hint(log: EventLog) -> None:
    with pytest.raises(InputError, match=r"has no column 'xx'. Did you mean 'x'"):
        log.scan(a_source(), ["xx"])


def test_a_scan_is_bounded_by_ingest_time_half_open(log: EventLog) -> None:
    source = a_source()
    log.create(source)
    known = pa.array([MICROS - 1, MICROS, MICROS + 1, MICROS + DAY])
    append(log, source, rows(source, x=[0, 1, 2, 3]), ingest_time=known)
    found = scanned(log, source, "x", ingest_from=MICROS, ingest_before=MICROS + DAY)
    assert sorted(r["x"] for r in found) == [1, 2]


def test_a_scan_opens_no_file_of_another_day(
    log: EventLog, aws: Aws, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = a_source()
    log.create(source)
    known = pa.array([MICROS + day * DAY for day in range(5)])
    append(log, source, rows(source, x=list(range(5))), ingest_time=known)
    opened: list[str] = []
    stock = frames.open_object

    def counted(s3: Any, uri: str) -> Any:
        opened.append(uri)
        return stock(s3, uri)

    monkeypatch.setattr(frames, "open_object", counted)
    span = {"ingest_from": MICROS + 2 * DAY, "ingest_before": MICROS + 3 * DAY}
    assert [r["x"] for r in scanned(log, source, "x", **span)] == [2]
    assert sum(uri.endswith(".parquet") for uri in opened) == 1


def test_glue_describes_the_log_as_the_ddl_would(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    source = a_source({name: type_ for name, (type_, _) in EVERY_TYPE.items()})
    log.create(source)
    described = frames.describe_table(f"{resources.database}.events", aws)
    found = {c["Name"]: c["Type"] for c in described["StorageDescriptor"]["Columns"]}
    wanted = {name: catalog.sql_type(t) for name, t in catalog.log_columns(source).items()}
    assert found == wanted
    assert described["StorageDescriptor"]["Location"] == f"s3://{resources.bucket}/log/events"


def test_appends_side_by_side_lose_nothing(log: EventLog) -> None:
    source = a_source()
    log.create(source)

    def one(number: int) -> int | None:
        return append(log, source, rows(source, x=[number]), shard=str(number))

    with ThreadPoolExecutor(4) as pool:
        snapshots = list(pool.map(one, range(8)))
    assert len(set(snapshots)) == 8
    assert sorted(r["x"] for r in scanned(log, source, "x")) == list(range(8))


def test_a_commit_whose_answer_was_lost_is_not_made_twice(
    log: EventLog, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = a_source()
    log.create(source)
    glue = aws.client("glue")
    stock, calls = glue.update_table, []

    def answers_lost(**request: Any) -> Any:
        calls.append(request)
        stock(**request)
        if len(calls) == 1:
            raise glue.exceptions.ConcurrentModificationException({}, "UpdateTable")
        return {}

    monkeypatch.setattr(glue, "update_table", answers_lost)
    append(log, source, rows(source, x=[1]))
    assert len(scanned(log, source)) == 1


def an_existing_table(
    aws: Aws, resources: Resources, table: pa.Table, columns: Mapping[str, str]
) -> str:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    uri = f"s3://{resources.bucket}/lake/0.parquet"
    frames.write_bytes(uri, sink.getvalue().to_pybytes(), aws)
    aws.client("glue").create_table(
        DatabaseName=resources.database,
        TableInput={
            "Name": "lake",
            "StorageDescriptor": {
                "Columns": [{"Name": n, "Type": t} for n, t in columns.items()],
                "Location": f"s3://{resources.bucket}/lake/",
                "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            },
        },
    )
    return f"{resources.database}.lake"


LAKE = {"x": "double", "at": "timestamp", "seen": "timestamp"}


def a_lake(aws: Aws, resources: Resources) -> str:
    at = [NOON.replace(tzinfo=None), NOON.replace(tzinfo=None) + HOUR]
    seen = [at[0] + 2 * HOUR, at[0]]
    table = pa.table({"x": [float("nan"), -0.0], "at": at, "seen": seen, "more": [1, 2]})
    return an_existing_table(aws, resources, table, LAKE)


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
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    lake = DayTable(aws, resources, "lake", {"x": Int64, "at": Timestamp}, day_of="at")
    lake.create()
    first = lake.append({"x": pa.array([1]), "at": pa.array([NOON])})
    lake.append({"x": pa.array([2]), "at": pa.array([NOON])})
    source = a_source(table=f"{resources.database}.lake")
    assert [r["x"] for r in scanned(log, source, "x", snapshot_id=first)] == [1]
    assert log.snapshot_id(source) != first


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
    name = an_existing_table(
        aws, resources, pa.table({"x": [1.5], "at": at}), {"x": "double", "at": "timestamp"}
    )
    with pytest.raises(InputError, match=r"column 'x' is 1\.5: Int64 takes whole numbers"):
        scanned(log, a_source(table=name))
