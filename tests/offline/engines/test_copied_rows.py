"""DuckDB reads copies of a log's files: the rows are those of a scan, to the bit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pytest

from skewless.errors import QueryError, StoreError
from skewless.offline.engines.duckdb_engine import DuckDbEngine
from skewless.offline.query import identifiers, sql
from skewless.offline.query.events import HAPPENED, KNOWN, SEQUENCE, SHARD, Span
from skewless.offline.query.script import Script
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
from tests.offline.events import HOUR, MICROS, NOON, a_source, append, rows
from tests.offline.user_lake import put

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.definitions.source import Source
    from skewless.offline.lake.log import EventLog

FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
EVERY_TYPE: Mapping[str, tuple[ValueType, list[Any]]] = {
    "bool": (Bool, [True, False, None]),
    "int": (Int64, [-(2**63), 2**63 - 1, None]),
    "float": (Float64, [0.1, 5e-324, None]),
    "price": (Decimal(9, 2), [Number("-1.50"), Number("9999999.99"), None]),
    "whole": (Decimal(18, 0), [Number(10**18 - 1), Number(-(10**18) + 1), None]),
    "fraction": (Decimal(18, 18), [Number("0.000000000000000001"), Number(0), None]),
    "text": (String, ["é", "", None]),
    "time": (Timestamp, [FIRST, LAST, None]),
    "raw": (Bytes, [b"\xff\x00", b"", None]),
    "tags": (Array(String), [["a", ""], [], None]),
    "seen": (Array(Timestamp), [[FIRST, LAST], [], None]),
    "flags": (Array(Bool), [[True, False], [], None]),
    "embedding": (Vector(2), [[0.5, 1.5], [0.0, -1.0], None]),
    "filename": (Int64, [1, 2, None]),
}
EVER = Span(None, None)


def copied(log: EventLog, source: Source, span: Span = EVER, **options: Any) -> list[Any]:
    """Return the rows of a relation, under the log's own names."""
    names = {name: identifiers.column(name) for name in source.columns}
    names |= {"ingest_time": KNOWN, "ingest_shard": SHARD, "ingest_sequence": SEQUENCE}
    with DuckDbEngine(log).session() as session:
        relation = session.relation(source, list(source.columns), span, options.get("snapshot_id"))
        columns = [sql.aliased(sql.column(ours), theirs) for theirs, ours in names.items()]
        happened = sql.aliased(sql.column(HAPPENED), "happened")
        query = sql.select(*columns, happened).from_(relation.table)
        found = session.run(Script(sql.Steps(), query)).to_pylist()
    assert all(row.pop("happened") == row[source.event_time] for row in found)
    return in_order(found)


def scanned(log: EventLog, source: Source, **options: Any) -> list[Any]:
    return in_order(log.scan(source, physical=True, **options).read_all().to_pylist())


def in_order(found: list[dict[str, Any]]) -> list[Any]:
    ordered = sorted(found, key=lambda row: (row["ingest_time"], row["ingest_sequence"]))
    return [sorted(row.items()) for row in ordered]


def test_values_of_every_type_are_those_of_a_scan(log: EventLog) -> None:
    source = a_source({name: type_ for name, (type_, _) in EVERY_TYPE.items()})
    log.create(source)
    append(log, source, rows(source, **{name: given for name, (_, given) in EVERY_TYPE.items()}))
    assert copied(log, source) == scanned(log, source)
    assert len(copied(log, source)) == 3


def test_a_column_that_came_later_is_null_in_rows_before(log: EventLog) -> None:
    before = a_source({"x": Int64})
    log.create(before)
    append(log, before, rows(before, x=[1]))
    after = a_source({"y": String, "x": Int64, "zs": Array(Float64)})
    assert copied(log, after) == scanned(log, after)
    log.evolve(after)
    append(log, after, rows(after, x=[2], y=["b"], zs=[[1.0]]), ingest_time=NOON + HOUR)
    assert copied(log, after) == scanned(log, after)
    assert [dict(row)["y"] for row in copied(log, after)] == [None, "b"]


def test_rows_of_a_snapshot_are_read(log: EventLog) -> None:
    source = a_source({"x": Int64})
    log.create(source)
    first = append(log, source, rows(source, x=[1]))
    append(log, source, rows(source, x=[2]))
    found = copied(log, source, snapshot_id=first)
    assert found == scanned(log, source, snapshot_id=first)
    assert [dict(row)["x"] for row in found] == [1]


def test_a_span_is_exact_within_a_day(log: EventLog) -> None:
    source = a_source({"x": Int64})
    log.create(source)
    for hour in range(-1, 3):
        append(log, source, rows(source, x=[hour]), ingest_time=NOON + hour * HOUR)
    hours = MICROS, MICROS + 2 * 3_600_000_000
    found = copied(log, source, Span(*hours))
    assert found == scanned(log, source, ingest_from=hours[0], ingest_before=hours[1])
    assert [dict(row)["x"] for row in found] == [0, 1]


def test_a_log_without_rows_is_read(log: EventLog) -> None:
    source = a_source({name: type_ for name, (type_, _) in EVERY_TYPE.items()})
    log.create(source)
    assert copied(log, source) == []
    append(log, source, rows(source, **{name: given for name, (_, given) in EVERY_TYPE.items()}))
    assert copied(log, source, Span(None, MICROS - 10**6)) == []


def test_a_file_that_an_erasure_removes_meanwhile_is_told(log: EventLog) -> None:
    source = a_source({"x": Int64})
    log.create(source)
    append(log, source, rows(source, x=[1]))
    found = log.table(source).files(["x"])
    assert found is not None
    bucket, _, key = found.addresses[0].removeprefix("s3://").partition("/")
    log._aws.client("s3").delete_object(Bucket=bucket, Key=key)
    with pytest.raises(StoreError, match=r"could not be read to its end: .*An erasure may have"):
        copied(log, source)


def test_a_file_that_is_no_parquet_is_told_as_a_failed_query(log: EventLog) -> None:
    source = a_source({"x": Int64})
    log.create(source)
    append(log, source, rows(source, x=[1]))
    found = log.table(source).files(["x"])
    assert found is not None
    bucket, _, key = found.addresses[0].removeprefix("s3://").partition("/")
    put(log._aws, bucket, key, b"no parquet")
    with pytest.raises(QueryError, match=r"DuckDB.*parquet"):
        copied(log, source)
