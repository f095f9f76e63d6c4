"""Maps and dates in frames: what is taken, what is refused, and in which form columns lie."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skewless import Entity, FeatureView, Source, agg, col, compute
from skewless.errors import DefinitionError, InputError
from skewless.ingest.normalise import Normalised, normalise
from skewless.offline.frames.columns import physical
from skewless.offline.frames.incoming import to_arrow
from skewless.types import Array, Date, Float64, Int64, Map, String, Timestamp, ValueType

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
COUNTS = Map(String, Int64)


def read(frame: Any, type_: ValueType = COUNTS) -> Normalised:
    source = Source("events", schema={"x": type_}, event_time="at")
    return normalise(to_arrow(frame, None, source.columns), source)


def rows_with(*values: Any) -> list[dict[str, Any]]:
    return [{"x": value, "at": NOON} for value in values]


def maps_of(result: Normalised, type_: ValueType = COUNTS) -> list[Any]:
    assert result.rejected.num_rows == 0, result.rejected.to_pylist()
    return list(physical(result.accepted["x"], type_).to_pylist(maps_as_pydicts="strict"))


GIVEN = [{"b": 1, "a": 2}, {}, None, {"c": 3}]


@pytest.mark.parametrize(
    "frame",
    [
        rows_with(*GIVEN),
        pd.DataFrame(rows_with(*GIVEN)),
        pl.DataFrame({"x": pl.Series(GIVEN, dtype=pl.Map(pl.String, pl.Int64)), "at": [NOON] * 4}),
        pa.table({"x": pa.array(GIVEN, pa.map_(pa.string(), pa.int32())), "at": [NOON] * 4}),
        rows_with(*(None if value is None else list(value.items()) for value in GIVEN)),
        pl.DataFrame(
            {
                "x": [
                    None if x is None else [{"key": k, "value": v} for k, v in x.items()]
                    for x in GIVEN
                ],
                "at": [NOON] * 4,
            }
        ),
    ],
    ids=["rows", "pandas", "polars", "arrow", "pairs", "entries"],
)
def test_a_map_is_read_from_every_library_with_its_keys_in_order(frame: Any) -> None:
    found = maps_of(read(frame))
    assert found == [{"a": 2, "b": 1}, {}, None, {"c": 3}]
    assert list(found[0]) == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "type_", "reason"),
    [
        ({"a": None}, COUNTS, "no key and no value of a map is null"),
        ({"a": math.nan}, Map(String, Float64), "no key and no value of a map is null"),
        ({"a": math.inf}, Map(String, Float64), "a value does not fit: an infinity"),
        ({"a": 1.5}, COUNTS, "a value does not fit: Int64 takes whole numbers"),
        ([("a", 1), ("a", 2)], COUNTS, "a map has each key once"),
        ([(None, 1)], COUNTS, "no key and no value of a map is null"),
    ],
)
def test_a_map_that_is_no_value_is_refused_with_its_reason(
    value: Any, type_: ValueType, reason: str
) -> None:
    result = read(rows_with({"a": 1}, value), type_)
    assert result.accepted.num_rows == 1
    assert reason in result.rejected["reason"][0].as_py()


def test_what_is_no_map_is_refused_as_a_whole() -> None:
    with pytest.raises(InputError, match=r"Map\(String, Int64\) is declared"):
        read(rows_with(1, 2))


def test_keys_and_values_have_every_type() -> None:
    kind = Map(Date, Timestamp)
    found = maps_of(read(rows_with({date(1970, 1, 2): NOON}), kind), kind)
    assert found == [{1: int(NOON.timestamp()) * 10**6}]


@pytest.mark.parametrize(
    ("type_", "problem"),
    [
        (Map(Float64, Int64), "keys are one of String, Int64, Bool, Timestamp, Date, Bytes"),
        (Map(String, Array(Int64)), "values must be scalars or Decimals"),
    ],
    ids=str,
)
def test_a_map_that_no_column_can_be_is_refused(type_: ValueType, problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem):
        Source("events", schema={"x": type_}, event_time="at")


@pytest.mark.parametrize("type_", [COUNTS, Array(Int64)], ids=str)
def test_where_no_list_and_no_map_can_be_each_is_refused_by_its_type(type_: ValueType) -> None:
    source = Source("events", schema={"k": String, "x": type_}, event_time="at")
    entity = Entity("thing", keys={"k": String})
    with pytest.raises(DefinitionError, match="a key is one of"):
        Entity("thing", keys={"x": type_})
    with pytest.raises(DefinitionError, match="which has no order"):
        Source("events", schema={"x": type_}, event_time="at", tiebreak="x")
    for features, where, said in (
        ({"n": agg.min("x", window="1d")}, None, "min needs values with an order"),
        ({"n": agg.sum("x", window="1d")}, None, "sum needs a numeric input"),
        (["x"], col("x") == col("x"), "cannot be compared with"),
    ):
        with pytest.raises(DefinitionError, match=said):
            FeatureView(
                "v", entity=entity, source=source, features=features, where=where, refresh="stream"
            )


def test_maps_and_dates_are_computed_of_frames() -> None:
    source = Source("events", schema={"k": String, "x": COUNTS, "day": Date}, event_time="at")
    view = FeatureView(
        "v",
        entity=Entity("thing", keys={"k": String}),
        source=source,
        features=["x", "day"],
        refresh="stream",
    )
    events = [{"k": "a", "x": {"b": 1, "a": 2}, "day": NOON.date(), "at": NOON}]
    labels = pd.DataFrame({"k": ["a", "b"], "event_timestamp": [NOON.replace(hour=13)] * 2})
    found = compute(view, events=events, labels=labels)
    assert found.to_pandas()["x"].tolist() == [{"a": 2, "b": 1}, None]
    assert found.to_pandas()["day"].tolist() == [NOON.date(), None]
    assert found.to_polars()["day"].dtype == pl.Date
