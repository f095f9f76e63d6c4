from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as Exact
from pathlib import Path
from typing import Any

import pytest

from skewless import Source
from skewless.cli.rows import events_of, row_of_pairs, rows_of_file
from skewless.cli.values import from_json, from_text, read_json
from skewless.errors import InputError
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

ORDERS = Source(
    "orders",
    schema={"id": Int64, "name": String, "amount": Float64, "exact": Decimal(10, 2)},
    event_time="at",
)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


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
        ("AAE=", Bytes, b"\0\1"),
        ("[1, 2.5]", Vector(2), [1.0, 2.5]),
        ('["a"]', Array(String), ["a"]),
    ],
)
def test_a_text_is_read_by_its_type(text: str, type_: ValueType, value: Any) -> None:
    found = from_text(text, type_)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("type_", [Int64, Float64, Bool, Timestamp, Bytes, Vector(2)])
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
    assert events_of("o.csv", ORDERS) == [
        {"id": 1, "name": None, "amount": 2.5, "at": NOON, "note": "x"},
        {"id": 2, "name": "b", "amount": "oops", "at": None, "note": None},
    ]


def test_json_lines_are_read_by_the_sources_types() -> None:
    Path("o.jsonl").write_text('{"id": 1, "exact": 0.10}\n\n{"id": 2}\n')
    assert events_of("o.jsonl", ORDERS) == [{"id": 1, "exact": Exact("0.10")}, {"id": 2}]


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
        events_of(name, ORDERS)


def test_what_is_not_text_is_the_stores_to_read() -> None:
    Path("o.parquet").write_bytes(b"")
    for name in ("o.parquet", "s3://bucket/o.csv", "lake.orders", "nowhere.csv"):
        assert events_of(name, ORDERS) == name
