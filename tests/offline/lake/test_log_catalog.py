"""The catalog remembers the metadata read or written last, and never instead of newer ones."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from skewless.offline.lake.day_table import DayTable
from skewless.types import Int64, Timestamp
from tests.offline.events import NOON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.aws import Aws, Resources


@pytest.fixture
def tables(aws: Aws, resources: Resources) -> tuple[DayTable, DayTable]:
    """One table, as two processes know it."""
    columns = {"at": Timestamp, "x": Int64}
    one, two = (DayTable(aws, resources, "t", columns, day_of="at") for _ in range(2))
    one.create()
    return one, two


def append(table: DayTable, *values: int) -> int:
    times = pa.array([NOON] * len(values), pa.timestamp("us", "UTC"))
    return table.append({"at": times, "x": pa.array(values, pa.int64())})


@contextmanager
def metadata_read(aws: Aws) -> Iterator[list[str]]:
    found: list[str] = []

    def look(params: dict[str, Any], **_: Any) -> None:
        found.extend([params["Key"]] if params["Key"].endswith(".metadata.json") else [])

    events = aws.client("s3").meta.events
    events.register("provide-client-params.s3.GetObject", look, unique_id="test")
    try:
        yield found
    finally:
        events.unregister("provide-client-params.s3.GetObject", unique_id="test")


def test_what_is_remembered_of_a_commit_is_what_was_written(
    tables: tuple[DayTable, DayTable],
) -> None:
    one, two = tables
    for value in range(3):
        append(one, value)
        known, read = one.load(), two.load()
        assert known.metadata_location == read.metadata_location
        assert known.metadata == read.metadata


def test_a_producer_alone_reads_no_metadata_and_two_in_turn_read_the_others(
    aws: Aws, tables: tuple[DayTable, DayTable]
) -> None:
    one, two = tables
    append(one, 1)
    with metadata_read(aws) as found:
        append(one, 2)
        append(one, 3)
        assert found == []
        append(two, 4)
        append(one, 5)
    assert len(found) == len(set(found)) == 2
    assert sorted(x for batch in two.read(["x"]) for x in batch["x"].to_pylist()) == [1, 2, 3, 4, 5]


def test_what_is_changed_in_a_loaded_table_is_not_remembered(
    tables: tuple[DayTable, DayTable],
) -> None:
    one, _ = tables
    before = dict(one.load().metadata.properties)
    one.load().metadata.properties["commit.retry.num-retries"] = "0"
    assert one.load().metadata.properties == before


def test_a_table_that_was_dropped_and_made_again_is_another(
    aws: Aws, tables: tuple[DayTable, DayTable]
) -> None:
    one, two = tables
    append(one, 1)
    database, name = one.name.split(".")
    aws.client("glue").delete_table(DatabaseName=database, Name=name)
    two.create()
    assert one.load().current_snapshot() is None
    append(one, 2)
    assert [x for batch in two.read(["x"]) for x in batch["x"].to_pylist()] == [2]
