"""Iceberg tables by day: they grow in rows and columns, whoever else writes."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skewless.errors import PublishError, StoreError
from skewless.ingest.quarantine import Quarantine
from skewless.offline.lake.catalog import QUARANTINE_COLUMNS, REFUSED_AT, quarantine_table
from skewless.offline.lake.day_table import DayTable
from skewless.offline.storage import objects
from skewless.types import Array, Float64, Int64, String, Timestamp
from tests.offline.events import DAY, MICROS, NOON, a_source, append, rows, scanned

if TYPE_CHECKING:
    from skewless.aws import Aws, Resources
    from skewless.offline.lake.log import EventLog


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


def test_a_scan_opens_no_file_of_another_day(
    log: EventLog, aws: Aws, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = a_source()
    log.create(source)
    known = pa.array([MICROS + day * DAY for day in range(5)])
    append(log, source, rows(source, x=list(range(5))), ingest_time=known)
    opened: list[str] = []
    stock = objects.open_object

    def counted(s3: Any, uri: str) -> Any:
        opened.append(uri)
        return stock(s3, uri)

    monkeypatch.setattr(objects, "open_object", counted)
    span = {"ingest_from": MICROS + 2 * DAY, "ingest_before": MICROS + 3 * DAY}
    assert [r["x"] for r in scanned(log, source, "x", **span)] == [2]
    assert sum(uri.endswith(".parquet") for uri in opened) == 1


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
    assert calls
    assert len(scanned(log, source)) == 1


# Where pyiceberg cuts a text, it adds one to the last character it keeps, to bound what follows.
NEAR_THE_CUT = st.text(st.sampled_from("aé\ud7ff\ue000\uffff\U0010ffff"), min_size=14, max_size=18)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.one_of(NEAR_THE_CUT, st.text(max_size=40)), min_size=1, max_size=8))
@example(texts=["a" * 15 + "\ud7ff" + "b"])
def test_every_text_comes_back_from_the_log(
    aws: Aws, resources: Resources, texts: list[str]
) -> None:
    name = f"texts{uuid.uuid4().hex}"
    table = DayTable(aws, resources, name, {"text": String, "at": Timestamp}, day_of="at")
    table.create()
    at = pa.array([MICROS] * len(texts)).cast(pa.timestamp("us", "UTC"))
    table.append({"text": pa.array(texts), "at": at})
    found = pa.Table.from_batches(table.read(["text"]))
    assert sorted(found["text"].to_pylist()) == sorted(texts)


def test_a_refused_row_of_such_a_text_is_kept_in_quarantine(aws: Aws, resources: Resources) -> None:
    quarantine = Quarantine(aws, resources)
    text = "a" * 15 + "\ud7ff" + "b"
    rejected = pa.table({"row_number": [0], "reason": [text], "row": [text]})
    quarantine.keep(a_source(), rejected, NOON, "shard")
    name = quarantine_table(a_source().name)
    kept = DayTable(aws, resources, name, QUARANTINE_COLUMNS, day_of=REFUSED_AT).read(["reason"])
    assert pa.Table.from_batches(kept)["reason"].to_pylist() == [text]
