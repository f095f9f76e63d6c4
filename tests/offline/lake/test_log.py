"""The event log on a local AWS: what is appended is what is scanned, to the bit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as Number
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from skewless import Entity, FeatureView
from skewless.compiler.plan import plan_view
from skewless.errors import InputError, StoreError
from skewless.offline.lake import catalog
from skewless.offline.storage.glue_table import describe_table
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
from tests.offline.events import DAY, HOUR, MICROS, NOON, a_source, append, rows, scanned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.aws import Aws, Resources
    from skewless.offline.lake.log import EventLog
    from skewless.offline.lake.snapshots import Snapshots

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


def test_no_rows_commit_nothing(log: EventLog, snapshots: Snapshots) -> None:
    source = a_source()
    log.create(source)
    assert append(log, source, rows(source, x=pa.array([], pa.int64()))) is None
    assert snapshots.latest(source) is None
    assert scanned(log, source) == []


def test_creating_a_log_again_changes_nothing(log: EventLog) -> None:
    source = a_source()
    log.create(source)
    append(log, source, rows(source, x=[1]))
    log.create(source)
    assert len(scanned(log, source)) == 1


def test_a_snapshot_is_the_log_as_it_was(log: EventLog, snapshots: Snapshots) -> None:
    source = a_source()
    log.create(source)
    first = append(log, source, rows(source, x=[1]))
    second = append(log, source, rows(source, x=[2]))
    assert snapshots.latest(source) == second
    assert [r["x"] for r in scanned(log, source, "x", snapshot_id=first)] == [1]
    assert len(scanned(log, source)) == 2


def test_a_snapshot_that_never_was_is_an_error(log: EventLog) -> None:
    log.create(a_source())
    with pytest.raises(StoreError, match="has no snapshot 7"):
        scanned(log, a_source(), snapshot_id=7)


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


def test_a_log_of_some_entities_holds_no_other_events(log: EventLog, tmp_path: Path) -> None:
    source = a_source({"k": String, "on": Timestamp, "x": Int64})
    entity = Entity("e", keys={"k": String, "on": Timestamp})
    view = FeatureView("v", entity=entity, source=source, refresh="stream", features=["x"])
    log.create(source)
    instants = [NOON, NOON + HOUR]
    keys = [(k, on) for k in ("a", "b", None) for on in instants]
    table = rows(source, k=[k for k, _ in keys], on=[on for _, on in keys], x=list(range(6)))
    append(log, source, table)
    some = log.of_entities(plan_view(view), [("b", MICROS)])
    found = some.scan(source, ["x"], physical=True).read_all().to_pylist()
    assert [row["x"] for row in found] == [2]
    assert some.copy(source, ["x"], tmp_path) is None  # files hold everybody's events
    none = log.of_entities(plan_view(view), [])
    assert none.scan(source, ["x"], physical=True).read_all().num_rows == 0


def test_glue_describes_the_log_as_the_ddl_would(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    source = a_source({name: type_ for name, (type_, _) in EVERY_TYPE.items()})
    log.create(source)
    described = describe_table(f"{resources.database}.events", aws)
    found = {c["Name"]: c["Type"] for c in described["StorageDescriptor"]["Columns"]}
    wanted = {name: catalog.sql_type(t) for name, t in catalog.log_columns(source).items()}
    assert found == wanted
    assert described["StorageDescriptor"]["Location"] == f"s3://{resources.bucket}/log/events"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_too_full_for_copies_is_told_with_the_way_out(log: EventLog, tmp_path: Path) -> None:
    source = a_source()
    log.create(source)
    append(log, source, rows(source, x=[1]))
    (tmp_path / "0.parquet").symlink_to("/dev/full")
    with pytest.raises(StoreError, match=r"the disk of .* is too full .*events.*TMPDIR"):
        log.copy(source, ["x"], tmp_path)
