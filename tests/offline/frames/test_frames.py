"""Frames of every kind in, Arrow inside, the caller's own kind out."""

from __future__ import annotations

import subprocess
import sys
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skewless.errors import InputError
from skewless.offline.frames.incoming import column_of, to_arrow
from skewless.offline.frames.own_frame import own_frame
from skewless.types import Float64, Int64

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def a_table(**columns: Any) -> pa.Table:
    return pa.table(columns or {"n": pa.array([1, None]), "t": pa.array([NOON, None])})


def test_an_arrow_table_is_itself() -> None:
    table = a_table()
    assert to_arrow(table) is not None
    assert to_arrow(table).equals(table)


def test_a_record_batch_is_a_table() -> None:
    assert to_arrow(a_table().to_batches()[0]).equals(a_table())


def test_anything_with_an_arrow_stream_is_read() -> None:
    assert to_arrow(a_table().to_reader()).equals(a_table())


def test_pandas_nan_is_null_and_ints_stay_ints() -> None:
    frame = pd.DataFrame({"f": [1.5, np.nan], "i": [1, 2], "n": pd.array([1, None], "Int64")})
    table = to_arrow(frame)
    assert table.to_pydict() == {"f": [1.5, None], "i": [1, 2], "n": [1, None]}
    assert table.schema.field("n").type == pa.int64()


def test_pandas_objects_of_decimals_categories_and_times_are_read() -> None:
    frame = pd.DataFrame(
        {
            "d": [Decimal("1.50"), None],
            "c": pd.Categorical(["a", None]),
            "t": pd.Series([NOON, None], dtype="datetime64[us, UTC]"),
        }
    )
    assert to_arrow(frame).to_pydict() == {
        "d": [Decimal("1.50"), None],
        "c": ["a", None],
        "t": [NOON, None],
    }


def test_the_index_of_a_pandas_frame_is_not_read() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=[5, 6, 7])[lambda f: f.a > 1]
    assert to_arrow(frame).to_pydict() == {"a": [2, 3]}


def test_polars_frames_are_read() -> None:
    frame = pl.DataFrame({"s": ["a", None], "t": [NOON, None], "l": [[1], None]})
    assert to_arrow(frame).to_pydict() == {"s": ["a", None], "t": [NOON, None], "l": [[1], None]}


def test_a_lazy_polars_frame_is_collected() -> None:
    assert to_arrow(pl.DataFrame({"a": [1]}).lazy()).to_pydict() == {"a": [1]}


def test_polars_integers_of_128_bits_and_objects_are_read_as_they_are() -> None:
    frame = pl.DataFrame(
        {
            "i": pl.Series([7, None], dtype=pl.Int128),
            "o": pl.Series(["a", None], dtype=pl.Object),
        }
    )
    assert to_arrow(frame).to_pydict() == {"i": [7, None], "o": ["a", None]}


def test_a_sparse_pandas_column_is_read() -> None:
    frame = pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 5])})
    assert to_arrow(frame).to_pydict() == {"a": [0, 0, 5]}


def test_of_a_column_that_nobody_needs_the_text_may_stand_for_it() -> None:
    frame = pd.DataFrame({"k": [1], "c": [1 + 2j]})
    assert to_arrow(frame, kinds={"k": Int64}).to_pydict() == {"k": [1], "c": ["(1+2j)"]}
    with pytest.raises(InputError, match="column 'c'"):
        to_arrow(frame, kinds={"k": Int64, "c": Float64})


def test_rows_may_lack_keys() -> None:
    assert to_arrow([{"a": 1}, {"b": "x"}]).to_pydict() == {"a": [1, None], "b": [None, "x"]}


def test_no_rows_are_an_empty_table() -> None:
    assert to_arrow([]).num_rows == 0


def test_a_column_of_mixed_values_keeps_each_as_it_is() -> None:
    values = [1, "a", 2.5, True, None, b"x", NOON, date(2024, 5, 1), Decimal("1.1"), [1], {"k": 1}]
    column = column_of(values)
    assert pa.types.is_union(column.type)
    assert column.to_pylist() == values


def test_integers_and_floats_are_not_mixed_to_floats() -> None:
    assert column_of([2**60 + 1, 0.5]).to_pylist() == [2**60 + 1, 0.5]


def test_what_arrow_cannot_hold_is_kept_as_text() -> None:
    assert column_of([2**300, None]).to_pylist() == [{"unsupported": str(2**300)}, None]
    assert "UUID" in str(column_of([uuid.uuid4()]).to_pylist())
    assert column_of([[1, "a"]]).to_pylist() == [{"unsupported": "[1, 'a']"}]


def test_a_pandas_timestamps_nanoseconds_are_kept() -> None:
    value = pd.Timestamp(1_714_564_800_000_000_001, unit="ns", tz="UTC")
    assert column_of([value, NOON]).cast is not None
    assert column_of([value]).cast(pa.int64()).to_pylist() == [1_714_564_800_000_000_001]


def test_missing_markers_of_pandas_are_null() -> None:
    assert column_of([pd.NA, pd.NaT, np.float64("nan"), None, "a"]).to_pylist() == [None] * 4 + [
        "a"
    ]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="several columns named 'a'"):
        to_arrow(pd.DataFrame([[1, 2]], columns=["a", "a"]))


@pytest.mark.parametrize("frame", [3, object(), {"a": 1}])
def test_what_is_no_frame_is_refused(frame: object) -> None:
    with pytest.raises(InputError, match="is not a frame"):
        to_arrow(frame)


def test_an_integer_beyond_64_bits_is_a_decimal() -> None:
    assert column_of([2**70, None]).to_pylist() == [Decimal(2**70), None]


def test_in_pandas_integers_with_nulls_stay_integers() -> None:
    table = a_table(
        n=pa.array([1, None]),
        b=pa.array([True, None]),
        i=pa.array([1, 2]),
        f=pa.array([1.5, None]),
        t=pa.array([NOON, None]),
    )
    frame = own_frame(table).to_pandas()
    assert [str(kind) for kind in frame.dtypes] == [
        "Int64",
        "boolean",
        "int64",
        "float64",
        "datetime64[us, UTC]",
    ]
    assert list(frame.columns) == table.column_names


def test_a_pandas_frame_may_have_nothing_but_nullable_columns() -> None:
    frame = own_frame(a_table(n=pa.array([1, None]))).to_pandas()
    assert frame["n"].tolist() == [1, pd.NA]


def test_pandas_and_polars_are_not_imported_unless_there() -> None:
    code = (
        "import sys, pyarrow as pa\n"
        "from skewless.offline.frames.incoming import to_arrow\n"
        "from skewless.offline.frames.own_frame import own_frame\n"
        "table = to_arrow(pa.Table.from_arrays([pa.nulls(1)], ['a']))\n"
        "own_frame(table).joined(table)\n"
        "assert 'pandas' not in sys.modules and 'polars' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})  # noqa: S603
