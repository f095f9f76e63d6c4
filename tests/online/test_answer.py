"""Answers: how they print, and how they become frames and JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skewless.definitions import types
from skewless.online.answer import Answer, ViewStatus
from skewless.online.incoming import Received

if TYPE_CHECKING:
    from skewless.definitions.types import ValueType

AT = datetime(2024, 10, 4, 12, 0, 0, 1, tzinfo=UTC)
TYPES: dict[str, ValueType] = {
    "n": types.Int64,
    "mean": types.Float64,
    "price": types.Decimal(12, 2),
    "gate": types.String,
    "raw": types.Bytes,
    "seen_at": types.Timestamp,
    "born": types.Date,
    "paid": types.Array(types.Date),
    "is_late": types.Bool,
    "tags": types.Array(types.String),
    "embedding": types.Vector(2),
}
FULL: dict[str, Any] = {
    "n": 2**62 + 1,
    "mean": 0.1 + 0.2,
    "price": Decimal("1.50"),
    "gate": "é",
    "raw": b"\x00\xff",
    "seen_at": AT,
    "born": AT.date(),
    "paid": [AT.date()],
    "is_late": True,
    "tags": ["a", ""],
    "embedding": [0.5, -1.0],
}
EMPTY = dict.fromkeys(TYPES)


def an_answer(*rows: dict[str, Any], sent: Received | None = None) -> Answer:
    keys = [{"carrier": f"C{number}"} for number in range(len(rows))]
    return Answer(
        names=tuple(TYPES),
        rows=list(rows),
        status=[{"delays": ViewStatus(AT, "ok")} for _ in rows],
        read_units=0.5,
        item_bytes=10,
        types=TYPES,
        inputs={"carrier": types.String},
        sent=sent or Received(keys),
    )


def test_columns_hold_the_values_of_all_rows() -> None:
    answer = an_answer(FULL, EMPTY)
    assert answer.to_dict() == {name: [FULL[name], None] for name in TYPES}


def test_an_answer_prints_how_current_it_is() -> None:
    assert str(an_answer(FULL, EMPTY)) == "Answer(2 rows of 11 features, views: 2 ok)"
    assert str(an_answer()) == "Answer(0 rows of 11 features)"


def test_a_status_prints_why() -> None:
    assert str(ViewStatus(AT, "ok")) == "ok as of 2024-10-04T12:00:00.000001+00:00"
    assert str(ViewStatus(AT, "failed", "too large")).endswith("+00:00: too large")


def test_arrow_holds_the_values_and_their_types() -> None:
    table = an_answer(FULL, EMPTY).to_arrow()
    assert table.column_names == ["carrier", *TYPES]
    assert table.slice(0, 1).to_pylist() == [{"carrier": "C0", **FULL}]
    assert table.slice(1, 1).to_pylist() == [{"carrier": "C1", **EMPTY}]
    assert table.schema.field("seen_at").type == pa.timestamp("us", "UTC")
    assert table.schema.field("tags").type == pa.list_(pa.string())


def test_polars_holds_the_values() -> None:
    frame = an_answer(FULL, EMPTY).to_polars()
    assert frame.rows(named=True) == [{"carrier": "C0", **FULL}, {"carrier": "C1", **EMPTY}]


def test_pandas_keeps_whole_numbers_whole_beside_nulls() -> None:
    frame = an_answer(FULL, EMPTY).to_pandas()
    assert frame["n"].dtype == "Int64"
    assert frame["n"][0] == FULL["n"]
    assert frame["mean"].dtype == "float64"
    assert list(frame["tags"][0]) == FULL["tags"]
    assert frame["tags"][1] is None


def test_a_pandas_frame_of_the_request_keeps_its_index() -> None:
    asked = pd.DataFrame({"carrier": ["UA"]}, index=["x"])
    sent = Received([{"carrier": "UA"}], "pandas", asked)
    frame = an_answer(FULL, sent=sent).to_pandas()
    assert list(frame.index) == ["x"]
    assert list(frame.columns) == ["carrier", *TYPES]


@pytest.mark.parametrize(
    ("kind", "asked", "frame"),
    [
        ("pandas", pd.DataFrame({"carrier": ["UA"]}), pd.DataFrame),
        ("polars", pl.DataFrame({"carrier": ["UA"]}), pl.DataFrame),
        ("arrow", pa.table({"carrier": ["UA"]}), pa.Table),
    ],
)
def test_a_frame_comes_back_in_the_library_that_it_came_in(
    kind: Any, asked: Any, frame: type
) -> None:
    sent = Received([{"carrier": "UA"}], kind, asked)
    assert isinstance(an_answer(FULL, sent=sent).to_frame(), frame)


def test_dicts_come_back_as_arrow() -> None:
    assert isinstance(an_answer(FULL).to_frame(), pa.Table)


def test_json_reads_back_to_the_same_bits() -> None:
    full, empty = json.loads(an_answer(FULL, EMPTY).to_json())
    assert full == {
        "carrier": "C0",
        **FULL,
        "price": "1.50",
        "raw": "AP8=",
        "seen_at": "2024-10-04T12:00:00.000001Z",
        "born": "2024-10-04",
        "paid": ["2024-10-04"],
    }
    assert empty == {"carrier": "C1", **EMPTY}


def test_json_may_hold_the_status() -> None:
    found = json.loads(an_answer(FULL).to_json(with_status=True))
    assert found["status"] == [
        {"delays": {"as_of": "2024-10-04T12:00:00.000001Z", "status": "ok", "reason": None}}
    ]


def test_a_word_of_other_tools_is_answered_with_ours() -> None:
    with pytest.raises(AttributeError, match="to_pandas"):
        an_answer(FULL).to_df()
