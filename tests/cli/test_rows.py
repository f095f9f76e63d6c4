from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal as Exact
from pathlib import Path
from typing import Any

import pytest

from skewless import Source
from skewless.cli.files import frame_of
from skewless.cli.rows import row_of_pairs, rows_of_file
from skewless.cli.values import from_json, from_text, read_json
from skewless.errors import InputError
from skewless.types import (
    Array,
    Bool,
    Bytes,
    Date,
    Decimal,
    Float64,
    Int64,
    String,
    Timestamp,
    ValueType,
    Vector,
)

ORDERS = Source(
    "orders",
    schema={"id": Int64, "name": String, "amount": Float64, "exact": Decimal(10, 2)},
    event_time="at",
)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def rows_of(name: str, column: str, **options: Any) -> list[Any]:
    found: Any = frame_of(name, ORDERS.columns, None, **options)
    return [row[column] for row in found]


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("7", Int64, 7),
        ("-1.5", Float64, -1.5),
        ("1.10", Decimal(10, 2), Exact("1.10")),
        ("TRUE", Bool, True),
        ("true", String, "true"),
        ("", String, ""),
        ("", Int64, None),
        ("2026-01-02T12:00:00Z", Timestamp, NOON),
        ("2026-01-02", Date, date(2026, 1, 2)),
        ("AAE=", Bytes, b"\0\1"),
        ("[1, 2.5]", Vector(2), [1.0, 2.5]),
        ('["a"]', Array(String), ["a"]),
    ],
)
def test_a_text_is_read_by_its_type(text: str, type_: ValueType, value: Any) -> None:
    found = from_text(text, type_)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("type_", [Int64, Float64, Bool, Timestamp, Date, Bytes, Vector(2)])
def test_a_text_that_does_not_fit_is_left_for_the_store_to_refuse(type_: ValueType) -> None:
    assert from_text("wrong!", type_) == "wrong!"


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("1.1", Decimal(10, 2), Exact("1.1")),
        ('"1.1"', Decimal(10, 2), Exact("1.1")),
        ("1.5", Float64, 1.5),
        ("2", Float64, 2.0),
        ("true", Float64, True),
        ('"x"', Float64, "x"),
        ("null", Timestamp, None),
        ('["2026-01-02T12:00:00Z"]', Array(Timestamp), [NOON]),
        ('["2026-01-02"]', Array(Date), [date(2026, 1, 2)]),
    ],
)
def test_json_is_read_by_its_type(text: str, type_: ValueType, value: Any) -> None:
    found = from_json(read_json(text), type_)
    assert found == value
    assert type(found) is type(value)


def test_pairs_become_a_row() -> None:
    assert row_of_pairs("id=1\nname=a=b c", ORDERS.columns) == {"id": 1, "name": "a=b c"}


def test_a_pair_that_names_nothing_is_refused_with_a_hint() -> None:
    with pytest.raises(InputError, match="Did you mean 'name'"):
        row_of_pairs("namee=x", ORDERS.columns)
    with pytest.raises(InputError, match="is no pair"):
        row_of_pairs("name", ORDERS.columns)


def test_a_file_of_rows_holds_a_list_or_one() -> None:
    path = Path("rows.json")
    path.write_text('[{"id": 1, "note": 1.5}]')
    assert rows_of_file(path, ORDERS.columns) == [{"id": 1, "note": 1.5}]
    path.write_text('{"id": 1}')
    assert rows_of_file(path, ORDERS.columns) == [{"id": 1}]
    for wrong in ("[1]", "nonsense"):
        path.write_text(wrong)
        with pytest.raises(InputError, match=r"rows\.json"):
            rows_of_file(path, ORDERS.columns)


def test_a_csv_is_read_by_the_sources_types() -> None:
    Path("o.csv").write_text("id,name,amount,at,note\n1,,2.5,2026-01-02T12:00:00Z,x\n2,b,oops,,\n")
    assert frame_of("o.csv", ORDERS.columns, None) == [
        {"id": 1, "name": None, "amount": 2.5, "at": NOON, "note": "x"},
        {"id": 2, "name": "b", "amount": "oops", "at": None, "note": None},
    ]


def test_json_lines_are_read_by_the_sources_types() -> None:
    Path("o.jsonl").write_text('{"id": 1, "exact": 0.10}\n\n{"id": 2}\n')
    assert frame_of("o.jsonl", ORDERS.columns, None) == [
        {"id": 1, "exact": Exact("0.10")},
        {"id": 2},
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("o.csv", "id,name\n1\n", "row 1: the header has another number of fields"),
        ("o.csv", "id,name\n1,a\n1,a,b\n", "row 2: the header has another number of fields"),
        ("o.jsonl", '{"id": 1}\n{"id"\n', "line 2 is not JSON"),
        ("o.jsonl", "[1]\n", "line 1 is no JSON object"),
    ],
)
def test_a_broken_line_is_told_by_its_number(name: str, text: str, told: str) -> None:
    Path(name).write_text(text)
    with pytest.raises(InputError, match=told):
        frame_of(name, ORDERS.columns, None)


def test_what_is_not_text_is_the_stores_to_read() -> None:
    Path("o.parquet").write_bytes(b"")
    for name in ("o.parquet", "s3://bucket/o.csv", "lake.orders", "nowhere.csv"):
        assert frame_of(name, ORDERS.columns, None) == name


def test_whole_numbers_with_gaps_are_read_as_pandas_writes_them() -> None:
    Path("o.csv").write_text("id,name\n9007199254740993.0,a\n,b\n")
    assert rows_of("o.csv", "id") == [2**53 + 1, None]


@pytest.mark.parametrize("text", ["1_000", "0x10", "1.5", "1e3"])
def test_a_text_that_is_no_whole_number_is_none(text: str) -> None:
    assert from_text(text, Int64) == text


def test_a_time_with_nanoseconds_is_not_cut() -> None:
    assert from_text("2026-01-02T12:00:00.000000000Z", Timestamp) == NOON
    assert isinstance(from_text("2026-01-02T12:00:00.0000001Z", Timestamp), str)


def test_columns_that_nobody_reads_stand_as_they_do_in_the_file() -> None:
    Path("o.csv").write_text("id,code,when\n1,007,2026-01-02\n")
    assert frame_of("o.csv", {"id": Int64}, None, timezone="UTC") == [
        {"id": 1, "code": "007", "when": "2026-01-02"}
    ]


def test_times_without_a_zone_get_the_one_that_is_told() -> None:
    Path("o.csv").write_text("id,at\n1,2026-01-02 13:00:00\n2,2026-01-02T12:00:00Z\n")
    assert rows_of("o.csv", "at", timezone="Europe/Berlin") == [NOON, NOON]


@pytest.mark.parametrize("time", ["2025-10-26T02:30:00", "2025-03-30T02:30:00"])
def test_a_time_that_the_clocks_showed_twice_or_never_is_refused(time: str) -> None:
    Path("o.csv").write_text(f"at\n{time}\n")
    with pytest.raises(InputError, match=r"o\.csv: .* names no one instant in Europe/Berlin"):
        frame_of("o.csv", ORDERS.columns, None, timezone="Europe/Berlin")


def test_a_header_that_repeats_a_column_is_refused() -> None:
    Path("o.csv").write_text("id,id\n1,2\n")
    with pytest.raises(InputError, match=r"o\.csv has several columns named 'id'"):
        frame_of("o.csv", ORDERS.columns, None)
