"""Refused rows are kept, with why, and found again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from skewless import Source
from skewless.errors import InputError, NaiveTimestampError
from skewless.ingest.normalise import REJECTED, normalise
from skewless.ingest.quarantine import Quarantine
from skewless.offline.lake.catalog import QUARANTINE_COLUMNS, QUARANTINE_TABLE, quarantine_table
from skewless.types import Int64

if TYPE_CHECKING:
    from skewless.aws import Aws, Resources

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def quarantine(aws: Aws, resources: Resources) -> Quarantine:
    return Quarantine(aws, resources)


def a_source(name: str = "events") -> Source:
    return Source(name, schema={"x": Int64}, event_time="at")


def refused(*values: float) -> pa.Table:
    table = pa.table({"x": list(values), "at": [NOON] * len(values)})
    return normalise(table, a_source()).rejected


def test_a_refused_row_is_listed_with_everything_about_it(quarantine: Quarantine) -> None:
    quarantine.keep(a_source(), refused(1.0, 2.5), NOON, "shard")
    (row,) = quarantine.list().to_pylist()
    assert json.loads(row.pop("row")) == {"x": 2.5, "at": "2024-05-01T12:00:00+00:00"}
    assert row == {
        "source": "events",
        "refused_at": NOON,
        "shard": "shard",
        "row_number": 1,
        "reason": "column 'x' is 2.5: Int64 takes whole numbers, and floats up to 2^53",
    }


def test_rows_of_one_source_can_be_listed(quarantine: Quarantine) -> None:
    quarantine.keep(a_source(), refused(0.5), NOON, "a")
    quarantine.keep(a_source("others"), refused(1.5), NOON, "a")
    assert quarantine.list(a_source("others"))["source"].to_pylist() == ["others"]
    assert quarantine.list("events").num_rows == 1


def test_rows_are_listed_in_order_of_refusal(quarantine: Quarantine) -> None:
    quarantine.keep(a_source(), refused(0.5, 1.5), NOON + timedelta(days=1), "a")
    quarantine.keep(a_source(), refused(2.5), NOON, "a")
    found = quarantine.list()
    assert found["refused_at"].to_pylist() == [NOON] + [NOON + timedelta(days=1)] * 2
    assert found["row_number"].to_pylist() == [0, 0, 1]


def test_an_empty_quarantine_has_its_columns(quarantine: Quarantine) -> None:
    assert quarantine.list().num_rows == 0
    assert quarantine.list().schema.field("refused_at").type == pa.timestamp("us", "UTC")


def test_no_rows_commit_nothing(quarantine: Quarantine) -> None:
    assert quarantine.keep(a_source(), REJECTED.empty_table(), NOON, "a") is None


def test_rows_without_a_reason_are_refused(quarantine: Quarantine) -> None:
    with pytest.raises(InputError, match="lack 'reason'"):
        quarantine.keep(a_source(), refused(0.5).drop_columns("reason"), NOON, "a")


def test_a_naive_time_of_refusal_is_refused(quarantine: Quarantine) -> None:
    with pytest.raises(NaiveTimestampError):
        quarantine.keep(a_source(), refused(0.5), NOON.replace(tzinfo=None), "a")


def test_the_refused_rows_of_an_older_release_are_listed_beside_those_of_their_source(
    quarantine: Quarantine,
) -> None:
    old = quarantine.table(QUARANTINE_TABLE)
    old.create()
    quarantine.keep(a_source("others"), refused(1.5), NOON, "a")
    rows = next(quarantine.tables(["others"])).read(list(QUARANTINE_COLUMNS))
    assert not list(rows)
    quarantine.keep(a_source(), refused(0.5), NOON, "a")
    batch = next(iter(quarantine.table(quarantine_table("events")).read(list(QUARANTINE_COLUMNS))))
    old.append({name: pa.chunked_array([batch.column(name)]) for name in batch.schema.names})
    assert quarantine.list("events")["source"].to_pylist() == ["events", "events"]
    assert quarantine.list("others")["source"].to_pylist() == ["others"]
    assert quarantine.list().num_rows == 3


def test_the_longest_name_of_a_source_has_a_quarantine(quarantine: Quarantine) -> None:
    source = a_source("s" * 100)
    quarantine.keep(source, refused(0.5), NOON, "a")
    assert quarantine.list(source).num_rows == 1
