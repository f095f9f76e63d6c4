"""What a frame becomes on its way into the log, and which of its rows are refused."""

from __future__ import annotations

import decimal
import json
import math
from datetime import UTC, datetime
from decimal import Decimal as Number
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import Source
from skewless.errors import InputError, NaiveTimestampError
from skewless.ingest.checks import RowCheck
from skewless.ingest.normalise import normalise
from skewless.offline.frames.incoming import to_arrow
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
        InputError,
        match=r"lacks the columns 'x' \(Float64\), 'at' \(Timestamp\). Did you mean 'att'",
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
    rows = [{"x": math.inf, "y": "a", "at": NOON}, {"x": 1.0, "y": 1, "at": NOON}]
    (row,) = normalise(to_arrow(rows), a_source(Float64, y=Int64)).rejected.to_pylist()
    assert "column 'x' is inf" in row["reason"]
    assert "column 'y' is 'a'" in row["reason"]


def test_of_a_mixed_column_only_the_misfits_are_refused() -> None:
    rows = [{"x": value, "at": NOON} for value in (1, "two", 3.0, None, True, 2**70, 4)]
    result = normalise(to_arrow(rows), a_source(Int64))
    assert result.accepted["x"].to_pylist() == [1, 3, None, 4]
    assert result.rejected["row_number"].to_pylist() == [1, 4, 5]


@given(st.lists(st.none() | st.booleans() | INT64 | st.floats() | st.text(max_size=3), min_size=1))
def test_rows_are_kept_or_refused_and_never_lost(values: list[Any]) -> None:
    rows = [{"x": value, "at": NOON} for value in [*values, 0.5]]
    result = normalise(to_arrow(rows), a_source(Float64))
    assert result.accepted.num_rows + result.rejected.num_rows == len(values) + 1


def test_checks_see_the_rows_that_fit_and_refuse_by_row_number() -> None:
    check = RowCheck(("x",), lambda table: [x.as_py() > 1 for x in table["x"]], "x is at most 1")
    result = normalise(a_table([0.0, math.inf, 2.0]), a_source(), checks=[check])
    assert result.accepted["x"].to_pylist() == [0.0]
    assert result.rejected["row_number"].to_pylist() == [1, 2]
    assert result.rejected["reason"][1].as_py() == "column 'x' is 2.0: x is at most 1"


WRONG = [
    (Timestamp, ["2024-05-01T12:00:00Z"], "text", "pd.to_datetime(frame['x'], utc=True)"),
    (Timestamp, [1714564800], "int64", "pd.to_datetime(frame['x'], unit='s', utc=True)"),
    (Timestamp, [1714564800.5], "double", "unit='s'"),
    (Timestamp, [NOON.date()], "date32[day]", "dt.tz_localize('UTC')"),
    (Bool, [0, 1], "int64", "frame['x'].astype('boolean')"),
    (Bool, [0.0, 1.0, None], "double", "frame['x'].astype('boolean')"),
    (Bool, ["true"], "text", ".map({'true': True, 'false': False})"),
    (Decimal(9, 2), [1.5], "double", "decimal.Decimal(repr(x)), 2)"),
    (Decimal(9, 2), ["1.50"], "text", ".map(decimal.Decimal, na_action='ignore')"),
    (Int64, ["1"], "text", "pd.to_numeric(frame['x']).astype('Int64')"),
    (Int64, [True], "bool", "frame['x'].astype('Int64')"),
    (Float64, ["1.5"], "text", "pd.to_numeric(frame['x'])"),
    (Float64, [True], "bool", "frame['x'].astype('Float64')"),
    (String, [7], "int64", "frame['x'].astype('string')"),
    (String, [Number("1.5")], "decimal128(2, 1)", "frame['x'].astype('string')"),
    (Bytes, ["a"], "text", "frame['x'].str.encode('utf-8')"),
    (Array(Int64), ["[1]"], "text", ".map(json.loads, na_action='ignore')"),
    (Array(Int64), [["a"]], "lists of text", "convert it to Array(Int64)"),
    (Vector(2), [1.0], "double", "convert it to Vector(2)"),
]


@pytest.mark.parametrize(("type_", "values", "given", "remedy"), WRONG)
def test_a_column_of_which_no_value_fits_is_an_error_with_the_remedy(
    type_: ValueType, values: list[Any], given: str, remedy: str
) -> None:
    with pytest.raises(InputError) as caught:
        normalise(a_table(values), a_source(type_))
    assert f"column 'x' is {given}, and {type_} is declared" in str(caught.value)
    assert remedy in str(caught.value)


REMEDIED = [row for row in WRONG if not row[3].startswith("convert")]


@pytest.mark.parametrize(("type_", "values", "given", "remedy"), REMEDIED)
def test_the_remedy_works_as_pasted(
    type_: ValueType, values: list[Any], given: str, remedy: str
) -> None:
    del given, remedy
    frame = pd.DataFrame({"x": values, "at": [NOON] * len(values)})
    with pytest.raises(InputError) as caught:
        normalise(to_arrow(frame), a_source(type_))
    code = str(caught.value).rpartition("is declared: ")[2].partition(", or declare")[0]
    exec(code, {"pd": pd, "decimal": decimal, "json": json, "frame": frame})  # noqa: S102
    assert normalise(to_arrow(frame), a_source(type_)).accepted.num_rows == len(values)


def test_every_wrong_column_is_named() -> None:
    table = pa.table({"x": ["1"], "y": [True], "at": ["2024"]})
    with pytest.raises(InputError) as caught:
        normalise(table, a_source(Float64, y=Int64))
    assert all(f"column {name!r}" in str(caught.value) for name in ("x", "y", "at"))


def test_one_value_of_a_kind_that_fits_makes_the_others_rows() -> None:
    rows = [{"x": value, "at": NOON} for value in ("1", True, 2.0, None)]
    result = normalise(to_arrow(rows), a_source(Float64))
    assert result.accepted["x"].to_pylist() == [2.0, None]
    assert result.rejected["row_number"].to_pylist() == [0, 1]


def test_a_mixed_column_of_which_no_value_fits_is_an_error() -> None:
    rows = [{"x": value, "at": NOON} for value in ("1", True, None)]
    with pytest.raises(InputError, match="column 'x' is text and bool"):
        normalise(to_arrow(rows), a_source(Float64))


def test_values_of_the_right_type_that_all_lie_out_of_range_are_rows() -> None:
    result = normalise(a_table([math.inf, -math.inf]), a_source())
    assert result.rejected.num_rows == 2


def test_refused_rows_are_counted_by_reason() -> None:
    rows = [{"x": value, "at": NOON} for value in (1.0, "a", math.inf, "b")]
    result = normalise(to_arrow(rows), a_source())
    assert [str(reason) for reason in result.reasons] == [
        "row 2: column 'x': an infinity is not a value; leave it null",
        "2 rows, the first is row 1: column 'x': Float64 is needed, and this is text",
    ]
