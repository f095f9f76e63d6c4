"""One value, one rule: a frame of events, a column of labels and a row to serve agree."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import Source
from skewless.compiler.physical import to_physical
from skewless.errors import InputError
from skewless.ingest.normalise import normalise
from skewless.offline.frames.columns import physical
from skewless.offline.frames.incoming import to_arrow
from skewless.offline.frames.own_frame import own_frame
from skewless.offline.training.labels import physical_column
from skewless.online.incoming import receive
from skewless.types import Bool, Bytes, Date, Decimal, Float64, Int64, String, Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.types import ValueType

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
TYPES: list[ValueType] = [Bool, Int64, Float64, Decimal(9, 2), String, Timestamp, Date, Bytes]
EDGES = (0, 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 2**70)
NUMBERS = st.sampled_from([sign * edge for edge in EDGES for sign in (1, -1)]) | st.integers()
FLOATS = st.floats(allow_infinity=False) | st.sampled_from([float(edge) for edge in EDGES])
VALUES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | NUMBERS
    | FLOATS
    | FLOATS.map(np.float64)
    | st.floats(width=32, allow_infinity=False).map(np.float32)
    | st.integers(-(2**31), 2**31 - 1).map(np.int32)
    | st.booleans().map(np.bool_)
    | st.decimals(-(10**20), 10**20, allow_nan=False, allow_infinity=False)
    | st.decimals(-(10**6), 10**6, places=2)
    | st.sampled_from([Number(2**53 + 1), Number("NaN"), math.nan, pd.NA, pd.NaT])
    | st.text(max_size=4)
    | st.binary(max_size=4)
    | st.datetimes(timezones=st.just(UTC))
    | st.integers(0, 3000).map(lambda ticks: pd.Timestamp(ticks, unit="ns", tz="UTC"))
    | st.dates()
    | st.datetimes()
    | st.dates().map(lambda day: datetime.combine(day, time.min))
    | st.sampled_from([pd.Timestamp(0), pd.Timestamp(1), pd.Timestamp("2024-02-29")])
    | st.just(timedelta(seconds=1))
)


class Refused(NamedTuple):
    """A value that was refused."""


def outcome(convert: Callable[[], Any]) -> Any:
    try:
        return convert()
    except InputError:
        return Refused()


def served(value: Any, type_: ValueType) -> Any:
    return outcome(lambda: to_physical(value, type_, "x"))


def of_frame_to_serve(frame: Any, type_: ValueType) -> Any:
    return outcome(lambda: to_physical(receive(frame, {"x": type_}).rows[0]["x"], type_, "x"))


def of_label(frame: Any, type_: ValueType) -> Any:
    column = outcome(lambda: physical_column(own_frame(frame).column("x"), type_, "x"))
    return column if isinstance(column, Refused) else column.to_pylist()[0]


def of_event(frame: Any, type_: ValueType) -> Any:
    source = Source("events", schema={"x": type_}, event_time="at")
    result = outcome(lambda: normalise(to_arrow(frame), source))
    if isinstance(result, Refused) or result.rejected.num_rows:
        return Refused()
    return physical(result.accepted["x"], type_).to_pylist()[0]


def assert_alike(value: Any, frame: Any, type_: ValueType) -> None:
    expected = served(value, type_)
    for door in (of_label, of_event, of_frame_to_serve):
        found = door(frame, type_)
        assert repr(found) == repr(expected)


@pytest.mark.parametrize("type_", TYPES, ids=str)
@given(value=VALUES)
def test_a_python_value_is_the_same_at_every_door(value: Any, type_: ValueType) -> None:
    assert_alike(value, [{"x": value, "at": NOON}], type_)
    frame = pd.DataFrame({"x": pd.Series([value], dtype=object), "at": [NOON]})
    assert_alike(value, frame, type_)


@pytest.mark.parametrize("type_", TYPES, ids=str)
@given(value=FLOATS | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.text(max_size=3))
def test_a_column_of_a_library_is_as_its_values(value: Any, type_: ValueType) -> None:
    for frame in (
        pd.DataFrame({"x": [value], "at": [NOON]}),
        pl.DataFrame({"x": [value], "at": [NOON]}),
        pa.table({"x": [value], "at": [NOON]}),
    ):
        assert_alike(value, frame, type_)


def test_what_a_missing_key_makes_of_integers_is_integers() -> None:
    frame = pd.DataFrame({"x": [7, None], "at": [NOON] * 2})
    assert frame["x"].dtype == np.float64
    assert physical_column(own_frame(frame).column("x"), Int64, "x").to_pylist() == [7, None]
    assert served(7.0, Int64) == 7


KINDS = {
    "period": pd.DataFrame({"x": pd.period_range("2020", periods=2, freq="Y")}),
    "interval": pd.DataFrame({"x": pd.interval_range(0, 2)}),
    "duration": pd.DataFrame({"x": pd.to_timedelta([1, 2], unit="s")}),
    "date": pl.DataFrame({"x": [date(2024, 5, 1), date(2024, 5, 2)]}),
    "time": pl.DataFrame({"x": [NOON.time(), NOON.time()]}),
    "uuid": pa.table({"x": pa.array([b"a" * 16] * 2, pa.binary(16)).cast(pa.uuid())}),
    "struct": pl.DataFrame({"x": [{"a": 1}, {"a": 2}]}),
}


@pytest.mark.parametrize(
    ("kind", "type_"),
    [(kind, type_) for kind in KINDS for type_ in TYPES if (kind, type_) != ("date", Date)],
    ids=str,
)
def test_kinds_that_are_no_values_of_ours_are_refused_by_name(kind: str, type_: ValueType) -> None:
    column = own_frame(KINDS[kind]).column("x")
    with pytest.raises(InputError, match=f"entity_df column 'x' is .* not {type_.__class__}|'x'"):
        physical_column(column, type_, "x")


def test_what_says_how_it_is_stored_is_what_it_stores() -> None:
    flags = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, None], pa.int8()))
    column = own_frame(pa.table({"x": flags})).column("x")
    assert physical_column(column, Bool, "x").to_pylist() == [True, False, None]


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["a", "b"])], ids=str)
def test_categories_are_their_values(kind: Any) -> None:
    column = own_frame(pl.DataFrame({"x": pl.Series(["a", None], dtype=kind)})).column("x")
    assert physical_column(column, String, "x").to_pylist() == ["a", None]


def test_integers_of_128_bits_are_integers_as_far_as_they_fit() -> None:
    frame = pl.DataFrame({"x": pl.Series([7, None], dtype=pl.Int128)})
    assert physical_column(own_frame(frame).column("x"), Int64, "x").to_pylist() == [7, None]
    wide = pl.DataFrame({"x": pl.Series([7, 2**70], dtype=pl.Int128)})
    with pytest.raises(InputError, match=f"'x' is .*{2**70}.* in row 1: Int64 takes whole"):
        physical_column(own_frame(wide).column("x"), Int64, "x")
