"""What a frame becomes on its way into the log, and which of its rows are refused."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import Source
from skewless.errors import InputError, NaiveTimestampError
from skewless.offline.checks import RowCheck
from skewless.offline.frames import to_arrow
from skewless.offline.normalise import normalise
from skewless.types import Float64, Int64, ValueType

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
INT64 = st.integers(-(2**63), 2**63 - 1)


def a_source(type_: ValueType = Float64, **columns: ValueType) -> Source:
    return Source("events", schema={"x": type_, **columns}, event_time="at")


def a_table(values: Any, **columns: Any) -> pa.Table:
    return pa.table({"x": values, "at": [NOON] * len(values), **columns})


def test_the_columns_are_the_sources_in_its_order() -> None:
    table = pa.table({"at": [NOON], "y": [1], "x": [1.0], "more": [2]})
    result = normalise(table, a_source(Float64, y=Int64))
    assert result.accepted.column_names == ["x", "y", "at"]


def test_extra_columns_are_ignored_and_named() -> None:
    assert normalise(a_table([1.0], more=[1]), a_source()).ignored == ("more",)


def test_a_missing_column_is_an_error_that_names_the_near_miss() -> None:
    table = pa.table({"X": [1.0], "att": [NOON]})
    with pytest.raises(
        InputError, match=r"lacks the columns .*'at' \(Timestamp\) Did you mean 'att'"
    ):
        normalise(table, a_source())


def test_no_rows_of_no_columns_are_no_rows() -> None:
    assert normalise(to_arrow([]), a_source()).accepted.column_names == ["x", "at"]


def test_a_naive_event_time_is_an_error_that_names_the_column() -> None:
    table = pa.table({"x": [1.0], "at": [datetime(2024, 5, 1)]})  # noqa: DTZ001
    with pytest.raises(NaiveTimestampError, match=r"column 'at'.*tz_localize"):
        normalise(table, a_source())


def test_a_single_naive_value_among_aware_ones_is_an_error() -> None:
    rows = [{"x": 1.0, "at": NOON}, {"x": 1.0, "at": NOON.replace(tzinfo=None)}]
    with pytest.raises(NaiveTimestampError):
        normalise(to_arrow(rows), a_source())


def test_a_row_without_event_time_is_refused() -> None:
    table = pa.table({"x": [1.0, 2.0], "at": pa.array([NOON, None])})
    result = normalise(table, a_source())
    assert result.accepted["x"].to_pylist() == [1.0]
    assert result.rejected["reason"].to_pylist() == [
        "column 'at' is null: every event has its time"
    ]


def test_a_refused_row_is_kept_whole_with_its_number() -> None:
    table = a_table([1.0, math.inf], more=pa.array([b"a", b"\xff"]))
    (row,) = normalise(table, a_source()).rejected.to_pylist()
    assert row["row_number"] == 1
    assert json.loads(row["row"]) == {
        "x": "inf",
        "at": "2024-05-01T12:00:00+00:00",
        "more": "/w==",
    }


def test_a_row_with_two_faults_is_refused_once_for_both() -> None:
    table = pa.table({"x": [math.inf], "y": ["a"], "at": [NOON]})
    (row,) = normalise(table, a_source(Float64, y=Int64)).rejected.to_pylist()
    assert "column 'x' is inf" in row["reason"]
    assert "column 'y' is 'a'" in row["reason"]


def test_of_a_mixed_column_only_the_misfits_are_refused() -> None:
    rows = [{"x": value, "at": NOON} for value in (1, "two", 3.0, None, True, 2**70, 4)]
    result = normalise(to_arrow(rows), a_source(Int64))
    assert result.accepted["x"].to_pylist() == [1, 3, None, 4]
    assert result.rejected["row_number"].to_pylist() == [1, 4, 5]


@given(st.lists(st.none() | st.booleans() | INT64 | st.floats() | st.text(max_size=3), min_size=1))
def test_rows_are_kept_or_refused_and_never_lost(values: list[Any]) -> None:
    rows = [{"x": value, "at": NOON} for value in values]
    result = normalise(to_arrow(rows), a_source(Float64))
    assert result.accepted.num_rows + result.rejected.num_rows == len(values)


def test_checks_see_the_rows_that_fit_and_refuse_by_row_number() -> None:
    check = RowCheck(("x",), lambda table: [x.as_py() > 1 for x in table["x"]], "x is at most 1")
    result = normalise(a_table([0.0, math.inf, 2.0]), a_source(), checks=[check])
    assert result.accepted["x"].to_pylist() == [0.0]
    assert result.rejected["row_number"].to_pylist() == [1, 2]
    assert result.rejected["reason"][1].as_py() == "column 'x' is 2.0: x is at most 1"
