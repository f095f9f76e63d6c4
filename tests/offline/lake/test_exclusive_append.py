"""A commit's transaction knows what pyiceberg's own would, and composes it once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyiceberg.table import Transaction

from skewless.offline.lake.day_table import DayTable
from skewless.offline.lake.exclusive_append import Composed
from skewless.types import Int64, Timestamp
from tests.offline.events import NOON

if TYPE_CHECKING:
    from pyiceberg.table import Table

    from skewless.aws import Aws, Resources


@pytest.fixture
def table(aws: Aws, resources: Resources) -> Table:
    made = DayTable(aws, resources, "t", {"at": Timestamp, "x": Int64}, day_of="at")
    made.create()
    for value in range(3):
        at = pa.array([NOON], pa.timestamp("us", "UTC"))
        made.append({"at": at, "x": pa.array([value], pa.int64())})
    return made.load()


def test_the_metadata_are_those_that_pyiceberg_composes(table: Table) -> None:
    assert Composed(table).table_metadata == Transaction(table).table_metadata


def test_what_is_staged_shows_at_once(table: Table) -> None:
    transaction = Composed(table)
    before = transaction.table_metadata
    assert transaction.table_metadata is before
    transaction.set_properties(staged="yes")
    assert transaction.table_metadata.properties["staged"] == "yes"
    assert "staged" not in before.properties
    assert "staged" not in table.metadata.properties


def test_metadata_that_were_read_anew_are_composed_anew(table: Table) -> None:
    transaction = Composed(table)
    before = transaction.table_metadata
    table.transaction().set_properties(other="yes").commit_transaction()
    assert transaction.table_metadata is not before
    assert transaction.table_metadata.properties["other"] == "yes"
