"""`Source.from_frame`: the schema that a frame has."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skewless import Source
from skewless.errors import DefinitionError
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
    Vector,
)

if TYPE_CHECKING:
    from skewless.types import ValueType

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
ROW: dict[str, Any] = {
    "user": "a",
    "amount": 1.5,
    "n": 3,
    "ok": True,
    "seen": NOON,
    "born": date(2024, 2, 29),
    "price": Number("1.25"),
    "tags": ["x"],
    "raw": b"x",
    "ts": NOON,
}
SCHEMA: dict[str, ValueType] = {
    "user": String,
    "amount": Float64,
    "n": Int64,
    "ok": Bool,
    "seen": Timestamp,
    "born": Date,
    "price": Decimal(3, 2),
    "tags": Array(String),
    "raw": Bytes,
}


@pytest.mark.parametrize(
    "framed", [list, pd.DataFrame, pa.Table.from_pylist], ids=["rows", "pandas", "arrow"]
)
def test_each_column_has_the_type_that_takes_its_values(framed: Any) -> None:
    made = Source.from_frame("tx", framed([ROW, ROW]), event_time="ts", delay="5m")
    assert made == Source("tx", schema=SCHEMA, event_time="ts", delay="5m")


def test_categories_vectors_and_small_integers_have_types() -> None:
    table = pa.table(
        {
            "kind": pa.array(["a", "b"]).dictionary_encode(),
            "place": pa.array([[1.0, 2.0]] * 2, pa.list_(pa.float32(), 2)),
            "small": pa.array([1, 2], pa.uint8()),
            "ts": pa.array([NOON] * 2, pa.timestamp("ns", "Europe/Paris")),
        }
    )
    found = Source.from_frame("tx", table, event_time="ts").schema
    assert found == {"kind": String, "place": Vector(2), "small": Int64}
    frame = pl.DataFrame({"x": [1], "ts": [NOON]}).with_columns(pl.lit("a").alias("c"))
    assert Source.from_frame("tx", frame, event_time="ts").schema == {"x": Int64, "c": String}


def test_the_source_is_printed_as_code_that_makes_it(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**ROW, "known": NOON, "it's": 1}]
    made = Source.from_frame(
        "tx",
        [{k: v for k, v in rows[0].items() if k != "it's"}],
        event_time="ts",
        ingest_time="known",
        event_id="n",
        owner="o\"'",
        tags={"a": "b"},
    )
    names: dict[str, Any] = {}
    exec(capsys.readouterr().out, names)  # noqa: S102 - our own
    assert names["tx"] == made
    assert names["tx"].owner == made.owner
    assert names["tx"].tags == {"a": "b"}


def test_all_columns_without_a_type_are_named_at_once() -> None:
    row = {**ROW, "ts": datetime(2024, 3, 5), "day": time(3), "none": None, "s": {"a": 1}}  # noqa: DTZ001 - that is the point
    mixed = [{**row, "mix": 1}, {**row, "mix": "x"}]
    with pytest.raises(DefinitionError) as told:
        Source.from_frame("tx", mixed, event_time="ts")
    for part in ("'ts'", "no time zone", "'day'", "'none'", "'s'", "'mix'", "several types"):
        assert part in str(told.value)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"event_time": "amounts"}, "no column 'amounts'. Did you mean 'amount'"),
        ({"event_time": "amount"}, "'amount' is double, and must be an instant"),
        ({"event_time": "ts", "ingest_time": "known"}, "no column 'known'"),
        ({"event_time": "ts", "schema": {}}, "takes no schema"),
        ({"event_time": "ts", "delay": "soon"}, "delay: "),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        Source.from_frame("tx", [ROW], **options)
